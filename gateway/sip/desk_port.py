"""What call flows know of the people who answer: a caller is queued with a card, a ticket tells.

`gateway.callcenter.desk.CallDesk` implements it for `gateway.ivr`; the two rooms never meet.
Not here: who gets the call (gateway.callcenter.acd) and what a flow does before and after.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from gateway.media.port import Leg, RtpPeer
from gateway.sip.calls import CloseReason
from risk.domain.enums import Language

DESK_TOKEN: Final = -1  # of everything the desk plays on a caller's leg: not the flow's to wait for


class CallerCard(NamedTuple):
    """Who is handed over: shown to the agent before the call is answered.

    An empty `queue` is the first of the desk's. `account_no` is empty when no PIN was right; what
    was keyed as an account without one is told nobody. `draft` holds what was keyed of an order
    that was not placed, by the flow's value names, as people read it ("10.05"); never a PIN. `path`
    are the names of the flow's states, in order. A higher `priority` is answered first.
    """

    call_no: str
    ani: str
    dnis: str
    queue: str
    language: Language = Language.ZH
    branch_code: str = ""
    account_no: str = ""
    is_verified: bool = False
    path: tuple[str, ...] = ()
    draft: Mapping[str, str] = {}
    priority: int = 0
    is_slow: bool = False  # elder mode: announcements are spoken slowly


class TicketEnd(enum.Enum):
    """Why a caller is no longer with the desk."""

    SERVED = "served"  # spoke with an agent, who hung up: the call goes on in its flow
    CALLER_GONE = "caller_gone"  # the caller hung up, waiting or talking
    LEFT = "left"  # the flow took the caller back (`Ticket.leave`)
    NO_AGENT = "no_agent"  # nobody who could answer is there, or no such queue
    CLOSED = "closed"  # outside the queue's hours
    FULL = "full"  # as many wait as may
    TOO_LONG = "too_long"  # nobody became free within the queue's longest wait
    DESK_STOPPED = "desk_stopped"  # the gateway is being stopped


class DeskCall(Protocol):
    """What the desk needs of a caller's call (gateway.sip.incoming.IncomingCall)."""

    call_no: str

    @property
    def peer(self) -> RtpPeer | None:
        """Where the caller's audio goes: its codec is the only one offered to the agent."""
        ...

    @property
    def is_closed(self) -> bool:
        """True once the call is over."""
        ...

    def on_closed(self, callback: Callable[[CloseReason], None]) -> None:
        """Call back once when the call is over; at once when it already is."""


class Ticket(Protocol):
    """One caller with the desk, from `enqueue` until `on_ended`, which comes exactly once.

    Until then the desk plays on the caller's leg and bridges it, and the flow must not; what the
    flow had queued there is stopped first. Keys still reach whoever opened the leg. When it has
    ended the leg is silent, unbridged, and the flow's again. Callbacks come never from within
    `enqueue` or `leave`, but in a later turn.
    """

    def on_place(self, callback: Callable[[int, int], None]) -> None:
        """Call back with place (1 is next) and expected wait in s, as the caller is told them."""

    def on_answered(self, callback: Callable[[str], None]) -> None:
        """Call back with the agent's name at every answer: twice when the first one was lost."""

    def on_ended(self, callback: Callable[[TicketEnd], None]) -> None:
        """Call back once, at once when it has ended already."""

    def leave(self) -> None:
        """Take the caller back; harmless when it has ended."""


class AgentDesk(Protocol):
    """Queues callers for people."""

    def enqueue(self, card: CallerCard, leg: Leg, call: DeskCall) -> Ticket:
        """Take over an answered call and its leg; what follows comes by the ticket."""
        ...

    def opens_ns(self, queue: str) -> int:
        """Return when a queue opens next, Unix time; 0 when it is open or unknown."""
        ...
