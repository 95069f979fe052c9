"""The fixtures that mm_actions ships, loaded here so that coverage sees the whole package being imported."""

import gc

pytest_plugins = ["mm_actions.testing.pytest_plugin"]


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests that were collected."""
    gc.collect()
    gc.freeze()
