"""The HTTP door: an ASGI application, and what it shows of itself."""
