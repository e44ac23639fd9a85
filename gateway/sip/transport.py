"""SIP over UDP with Twisted: one socket, and a limit on what one host may send (RFC 3261 §18).

Not here: parsing, and where a response goes (gateway.sip.transactions).
"""

import socket
from collections.abc import Callable
from typing import Any, Final

import structlog
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IListeningPort, IReactorTime, IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from gateway.sip import metrics
from gateway.sip.errors import SipNotSent
from gateway.sip.message import MESSAGE_BYTES_MAX
from gateway.sip.rates import Rates
from gateway.sip.settings import SipSettings
from gateway.sip.wire import UDP, Hop

log = structlog.get_logger("sip")

RECEIVE_BYTES: Final = 4 * 1024 * 1024  # as far as the system allows: a burst is not lost


def peer_limit(settings: SipSettings, clock: IReactorTime) -> Rates:
    """Return the limit of the settings; one for all transports."""
    return Rates(settings.peer_datagrams_per_s, settings.peer_datagrams_burst, clock)


class UdpTransport(DatagramProtocol):
    """The one UDP socket. `start` binds it, `listen` says who takes the messages."""

    def __init__(
        self, settings: SipSettings, clock: IReactorTime, limit: Rates | None = None
    ) -> None:
        self._settings = settings
        self._limit = limit or peer_limit(settings, clock)
        self._port: Any = None  # an IListeningPort, whose handle Twisted's stubs hide
        self._socket: socket.socket | None = None
        self._local = Hop(settings.advertised_host or settings.listen_host, 0)
        self._on_message: Callable[[bytes, Hop], None] | None = None
        self._on_lost: Callable[[], None] | None = None

    @property
    def local(self) -> Hop:
        """Host and port that peers reach us at."""
        return self._local

    def local_of(self, transport: str) -> Hop:
        """Return the same: there is one socket."""
        return self._local

    def reaches(self, hop: Hop) -> bool:
        """Return False: there are no connections."""
        return False

    def start(self, reactor: IReactorUDP, port: int | None = None) -> None:
        """Bind to the port of the settings, or this one. Raises twisted's CannotListenError."""
        self._port = reactor.listenUDP(
            self._settings.listen_port if port is None else port,
            self,
            interface=self._settings.listen_host,
            maxPacketSize=65_535,
        )
        self._socket = self._port.getHandle()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        bound = self._port.getHost()
        assert isinstance(bound, IPv4Address), f"bound to {bound}"
        self._local = self._local._replace(port=bound.port)
        log.info("sip.listening", host=self._local.host, port=self._local.port, by=UDP)

    async def stop(self) -> None:
        """Close the socket; calls that still stand are lost."""
        if self._port is not None:
            port, self._port = self._port, None
            await closed(port)

    def listen(
        self,
        on_message: Callable[[bytes, Hop], None],
        on_lost: Callable[[], None],
        on_cut: Callable[[Hop], None],
        hears: Callable[[Hop], bool],
    ) -> None:
        """Give every admitted message to `on_message`; `on_lost` when the socket ends.

        There are no connections: nothing is told to `on_cut` and nothing asked of `hears`.
        """
        self._on_message, self._on_lost = on_message, on_lost

    def send(self, data: bytes, to: Hop) -> None:
        """Send one datagram. Raises SipNotSent."""
        if to.transport != UDP:
            raise SipNotSent(f"{to.transport} to {to.host}: there is only UDP")
        if self._socket is None:
            raise SipNotSent("UDP socket is closed")
        try:  # past Twisted's write, which parses the address three times
            self._socket.sendto(data, (to[0], to[1]))
        except ConnectionRefusedError:  # of an earlier one: nobody listened there
            pass
        except OSError as e:
            raise SipNotSent(f"UDP to {to.host}:{to.port}: {e}") from e

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if not self._limit.admits(addr[0]):
            metrics.DROPPED.labels(metrics.Drop.FLOOD.value).inc()
        elif len(datagram) > MESSAGE_BYTES_MAX:
            metrics.DROPPED.labels(metrics.Drop.OVERSIZED.value).inc()
        elif self._on_message is not None:
            self._on_message(datagram, Hop(addr[0], addr[1]))

    def stopProtocol(self) -> None:
        self.transport = self._socket = None
        if self._on_lost is not None:
            self._on_lost()


async def closed(port: IListeningPort) -> None:
    """Close a port and wait until it is."""
    done = port.stopListening()
    if done is not None:
        await done
