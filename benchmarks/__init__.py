"""Speed, measured side by side: every figure is a ratio to something else in the same run."""
