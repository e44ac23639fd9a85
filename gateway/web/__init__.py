"""The web door: HTTP/JSON and WebSocket over aiohttp on the reactor's own loop."""
