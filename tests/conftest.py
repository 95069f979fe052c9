"""The fixtures that mm_actions ships, loaded here so that coverage sees the whole package being imported."""

pytest_plugins = ["mm_actions.testing.pytest_plugin"]
