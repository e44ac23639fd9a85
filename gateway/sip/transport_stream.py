"""SIP over TCP and TLS with Twisted: connections in and out, each within its limits (§18).

A connection is found again by the address of its far end, so a response and the later requests
of a call go over the one that is there. Not here: where messages go (gateway.sip.transactions).
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.sip import metrics
from gateway.sip.errors import SipNotSent
from gateway.sip.rates import Rates
from gateway.sip.settings import SipSettings
from gateway.sip.transport_frames import PONG, FrameReader
from gateway.sip.transport_tls import client_options
from gateway.sip.wire import TLS, Hop
from risk.domain.errors import ConfigError

log = structlog.get_logger("sip")

CONNECT_S_MAX: Final = 5.0
FIRST_MESSAGE_S_MAX: Final = 10.0  # with the TLS handshake
MESSAGE_S_MAX: Final = 10.0  # from its first byte to its last
CLOSE_S_MAX: Final = 2.0
SWEEP_S: Final = 1.0
UNREAD_BYTES_MAX: Final = 256 * 1024  # written for a peer that does not read
PONGS_MAX: Final = 4  # for the pings of one read


@implementer(IHandshakeListener, IPushProducer)
class SipConnection(Protocol):
    """One connection, theirs or ours."""

    transport: Any  # ITCPTransport or ISSLTransport, also IConsumer, which Twisted's stubs hide

    def __init__(self, house: "StreamTransport", hop: Hop | None) -> None:
        self.hop = hop or Hop("", 0, house.name)
        self.is_ours = hop is not None
        self.is_open = False
        self._house = house
        self._reader = FrameReader()
        self._is_choked = False
        self._unread_bytes = 0
        self._waiting: list[bytes] = []
        self._made_s = self._heard_s = self._whole_s = house.clock.seconds()
        self._has_spoken = False
        self._closing_s: float | None = None

    def connectionMade(self) -> None:
        peer = self.transport.getPeer()
        if not self.is_ours:
            self.hop = Hop(peer.host, peer.port, self._house.name)
            if not self._house.admits(self):
                metrics.DROPPED.labels(metrics.Drop.CONNECTION.value).inc()
                self.transport.abortConnection()
                return
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        self._house.made(self)
        if self._house.name != TLS:
            self._opened()

    def handshakeCompleted(self) -> None:
        """TLS is up, and the certificates are as they must be."""
        self._opened()

    def _opened(self) -> None:
        self.is_open = True
        waiting, self._waiting, self._unread_bytes = self._waiting, [], 0
        for data in waiting:
            self.send(data)

    def send(self, data: bytes) -> None:
        """Write, or keep it until the connection is up. Raises SipNotSent when it piles up."""
        if self._closing_s is not None:
            raise SipNotSent(f"{self.hop.transport} to {self.hop.host}: the connection ends")
        if self._is_choked or not self.is_open:
            self._unread_bytes += len(data)
            if self._unread_bytes > UNREAD_BYTES_MAX:
                self.abort("reads too slowly")
                raise SipNotSent(f"{self.hop.transport} to {self.hop.host}: reads too slowly")
        if self.is_open:
            self.transport.write(data)
        else:
            self._waiting.append(data)

    def dataReceived(self, data: bytes) -> None:
        reader, now_s = self._reader, self._house.clock.seconds()
        if not reader.is_amid:
            self._whole_s = now_s
        self._heard_s = now_s
        for message in reader.feed(data):
            self._has_spoken = True
            self._whole_s = now_s
            self._house.message_received(message, self.hop)
        if reader.pings:
            self.transport.write(PONG * min(reader.pings, PONGS_MAX))
            reader.pings = 0
            self._has_spoken = True
        if reader.is_lost:
            if reader.is_oversized:
                metrics.DROPPED.labels(metrics.Drop.OVERSIZED.value).inc()
            self.close()

    def close(self) -> None:
        """Take no more messages; end the connection once what is written has gone."""
        if self._closing_s is None:
            self._closing_s = self._house.clock.seconds()
            self.is_open = False
            self._house.unlisted(self)
            self.transport.unregisterProducer()  # TLS would wait for it
            self.transport.loseConnection()

    def sweep(self, now_s: float, idle_s_max: float) -> None:
        """End the connection when it is slower than a peer in good faith would be."""
        if self._closing_s is not None:
            if now_s - self._closing_s > CLOSE_S_MAX:
                self.abort("does not close")
        elif not (self.is_open and (self._has_spoken or self.is_ours)):
            if now_s - self._made_s > FIRST_MESSAGE_S_MAX:
                self.abort("said nothing")
        elif self._reader.is_amid and now_s - self._whole_s > MESSAGE_S_MAX:
            self.abort("message without an end")
        elif now_s - self._heard_s > idle_s_max:
            self.abort("idle")

    def sent(self) -> None:
        """Something was sent: it is in use."""
        self._heard_s = self._house.clock.seconds()

    def abort(self, problem: str) -> None:
        """End the connection now."""
        log.info("sip.connection_ended", peer=self.hop.host, by=self.hop.transport, problem=problem)
        self.is_open = False
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_open = False
        self._house.gone(self)
        self._house.cut(self.hop)

    def pauseProducing(self) -> None:
        """The peer reads more slowly than we write."""
        self._is_choked = True

    def resumeProducing(self) -> None:
        """It has caught up."""
        self._is_choked, self._unread_bytes = False, 0

    def stopProducing(self) -> None:
        """The connection is going."""


class StreamTransport:
    """All connections by TCP, or all by TLS."""

    def __init__(
        self,
        name: str,
        settings: SipSettings,
        clock: IReactorTime,
        limit: Rates,
        on_message: Callable[[bytes, Hop], None],
        on_cut: Callable[[Hop], None],
    ) -> None:
        self.name = name
        self.clock = clock
        self._settings = settings
        self._limit = limit
        self.hears: Callable[[Hop], bool] = lambda hop: True
        self._on_message = on_message
        self._on_cut = on_cut
        self._by_hop: dict[Hop, SipConnection] = {}
        self._all: set[SipConnection] = set()
        self._dialling: dict[Hop, list[bytes]] = {}
        self._per_host: Counter[str] = Counter()
        self._sweeping: IDelayedCall | None = None
        self._is_stopped = False
        self._closed: Deferred[None] | None = None
        self._reactor: Any = None

    def start(self, reactor: Any) -> None:
        """Connections may be made from now on."""
        self._reactor = reactor

    @property
    def factory(self) -> Factory:
        """What a listening port makes connections with."""
        return Factory.forProtocol(lambda: SipConnection(self, None))

    def admits(self, connection: SipConnection) -> bool:
        """Return False for a stranger, and when there are enough, of all or of that host."""
        host = connection.hop.host
        return (
            not self._is_stopped
            and self.hears(connection.hop)
            and len(self._all) < self._settings.connections_max
            and self._per_host[host] < self._settings.peer_connections_max
        )

    def made(self, connection: SipConnection) -> None:
        """A connection stands (TLS may still be shaking hands)."""
        self._all.add(connection)
        self._per_host[connection.hop.host] += 1
        self._by_hop[connection.hop] = connection
        for data in self._dialling.pop(connection.hop, ()):
            connection.send(data)
        if self._sweeping is None:
            self._sweeping = self.clock.callLater(SWEEP_S, self._sweep)

    def unlisted(self, connection: SipConnection) -> None:
        """The connection takes no more messages."""
        if self._by_hop.get(connection.hop) is connection:
            del self._by_hop[connection.hop]

    def gone(self, connection: SipConnection) -> None:
        """The connection is over; harmless for one that was never admitted."""
        self.unlisted(connection)
        if connection in self._all:
            self._all.discard(connection)
            self._per_host[connection.hop.host] -= 1
            if not self._per_host[connection.hop.host]:
                del self._per_host[connection.hop.host]
        if self._closed is not None and not self._all:
            closed, self._closed = self._closed, None
            closed.callback(None)

    def cut(self, hop: Hop) -> None:
        """A connection ended, or was never made."""
        if not self._is_stopped and hop.host:
            self._on_cut(hop)

    def message_received(self, data: bytes, hop: Hop) -> None:
        """Pass a message on, within what its host may send."""
        if self._limit.admits(hop.host):
            self._on_message(data, hop)
        else:
            metrics.DROPPED.labels(metrics.Drop.FLOOD.value).inc()

    def reaches(self, hop: Hop) -> bool:
        """Return True when a connection with that address is open."""
        connection = self._by_hop.get(hop)
        return connection is not None and connection.is_open

    def send(self, data: bytes, to: Hop) -> None:
        """Send over the connection there is, else over a new one. Raises SipNotSent."""
        connection = self._by_hop.get(to)
        if connection is not None:
            connection.sent()
            connection.send(data)
            return
        waiting = self._dialling.get(to)
        if waiting is not None:
            if sum(map(len, waiting)) > UNREAD_BYTES_MAX:
                raise SipNotSent(f"{self.name} to {to.host}:{to.port}: not connected yet")
            waiting.append(data)
            return
        if self._is_stopped or self._reactor is None:
            raise SipNotSent(f"{self.name} is closed")
        if len(self._all) + len(self._dialling) >= self._settings.connections_max:
            raise SipNotSent(f"{self.name} to {to.host}:{to.port}: connections_max are open")
        self._connect(to)
        self._dialling[to] = [data]

    def _connect(self, to: Hop) -> None:
        endpoint: Any = TCP4ClientEndpoint(self._reactor, to.host, to.port, timeout=CONNECT_S_MAX)
        if self.name == TLS:
            try:
                options = client_options(self._settings, to.host)
            except ConfigError as e:
                raise SipNotSent(f"TLS to {to.host}: {e}") from e
            endpoint = wrapClientTLS(options, endpoint)
        connecting = endpoint.connect(Factory.forProtocol(lambda: SipConnection(self, to)))
        connecting.addErrback(self._not_connected, to)

    def _not_connected(self, failure: Failure, to: Hop) -> None:
        self._dialling.pop(to, None)
        problem = failure.getErrorMessage()
        log.info("sip.not_connected", peer=to.host, by=self.name, problem=problem)
        self.cut(to)

    def _sweep(self) -> None:
        now_s = self.clock.seconds()
        for connection in tuple(self._all):
            connection.sweep(now_s, self._settings.connection_idle_s)
        self._sweeping = self.clock.callLater(SWEEP_S, self._sweep) if self._all else None

    def stop(self) -> Deferred[None]:
        """Close every connection; what is written already still goes, within CLOSE_S_MAX."""
        self._is_stopped = True
        closed: Deferred[None] = Deferred()
        if not self._all:
            self._stop_sweeping(None)
            closed.callback(None)
            return closed
        self._closed = closed
        for connection in tuple(self._all):
            connection.close()
        return closed.addCallback(self._stop_sweeping)

    def _stop_sweeping(self, _: None) -> None:
        if self._sweeping is not None and self._sweeping.active():
            self._sweeping.cancel()
        self._sweeping = None
