"""The web door: aiohttp's low-level server on the reactor's loop, our route table above it.

Every request passes the guard, is answered by its room and counted; whatever goes wrong becomes a
problem (gateway.web.problems). aiohttp's application layer is left out: the table dispatches, and
one coroutine does the work of its middlewares. Not here: what the rooms do.
"""

import asyncio
import itertools
import secrets
import ssl
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import NowNs
from gateway.core.tasks import Tasks
from gateway.identity.registry import Identity
from gateway.web import metrics
from gateway.web.access import AccessRoom
from gateway.web.accounts import AccountRoom
from gateway.web.asked import Asked
from gateway.web.decode import body_decoder, decode_query
from gateway.web.docs import DocsRoom
from gateway.web.guard import Guard
from gateway.web.limits import Waits
from gateway.web.orders import OrderRoom
from gateway.web.ports import Events, Heart, Reads
from gateway.web.problems import bounded
from gateway.web.reply import HSTS, Reply
from gateway.web.routes import ROUTES, Access, Dispatch, Route
from gateway.web.settings import WebSettings
from gateway.web.streams import StreamRoom
from gateway.web.wording import language_of
from risk.domain.enums import Language

log = structlog.get_logger("web")

SWEEP_S: Final = 0.1  # how late a late answer may be told
BACKLOG: Final = 1024
LINE_BYTES_MAX: Final = 4096
HEADER_BYTES_MAX: Final = 4096
LINGER_S: Final = 1.0  # to read the rest of a body we have refused


class Entry(NamedTuple):
    """A route made ready: its room's method, its decoder and its counters."""

    route: Route
    call: Callable[[Asked], Any]
    decode: Callable[[bytes], Any] | None
    seconds: Histogram
    counted: dict[int, Counter]


class WebDoor:
    """The HTTP and WebSocket port. `port` is the real one after start."""

    def __init__(
        self,
        settings: WebSettings,
        sequencer: Heart,
        queries: Reads,
        bus: Events,
        identity: Identity,
        clock: IReactorTime,
        now_ns: NowNs,
    ) -> None:
        self._settings = settings
        self._heart = sequencer
        self._reads = queries
        self._events = bus
        self._identity = identity
        self._now_ns = now_ns
        self._tasks = Tasks(clock)
        # unique over restarts without a clock; the counter keeps it short
        start = secrets.token_hex(4)
        self._trace = (f"w{start}-{n:x}" for n in itertools.count(1))
        self._server: web.Server | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._streams: StreamRoom | None = None
        self._dispatch = Dispatch(())
        self._unrouted = _entry(Route("", "", "none", Access.PUBLIC, "", {}), _nowhere)
        self.port = 0

    def start(self) -> "Deferred[None]":
        """Listen. Call with the reactor running and identity started."""
        return Deferred.fromFuture(asyncio.ensure_future(self._start()))

    def stop(self) -> "Deferred[None]":
        """Stop listening, end the streams, let requests finish for `stop_timeout_s`."""
        return Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        settings = self._settings
        self._guard = Guard(settings, self._identity.logins, loop.time)
        waits = Waits(loop, settings.reply_timeout_s, loop.time)
        accounts = AccountRoom(self._reads)
        self._streams = StreamRoom(
            settings,
            self._heart,
            self._reads,
            self._events,
            self._identity.logins,
            self._guard,
            self._now_ns,
            loop,
        )
        rooms = {
            "access": AccessRoom(self._identity, self._guard, settings.cookie_secure, self._now_ns),
            "orders": OrderRoom(self._heart, self._reads, waits),
            "accounts": accounts,
            "quotes": accounts,
            "streams": self._streams,
            "docs": DocsRoom(),
        }
        self._dispatch = Dispatch((route, _entry(route, _call(rooms, route))) for route in ROUTES)
        self._tasks.every("web.late", SWEEP_S, waits.sweep)
        self._streams.start(self._tasks)
        self._server = web.Server(
            self._handle,  # type: ignore[arg-type]  # a Reply is all that aiohttp needs of one
            access_log=None,
            keepalive_timeout=settings.idle_timeout_s,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            lingering_time=LINGER_S,
            auto_decompress=False,
        )
        self._listener = await loop.create_server(
            self._connection, settings.host, settings.port, backlog=BACKLOG, ssl=_tls(settings)
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        log.info("web.listening", host=settings.host, port=self.port)

    async def _stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._streams is not None:
            await self._streams.stop()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(self._settings.stop_timeout_s)
        self._tasks.stop()

    def _connection(self) -> asyncio.Protocol:
        assert self._server is not None
        if len(self._server.connections) >= self._settings.connections_max:
            metrics.CONNECTIONS_REFUSED.inc()
            return _Refusal()
        return self._server()

    async def _handle(self, request: web.BaseRequest) -> Reply | web.WebSocketResponse:
        started_s = asyncio.get_running_loop().time()
        trace_id = next(self._trace)
        structlog.contextvars.bind_contextvars(trace_id=trace_id)
        named = language_of(request.headers.get("Accept-Language", ""))
        asked = Asked(request, trace_id, named or Language.ZH, self._now_ns())
        asked.entry = self._unrouted
        reply = await bounded(self._routed(asked, named), asked)
        entry: Entry = asked.entry
        if isinstance(reply, Reply):
            reply.add(b"X-Request-Id: %b\r\n" % trace_id.encode())
            if self._settings.tls_cert_file:
                reply.add(HSTS)
            entry.seconds.observe(asyncio.get_running_loop().time() - started_s)
        _count(entry, reply.status)
        return reply

    async def _routed(self, asked: Asked, named: Language | None) -> Reply | web.WebSocketResponse:
        self._guard.limit_address(asked)
        request = asked.request
        path, _, _query = request.raw_path.partition("?")
        entry, asked.arg = self._dispatch.find(request.method, path)
        asked.entry = entry
        route = entry.route
        if route.access is not Access.PUBLIC:
            await self._guard.admit(asked, route.access)
            if named is None:
                asked.language = asked.login.language
        if route.query is not None:
            asked.query = decode_query(request.query, route.query)
        if entry.decode is not None:
            await self._guard.body(asked, entry.decode)
        reply: Reply | web.WebSocketResponse = await entry.call(asked)
        return reply


class _Refusal(asyncio.Protocol):
    """A connection too many: closed before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _nowhere(asked: Asked) -> Reply:
    raise AssertionError(f"no route was found for {asked.trace_id}")


def _call(rooms: dict[str, Any], route: Route) -> Callable[[Asked], Any]:
    room, _, method = route.call.partition(".")
    call: Callable[[Asked], Any] = getattr(rooms[room], method)
    return call


def _entry(route: Route, call: Callable[[Asked], Any]) -> Entry:
    decode = None if route.body is None else body_decoder(route.body)
    return Entry(route, call, decode, metrics.REQUEST_SECONDS.labels(route.call), {})


def _count(entry: Entry, status: int) -> None:
    counter = entry.counted.get(status)
    if counter is None:
        counter = entry.counted[status] = metrics.REQUESTS.labels(entry.route.call, status)
    counter.inc()


def _tls(settings: WebSettings) -> ssl.SSLContext | None:
    if not settings.tls_cert_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file or None)
    return context
