"""What the layers share: a peer's address, the transport port and RFC 3261's base timers.

Not here: sockets (gateway.sip.transport, gateway.sip.transport_stream).
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

UDP: Final = "UDP"
TCP: Final = "TCP"
TLS: Final = "TLS"


class Hop(NamedTuple):
    """Where a message came from or goes to: numeric host, port, and UDP, TCP or TLS."""

    host: str
    port: int
    transport: str = UDP

    @property
    def is_stream(self) -> bool:
        """True for TCP and TLS: what is sent arrives, or the connection ends."""
        return self.transport != UDP

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as sockets want them."""
        return self.host, self.port


class Transport(Protocol):
    """Carries messages by UDP, TCP and TLS, as the hop says."""

    @property
    def local(self) -> Hop:
        """Where peers reach us by the first transport there is."""
        ...

    def local_of(self, transport: str) -> Hop:
        """Return where peers reach us by that transport; stands in our Via and Contact."""
        ...

    def reaches(self, hop: Hop) -> bool:
        """Return True when a connection with exactly that address is open."""
        ...

    def listen(
        self,
        on_message: Callable[[bytes, Hop], None],
        on_lost: Callable[[], None],
        on_cut: Callable[[Hop], None],
        hears: Callable[[Hop], bool],
    ) -> None:
        """Give every message with its source to `on_message`.

        `on_lost` when no socket is left; `on_cut` when a connection ended or was never made.
        Where `hears` says no, a connection of theirs is ended at once.
        """

    def send(self, data: bytes, to: Hop) -> None:
        """Send one message, over the open connection if there is one. Raises SipNotSent."""


class Timers(NamedTuple):
    """RFC 3261 table 4: round trip estimate, longest interval, life of a message in the net."""

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0

    @property
    def give_up_s(self) -> float:
        """Timers B, F, H, J, L and M: 64 x T1, 32 s by default."""
        return 64 * self.t1_s


RFC_TIMERS: Final = Timers()
