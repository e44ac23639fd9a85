"""Load on a web server: logged-in connections that each ask again when they are answered.

One request in flight a connection over HTTP, `window` orders over a stream. Counts answers, checks
that every one is an acceptance, and keeps the latencies. Not here: the servers.
"""

import asyncio
import time
from typing import Final, NamedTuple, cast

import uvloop

_BODY: Final = b'{"symbol":"600519","side":"buy","qty":100,"price":"10.05"}'
_MESSAGE: Final = (
    b'{"type":"submit","request_id":"%d","symbol":"600519","side":"buy","qty":100,"price":"10.05"}'
)
_ACCEPTED: Final = b'"order_no"'
OPEN_S_MAX: Final = 20
RUN_S_MAX: Final = 120


class Measured(NamedTuple):
    """Orders a second, and seconds an order took at the median and the 99th percentile."""

    per_s: float
    p50_s: float
    p99_s: float


class _Load:
    """Shared by all connections: how much is left, and when each answer came."""

    def __init__(self, count: int, connections: int) -> None:
        self.left = count
        self.waiting = count
        self.took_s: list[float] = []
        self.key = 0
        self.done = asyncio.get_running_loop().create_future()
        self.opened = asyncio.get_running_loop().create_future()
        self._connecting = connections

    def ready(self) -> None:
        """Note that a connection is open."""
        self._connecting -= 1
        if not self._connecting:
            self.opened.set_result(None)

    def next_key(self) -> int:
        """Return a number that was not used before, 0 when nothing is left to ask."""
        if not self.left:
            return 0
        self.left -= 1
        self.key += 1
        return self.key

    def answered(self, sent_s: float, count: int = 1) -> None:
        """Note answers."""
        self.took_s += [time.perf_counter() - sent_s] * count
        self.waiting -= count
        if self.waiting <= 0 and not self.done.done():
            self.done.set_result(None)

    def failed(self, data: bytes) -> None:
        """An answer was no acceptance: the figure would mean nothing."""
        if not self.done.done():
            self.done.set_exception(AssertionError(f"no acceptance: {data[:600]!r}"))


class _Requests(asyncio.Protocol):
    """One HTTP connection, one request in flight."""

    def __init__(self, load: _Load, token: str, run: str) -> None:
        self._load = load
        self._head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n"
            f"Idempotency-Key: {run}-"
        ).encode()
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._load.ready()

    def start(self) -> None:
        """Ask for the first time."""
        self._ask()

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        if not head.startswith(b"HTTP/1.1 201 ") or _ACCEPTED not in body:
            self._load.failed(self._data)
        self._data = b""
        self._load.answered(self._sent_s)
        self._ask()

    def _ask(self) -> None:
        key = self._load.next_key()
        if key:
            self._sent_s = time.perf_counter()
            self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, key, _BODY))


class _Messages(asyncio.Protocol):
    """One stream, `window` orders in flight, each in a frame of its own."""

    def __init__(self, load: _Load, token: str, window: int, first_key: int) -> None:
        self._load = load
        self._token = token
        self._window = window
        self._first_key = first_key
        self._is_open = False
        self._sent_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._transport.write(
            b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer %b\r\n\r\n" % self._token.encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            if not data.startswith(b"HTTP/1.1 101 "):
                self._load.failed(data)
            self._is_open = True
            self._load.ready()
            return
        if b'"problem"' in data or b'"unknown"' in data:
            self._load.failed(data)
        count = data.count(_ACCEPTED)
        for sent_s in self._sent_s[:count]:
            self._load.answered(sent_s)
        del self._sent_s[:count]
        self._ask(count)

    def start(self) -> None:
        """Ask for the first time."""
        self._ask(self._window)

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def _ask(self, count: int) -> None:
        frames = []
        for _ in range(count):
            key = self._load.next_key()
            if not key:
                break
            message = _MESSAGE % (self._first_key + key)
            frames.append(b"\x81%c\0\0\0\0%b" % (0x80 | len(message), message))
            self._sent_s.append(time.perf_counter())
        if frames:
            self._transport.write(b"".join(frames))


def measure(port: int, tokens: list[str], count: int, window: int, run: int) -> Measured:
    """Ask `count` orders over one connection a token; `window` 0 is HTTP, else streams."""

    async def go() -> Measured:
        loop, load = asyncio.get_running_loop(), _Load(count, len(tokens))
        made: list[_Requests | _Messages] = []
        for token in tokens:
            if window:
                made.append(_Messages(load, token, window, run * 10**7))
            else:
                made.append(_Requests(load, token, str(run)))
            await loop.create_connection(lambda: made[-1], "127.0.0.1", port)
        await asyncio.wait_for(load.opened, OPEN_S_MAX)
        started_s = time.perf_counter()
        for one in made:
            one.start()
        await asyncio.wait_for(load.done, RUN_S_MAX)
        took_s = time.perf_counter() - started_s
        for one in made:
            one.close()
        ordered = sorted(load.took_s)
        return Measured(
            count / took_s, ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        )

    return uvloop.run(go())
