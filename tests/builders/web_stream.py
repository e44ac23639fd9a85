"""A client's side of a stream, for tests: messages one by one, whatever frames they came in."""

import json
from typing import Any

import aiohttp

from tests.builders.web import Client

ORDER = {"type": "submit", "symbol": "600519", "side": "buy", "qty": 100, "price": "10.05"}


class Socket:
    """One stream: messages one by one, whatever frames they came in."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.waiting: list[dict[str, Any]] = []

    async def say(self, *messages: dict[str, Any]) -> None:
        """Send one message, or several in one frame."""
        await self.ws.send_str(json.dumps(messages[0] if len(messages) == 1 else messages))

    async def hear(self) -> dict[str, Any]:
        """Return the next message."""
        while not self.waiting:
            frame = await self.ws.receive(timeout=5)
            assert frame.type is aiohttp.WSMsgType.TEXT, frame
            self.waiting = json.loads(frame.data)
        return self.waiting.pop(0)

    async def hear_types(self, count: int) -> list[str]:
        """Return the types of the next messages."""
        return [(await self.hear())["type"] for _ in range(count)]

    async def closed(self) -> int | None:
        """Return the code of the close frame, after whatever was said before it."""
        while True:
            frame = await self.ws.receive(timeout=5)
            if frame.type is aiohttp.WSMsgType.CLOSE:
                return int(frame.data)
            assert frame.type is aiohttp.WSMsgType.TEXT, frame


async def opened(client: Client, **headers: str) -> Socket:
    """Open a stream."""
    return Socket(await client.session.ws_connect("/v1/stream", headers=headers))
