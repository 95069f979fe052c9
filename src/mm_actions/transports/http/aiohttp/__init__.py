"""The engine on aiohttp, an extra."""
