"""The servers that are measured, each with one trivial action, each started as a process of its own."""
