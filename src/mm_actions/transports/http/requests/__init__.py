"""The engine on requests, an extra."""
