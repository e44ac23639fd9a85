"""All ways signalling comes and goes: UDP, TCP on the same port number, and TLS.

Not here: each of them (gateway.sip.transport, gateway.sip.transport_stream), the choice of one
for a message (gateway.sip.transactions).
"""

from collections.abc import Callable
from typing import Any, Final

import structlog
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IReactorTime

from gateway.sip.settings import SipSettings
from gateway.sip.transport import UdpTransport, closed, peer_limit
from gateway.sip.transport_stream import StreamTransport
from gateway.sip.transport_tls import server_options
from gateway.sip.wire import TCP, TLS, UDP, Hop

log = structlog.get_logger("sip")

PORT_TRIES_MAX: Final = 20


class Transports:
    """UDP, TCP and TLS as one `gateway.sip.wire.Transport`.

    TLS is listened for when the settings name a certificate, TCP when they say so; connections
    of ours can be made by both in any case.
    """

    def __init__(self, settings: SipSettings, clock: IReactorTime) -> None:
        self._settings = settings
        self._on_message: Callable[[bytes, Hop], None] | None = None
        self._on_cut: Callable[[Hop], None] | None = None
        limit = peer_limit(settings, clock)
        self._udp = UdpTransport(settings, clock, limit)
        self._streams = {
            name: StreamTransport(name, settings, clock, limit, self._message_received, self._cut)
            for name in (TCP, TLS)
        }
        self._ports: list[IListeningPort] = []
        self._locals: dict[str, Hop] = {}

    @property
    def local(self) -> Hop:
        """Where peers reach us by UDP."""
        return self._udp.local

    def local_of(self, transport: str) -> Hop:
        """Return where peers reach us by that transport.

        Without a listening socket it is the address of UDP: over the connection they reach us.
        """
        if transport == UDP:
            return self._udp.local
        return self._locals.get(transport) or self._udp.local._replace(transport=transport)

    def reaches(self, hop: Hop) -> bool:
        """Return True when a connection with exactly that address is open."""
        stream = self._streams.get(hop.transport)
        return stream is not None and stream.reaches(hop)

    def listen(
        self,
        on_message: Callable[[bytes, Hop], None],
        on_lost: Callable[[], None],
        on_cut: Callable[[Hop], None],
        hears: Callable[[Hop], bool],
    ) -> None:
        """Give every admitted message to `on_message`; `on_lost` when the UDP socket ends."""
        self._on_message, self._on_cut = on_message, on_cut
        for stream in self._streams.values():
            stream.hears = hears
        self._udp.listen(on_message, on_lost, on_cut, hears)

    def start(self, reactor: Any) -> None:
        """Bind all sockets. Raises twisted's CannotListenError, and ConfigError for TLS files."""
        settings = self._settings
        tls_options = server_options(settings) if settings.tls_certificate_file else None
        for stream in self._streams.values():
            stream.start(reactor)
        self._start_udp_and_tcp(reactor)
        if tls_options is not None:
            port = reactor.listenSSL(
                settings.tls_port,
                self._streams[TLS].factory,
                tls_options,
                interface=settings.listen_host,
            )
            self._listens(TLS, port)

    def _start_udp_and_tcp(self, reactor: Any) -> None:
        """Bind both to one number; one that is free for TCP may be taken for UDP, then again."""
        settings = self._settings
        if not settings.listens_tcp:
            self._udp.start(reactor)
            return
        factory = self._streams[TCP].factory
        for tries_left in reversed(range(1 if settings.listen_port else PORT_TRIES_MAX)):
            port = reactor.listenTCP(settings.listen_port, factory, interface=settings.listen_host)
            try:
                self._udp.start(reactor, port.getHost().port)
            except CannotListenError:
                port.stopListening()
                if not tries_left:
                    raise
            else:
                self._listens(TCP, port)
                return

    def _listens(self, name: str, port: IListeningPort) -> None:
        self._ports.append(port)
        bound: Any = port.getHost()
        self._locals[name] = Hop(self._udp.local.host, bound.port, name)
        log.info("sip.listening", host=self._udp.local.host, port=bound.port, by=name)

    async def stop(self) -> None:
        """Close all sockets; calls that still stand are lost."""
        for port in self._ports:
            await closed(port)
        self._ports.clear()
        for stream in self._streams.values():
            await stream.stop()
        await self._udp.stop()

    def send(self, data: bytes, to: Hop) -> None:
        """Send one message the way the hop says. Raises SipNotSent."""
        if to.transport == UDP:
            self._udp.send(data, to)
        else:
            self._streams[to.transport].send(data, to)

    def _message_received(self, data: bytes, source: Hop) -> None:
        if self._on_message is not None:
            self._on_message(data, source)

    def _cut(self, hop: Hop) -> None:
        if self._on_cut is not None:
            self._on_cut(hop)
