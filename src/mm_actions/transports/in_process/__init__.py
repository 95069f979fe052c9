"""Actions of a Python module, run in this process, without a server."""
