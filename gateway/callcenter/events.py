"""What happened at the desk, for records, the desk page and figures: values, told in order.

`at_ns` is Unix time. Every call that was queued leaves the queue exactly once. Not here: the
journal; these are not trading events, and a restart begins without them.
"""

import enum
import functools
from collections.abc import Callable
from typing import NamedTuple

from gateway.sip.boundary import contained
from gateway.sip.desk_port import CallerCard, TicketEnd


class AgentState(enum.Enum):
    """What an agent is doing; derived from facts, so nobody can forget to set it."""

    OFFLINE = "offline"  # the phone is not registered
    AWAY = "away"  # on a break, or passed by after missed rings
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"  # after a call
    RESTING = "resting"  # let alone for a moment: busy, not reached, or a ring was cancelled


class RingEnd(enum.Enum):
    """Why a ring came to nothing."""

    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    NO_MEDIA = "no_media"
    STOPPED = "stopped"  # the caller left, or the agent went away


class TalkEnd(enum.Enum):
    """Why an agent's part in a call is over."""

    AGENT_HUNG_UP = "agent_hung_up"
    CALLER_GONE = "caller_gone"
    TRANSFERRED = "transferred"
    LINK_LOST = "link_lost"
    TAKEN_BACK = "taken_back"
    DESK_STOPPED = "desk_stopped"


class CallQueued(NamedTuple):
    """A caller waits; `place` counts from 1, the next to be answered."""

    at_ns: int
    call_no: str
    queue: str
    place: int


class CallTurnedAway(NamedTuple):
    """A caller was not queued: closed, full, nobody there."""

    at_ns: int
    call_no: str
    queue: str
    end: TicketEnd


class AgentRung(NamedTuple):
    """An agent's phone rings for a caller who has waited `wait_ms`."""

    at_ns: int
    call_no: str
    queue: str
    agent: str
    wait_ms: int


class RingEnded(NamedTuple):
    """It rings no more, unanswered."""

    at_ns: int
    call_no: str
    queue: str
    agent: str
    why: RingEnd


class AgentConnected(NamedTuple):
    """Caller and agent hear each other; `is_first` unless an earlier agent had the call."""

    at_ns: int
    call_no: str
    queue: str
    agent: str
    wait_ms: int
    is_first: bool


class AgentHeld(NamedTuple):
    """The agent put the caller on hold, or took the caller off it."""

    at_ns: int
    call_no: str
    queue: str
    agent: str
    is_held: bool


class AgentEnded(NamedTuple):
    """An agent's part in a call is over; `talk_ms` includes `held_ms`."""

    at_ns: int
    call_no: str
    queue: str
    agent: str
    talk_ms: int
    held_ms: int
    why: TalkEnd


class CallReturned(NamedTuple):
    """The caller waits again, at the head of `queue`: passed on, or the agent's link was lost."""

    at_ns: int
    call_no: str
    queue: str
    why: TalkEnd


class CallLeftQueue(NamedTuple):
    """The desk is done with a queued caller; `wait_ms` is until the first answer, or until now.

    `was_waiting` unless an agent had the caller at the end.
    """

    at_ns: int
    call_no: str
    queue: str
    wait_ms: int
    end: TicketEnd
    was_answered: bool
    was_waiting: bool


class AgentChanged(NamedTuple):
    """An agent's state is another one."""

    at_ns: int
    agent: str
    state: AgentState
    before: AgentState


class CallerShown(NamedTuple):
    """An agent is rung for this caller: all that the desk page shows."""

    at_ns: int
    agent: str
    card: CallerCard


DeskEvent = (
    CallQueued
    | CallTurnedAway
    | AgentRung
    | RingEnded
    | AgentConnected
    | AgentHeld
    | AgentEnded
    | CallReturned
    | CallLeftQueue
    | AgentChanged
    | CallerShown
)
Take = Callable[[DeskEvent], None]


class DeskBus:
    """Tells every event to every subscriber, in order; a bug of one costs the others nothing."""

    def __init__(self) -> None:
        self._takes: list[Take] = []

    def subscribe(self, take: Take) -> None:
        """Call `take` with every later event."""
        self._takes.append(take)

    def publish(self, event: DeskEvent) -> None:
        """Tell one event."""
        for take in self._takes:
            contained("callcenter.subscriber_failed", functools.partial(take, event))
