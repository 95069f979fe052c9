"""Serving on uvicorn, in one process or in several, until a signal."""
