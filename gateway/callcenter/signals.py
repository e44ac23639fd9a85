"""What goes into the ACD machine and what comes out: inputs, timers and effects, as values.

An attempt is one ringing of one agent's phone for one call, and the talk that follows; its number
is never used again, so a late word about it harms nobody. Not here: events (gateway.callcenter.
events), which the machine gives among its effects.
"""

import enum
from typing import NamedTuple

from gateway.callcenter.events import DeskEvent, RingEnd
from gateway.sip.desk_port import TicketEnd
from risk.domain.enums import Language


class TimerKind(enum.Enum):
    """What a timer is for; the first three belong to a call, the last to an agent."""

    WAIT = "wait"
    PLACE = "place"
    RING = "ring"
    REST = "rest"


CALL_TIMERS = (TimerKind.WAIT, TimerKind.PLACE, TimerKind.RING)


class TimerKey(NamedTuple):
    """A timer, by kind and the call_no or agent it belongs to: one of each at most."""

    kind: TimerKind
    owner: str


# --- inputs ---


class Arrived(NamedTuple):
    """A caller wants a person. `is_open` says whether the queue is at this hour."""

    call_no: str
    queue: str
    language: Language = Language.ZH
    branch_code: str = ""
    priority: int = 0
    is_open: bool = True


class CallerGone(NamedTuple):
    """The caller hung up."""

    call_no: str


class TakenBack(NamedTuple):
    """The call flow took the caller back."""

    call_no: str


class SignedOn(NamedTuple):
    """The agent's phone is registered."""

    agent: str


class SignedOff(NamedTuple):
    """It no longer is: removed or expired."""

    agent: str


class WentReady(NamedTuple):
    """The agent wants calls; ends a break and a wrap-up."""

    agent: str


class WentAway(NamedTuple):
    """The agent wants none."""

    agent: str


class Answered(NamedTuple):
    """The agent took the call."""

    attempt_no: int


class NotAnswered(NamedTuple):
    """The phone will not be answered."""

    attempt_no: int
    why: RingEnd


class AgentHungUp(NamedTuple):
    """The agent ended the call."""

    attempt_no: int


class LinkLost(NamedTuple):
    """The way to the agent's phone is gone: no sound, no signalling, no media."""

    attempt_no: int


class HoldChanged(NamedTuple):
    """The agent put the caller on hold or took the caller off it."""

    attempt_no: int
    is_held: bool


class TransferAsked(NamedTuple):
    """The agent wants to pass the caller on, to the queue or agent of this number."""

    attempt_no: int
    number: str
    is_open: bool = True


class TimerFired(NamedTuple):
    """A timer that was started and not stopped is over."""

    key: TimerKey


class DeskStopped(NamedTuple):
    """The gateway is being stopped: everything ends."""


Input = (
    Arrived
    | CallerGone
    | TakenBack
    | SignedOn
    | SignedOff
    | WentReady
    | WentAway
    | Answered
    | NotAnswered
    | AgentHungUp
    | LinkLost
    | HoldChanged
    | TransferAsked
    | TimerFired
    | DeskStopped
)


# --- effects ---


class Ring(NamedTuple):
    """Call the agent's phone for this caller."""

    attempt_no: int
    agent: str
    call_no: str


class Release(NamedTuple):
    """End an attempt, ringing or answered; harmless when it has ended."""

    attempt_no: int


class Connect(NamedTuple):
    """Let caller and agent hear each other."""

    attempt_no: int
    call_no: str


class PlayMusic(NamedTuple):
    """Part the caller from any agent and play music; with an apology in front when asked."""

    call_no: str
    with_apology: bool = False


class SayPlace(NamedTuple):
    """Tell the caller the place, 1 is next, and the expected wait."""

    call_no: str
    place: int
    wait_s: int


class TransferAnswered(NamedTuple):
    """Tell the agent's phone whether the caller is passed on."""

    attempt_no: int
    is_taken: bool


class EndTicket(NamedTuple):
    """The desk is done with the caller: silence, and back to the flow."""

    call_no: str
    end: TicketEnd


class StartTimer(NamedTuple):
    """Give `TimerFired` after so long; in place of one with the same key."""

    key: TimerKey
    after_s: float


class StopTimer(NamedTuple):
    """Forget a timer."""

    key: TimerKey


Effect = (
    Ring
    | Release
    | Connect
    | PlayMusic
    | SayPlace
    | TransferAnswered
    | EndTicket
    | StartTimer
    | StopTimer
    | DeskEvent
)
