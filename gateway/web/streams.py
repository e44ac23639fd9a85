"""All open streams: opening and closing them, and bringing them events and quotes.

Not here: what one stream takes and says (gateway.web.stream).
"""

import asyncio
from collections import defaultdict
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from gateway.core.bus import Numbered
from gateway.core.ports import NowNs
from gateway.core.tasks import Tasks
from gateway.identity.logins import Login, Logins
from gateway.web import messages as m
from gateway.web import metrics
from gateway.web.accounts import own_quote
from gateway.web.asked import Asked
from gateway.web.guard import Guard
from gateway.web.limits import FairTurns
from gateway.web.ports import Events, Heart, Reads
from gateway.web.problems import Kind, Problem
from gateway.web.settings import WebSettings
from gateway.web.stream import Stream, Surroundings
from risk.book.prices import Quote
from risk.domain.errors import TemporaryFailure
from risk.domain.events import DayStarted

log = structlog.get_logger("web")

CLOSE_S: Final = 2.0  # to wait for the other side's close frame
GOING_AWAY: Final = 1001
LOGIN_ENDED: Final = 4401
SWEEP_S: Final = 0.1
LOGINS_S: Final = 1.0
QUOTE_SLICES: Final = 5  # a turn looks at this part of the watched symbols


class StreamRoom:
    """`streams.*` of the route table."""

    def __init__(
        self,
        settings: WebSettings,
        heart: Heart,
        reads: Reads,
        events: Events,
        logins: Logins,
        guard: Guard,
        now_ns: NowNs,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._settings = settings
        self._logins = logins
        self._guard = guard
        turns = FairTurns(loop)
        self._around = Surroundings(
            settings, heart, reads, events, guard.per_login, turns, now_ns, loop
        )
        self._sockets: dict[Stream, web.WebSocketResponse] = {}
        self._of_account: defaultdict[str, set[Stream]] = defaultdict(set)
        self._told: dict[str, Quote] = {}
        self._slice = 0
        self._closing: dict[Stream, asyncio.Task[bool]] = {}
        self._unsubscribe = events.subscribe("web.streams", self._take)

    def start(self, tasks: Tasks) -> None:
        """Begin the timers."""
        self._logins.on_end.append(self._login_ended)
        tasks.every("web.streams.late", SWEEP_S, self._sweep)
        tasks.every("web.streams.logins", LOGINS_S, self._check_logins)
        interval_s = self._settings.quote_interval_ms / 1000
        tasks.every("web.streams.quotes", interval_s / QUOTE_SLICES, self._tell_quotes)

    async def stop(self) -> None:
        """Close all streams and wait a little for the other sides."""
        self._unsubscribe()
        self._logins.on_end.remove(self._login_ended)
        for stream in list(self._sockets):
            self._close(stream, GOING_AWAY, "the gateway stops")
        if self._closing:
            await asyncio.wait(self._closing.values(), timeout=CLOSE_S)

    async def open(self, asked: Asked) -> web.WebSocketResponse:
        """Serve a stream until it ends."""
        login, request = asked.login, asked.request
        self._guard.check_origin(asked)
        if (
            len(self._sockets) >= self._settings.streams_max
            or len(self._of_account.get(login.account_no, ()))
            >= self._settings.streams_per_account_max
        ):
            raise Problem(Kind.TOO_MANY_STREAMS)
        socket = web.WebSocketResponse(
            timeout=CLOSE_S,
            heartbeat=self._settings.ping_interval_s,
            compress=False,
            max_msg_size=self._settings.stream_message_bytes_max,
            decode_text=False,
        )
        if not socket.can_prepare(request):
            raise Problem(
                Kind.NOT_VALID,
                field="Upgrade",
                value=request.headers.get("Upgrade"),
                remedy="open a WebSocket (RFC 6455) here",
            )
        socket.headers["X-Request-Id"] = asked.trace_id
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the asker left before the stream began")
        stream = Stream(self._around, login, asked.language, asked.trace_id, transport, self._close)
        self._sockets[stream] = socket
        self._of_account[login.account_no].add(stream)
        metrics.STREAMS.inc()
        log.info("stream.opened", account_no=login.account_no)
        try:
            await self._receive(stream, socket)
        finally:
            self._forget(stream)
            log.info("stream.ended", account_no=login.account_no, code=socket.close_code)
        return socket

    async def _receive(self, stream: Stream, socket: web.WebSocketResponse) -> None:
        use = self._logins.use
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                self._close(stream, 1003, "text frames only")
            elif use(stream.login):
                stream.take(message.data)

    def _take(self, numbered: Numbered) -> None:
        """Bring durable events to the streams of their accounts."""
        of_account = self._of_account
        for _, event in numbered:
            account_no = getattr(event, "account_no", None)
            if account_no is None:
                if type(event) is DayStarted:
                    for stream in self._sockets:
                        stream.begin_anew()
            elif account_no in of_account:
                for stream in of_account[account_no]:
                    stream.note(event)

    def _tell_quotes(self) -> None:
        """Bring new prices of a part of the watched symbols to who watches them."""
        watching: defaultdict[str, list[Stream]] = defaultdict(list)
        for stream in self._sockets:
            for symbol in stream.watch.symbols:
                watching[symbol].append(stream)
        self._slice = (self._slice + 1) % QUOTE_SLICES
        for gone in self._told.keys() - watching.keys():
            del self._told[gone]
        for symbol, streams in watching.items():
            if int(symbol) % QUOTE_SLICES == self._slice:
                self._tell_quote(symbol, streams)

    def _tell_quote(self, symbol: str, streams: list[Stream]) -> None:
        try:
            quote = self._around.reads.quote(symbol)
        except TemporaryFailure:  # the heart stopped: nothing to tell any more
            return
        if quote is None or quote == self._told.get(symbol):
            return
        self._told[symbol] = quote
        answer = own_quote(self._around.reads, symbol)
        for stream in streams:
            stream.tell_quote(lambda n: m.QuoteChanged(n, answer))

    def _sweep(self) -> None:
        now_s = self._around.loop.time()
        for stream in self._sockets:
            stream.tell_late(now_s)

    def _check_logins(self) -> None:
        for stream in list(self._sockets):
            if not self._logins.is_live(stream.login):
                self._close(stream, LOGIN_ENDED, "the login ended")

    def _login_ended(self, login: Login) -> None:
        for stream in list(self._of_account.get(login.account_no, ())):
            if stream.login is login:
                self._close(stream, LOGIN_ENDED, "the login ended")

    def _close(self, stream: Stream, code: int, why: str) -> None:
        """End a stream with a close frame; with code 0 at once, for it does not read."""
        socket = self._sockets.get(stream)
        if socket is None or stream.is_over:
            return
        stream.end()
        metrics.STREAMS_ENDED.labels(str(code) if code else "slow").inc()
        log.info("stream.closed", account_no=stream.login.account_no, code=code, why=why)
        if not code:
            stream.cut()
            return
        closing = asyncio.ensure_future(socket.close(code=code, message=why.encode()))
        self._closing[stream] = closing
        closing.add_done_callback(lambda _: self._closing.pop(stream, None))

    def _forget(self, stream: Stream) -> None:
        stream.end()
        if self._sockets.pop(stream, None) is not None:
            metrics.STREAMS.dec()
        streams = self._of_account[stream.login.account_no]
        streams.discard(stream)
        if not streams:
            del self._of_account[stream.login.account_no]
