"""What the layers share: a peer's address, the transport port and RFC 3261's base timers.

Not here: the UDP transport itself (gateway.sip.transport).
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol


class Hop(NamedTuple):
    """Where a message came from or goes to: numeric host and port of the transport in use."""

    host: str
    port: int


class Transport(Protocol):
    """Carries messages. A reliable one (TCP, TLS) needs no retransmission by transactions."""

    @property
    def name(self) -> str:
        """The name in a Via: UDP, TCP or TLS."""
        ...

    @property
    def is_reliable(self) -> bool:
        """True when what is sent arrives, or `send` and `on_lost` tell."""
        ...

    @property
    def local(self) -> Hop:
        """Host and port that peers reach us at; stands in our Via and Contact."""
        ...

    def listen(self, on_message: Callable[[bytes, Hop], None], on_lost: Callable[[], None]) -> None:
        """Give every message with its source to `on_message`; `on_lost` when the socket ends."""

    def send(self, data: bytes, to: Hop) -> None:
        """Send one message. Raises SipNotSent."""


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
