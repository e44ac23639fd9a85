"""Limits of a stream: slow readers, counts, late outcomes; and quotes at their interval."""

import asyncio
import json
from typing import Any, ClassVar

import aiohttp
import pytest
from prometheus_client import REGISTRY
from twisted.internet.defer import Deferred

from tests.builders.web import A, B, WebCase, on_loop
from tests.builders.web_stream import ORDER, opened


class QuoteStreamTests(WebCase):
    web: ClassVar[dict[str, Any]] = {"quote_interval_ms": 20}

    @on_loop
    async def test_quotes_of_watched_symbols_follow_the_market(self) -> None:
        stream = await opened(await self.client(A))
        await stream.say({"type": "subscribe", "symbols": ["600519"]})
        snapshot = await stream.hear()
        self.rig.tick("000001", 1, 2, 3)
        self.rig.tick("600519", 99_900, 100_100, 100_000)
        first = await stream.hear()
        self.rig.tick("600519", 99_900, 100_100, 100_100)
        second = await stream.hear()

        assert snapshot["quotes"][0]["last"] == ""
        assert (first["quote"]["symbol"], first["quote"]["last"]) == ("600519", "10.00")
        assert second["quote"]["last"] == "10.01"
        assert [snapshot["n"], first["n"], second["n"]] == [1, 2, 3]


class NarrowStreamTests(WebCase):
    web: ClassVar[dict[str, Any]] = {
        "requests_per_login_s": 1e6,
        "requests_per_login_burst": 1_000_000,
        "stream_buffer_bytes_max": 4096,
        "streams_per_account_max": 2,
        "stream_orders_max": 3,
        "reply_timeout_s": 0.2,
        "stream_symbols_max": 1,
    }

    @on_loop
    async def test_a_slow_reader_is_cut_and_others_notice_nothing(self) -> None:
        slow, other = await self.client(A), await self.client(B)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.rig.door.port, limit=1024)
        writer.write(
            b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + f"Authorization: {slow.session.headers['Authorization']}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        ping = json.dumps([{"type": "ping", "id": "x" * 60}] * 64).encode()
        frame = b"\x81\xfe" + len(ping).to_bytes(2, "big") + b"\0\0\0\0" + ping
        sent = 0
        try:
            while sent < 100_000:  # never reads
                writer.write(frame)
                await asyncio.wait_for(writer.drain(), 5)
                await asyncio.sleep(0)
                sent += 1
        except ConnectionError:
            pass
        stream = await opened(other)
        await stream.say({"type": "ping"})

        assert sent < 100_000
        assert REGISTRY.get_sample_value("hotline_web_streams_ended_total", {"why": "slow"}) == 1
        assert await stream.hear_types(1) == ["pong"]
        writer.transport.abort()

    @on_loop
    async def test_streams_and_symbols_have_limits(self) -> None:
        client = await self.client(A)
        first, _ = await opened(client), await opened(client)
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await opened(client)
        await first.say({"type": "subscribe", "symbols": ["600519", "000001"]})
        await first.say({"type": "subscribe", "symbols": ["999999"]})

        assert caught.value.status == 429
        assert (await first.hear())["problem"]["value"] == "2 symbols"
        assert (await first.hear())["problem"]["value"] == "999999"
        await first.ws.close()
        await asyncio.sleep(0.05)
        await opened(client)

    @on_loop
    async def test_a_late_outcome_is_unknown_first_and_told_when_it_comes(self) -> None:
        client = await self.client(A, Accept_Language="en")
        stream = await opened(client)
        hold = self.rig.heart.sequencer._journal
        self.rig.heart.sequencer._journal = _Stalled()
        await stream.say(*({**ORDER, "request_id": f"r{n}"} for n in range(4)))
        heard = [await stream.hear() for _ in range(4)]
        late = await client.order("http")
        self.rig.heart.sequencer._journal.go_on(hold)
        outcomes = [await stream.hear() for _ in range(3)]

        assert heard[0]["problem"]["type"] == "/v1/docs#problem-busy"
        assert heard[0]["request_id"] == "r3"
        assert [one["type"] for one in heard[1:]] == ["unknown"] * 3
        assert [one["type"] for one in outcomes] == ["accepted"] * 3
        assert late[0] == 202
        assert late[1]["ask_again"] == "/v1/requests/http"
        assert (await client.ask("GET", "/v1/requests/http"))[0] == 201


class _Stalled:
    """A journal whose disk takes its time; then hands on what it held."""

    has_room = True

    def __init__(self) -> None:
        self.held: list[Any] = []

    def append(self, batch: Any) -> Any:
        durable: Deferred[None] = Deferred()
        self.held.append((batch, durable))
        return durable

    def go_on(self, journal: Any) -> None:
        for batch, durable in self.held:
            journal.append(batch).chainDeferred(durable)
        self.append = journal.append  # type: ignore[method-assign]
