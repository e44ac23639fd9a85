"""What one call knows at one moment, and what may happen to it. Values only.

Not here: how one moment follows another (gateway.ivr.interpreter).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.ivr.entry import CHINA, KeyProfile
from gateway.ivr.wishes import Action
from risk.domain.enums import Language

TYPE_AHEAD_MAX: Final = 64


class Phase(enum.Enum):
    """What the call does in its state."""

    HEARS = "hears"  # a prompt that keys do not skip
    ASKED = "asked"  # a prompt that a key skips, or silence after it
    WAITS = "waits"  # for the outcome of an action
    QUEUED = "queued"  # for a person
    TALKS = "talks"  # with one
    ENDED = "ended"


class Key(NamedTuple):
    """A key was pressed."""

    key: str
    at_ns: int = 0

    def __repr__(self) -> str:
        """Hide the key."""
        return "Key('?')"


@dataclass(frozen=True, slots=True)
class Visit:
    """One call in its flow. Keys and secrets are kept out of its repr."""

    state: str
    profile: KeyProfile = CHINA
    phase: Phase = Phase.HEARS
    language: Language = Language.ZH
    is_elder: bool = False  # slower, and time-outs do not end the call
    is_query_only: bool = False  # may ask, may change nothing
    values: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets_from: str = ""  # the state that collected the first of them
    keys: str = field(default="", repr=False)  # of the entry under way
    type_ahead: tuple[Key, ...] = field(default=(), repr=False)  # pressed before they were asked
    skips_hash: bool = False  # the last entry ended by length: its `#` may still come
    is_secure: bool = False  # what is keyed now may be a secret
    place: int = 0  # of the first item of this page, or of this notice
    tries: int = 0  # used in this state
    silences: int = 0  # time-outs since the last key
    is_warned: bool = False  # that time runs out
    failed: Mapping[str, int] = field(default_factory=dict)  # tries used of Do states
    play_no: int = 0
    timer_no: int = 0
    is_playing: bool = False
    read_back: Mapping[str, object] | None = None  # the values of the read-back just heard
    confirmed: Action | None = None  # by the caller, for these values
    act_count: int = 0  # acting actions confirmed so far
    resume: str = ""  # where `0` was pressed


class Started(NamedTuple):
    """The call is answered."""


class PlayEnded(NamedTuple):
    """The prompts of this `Play` have been heard."""

    play_no: int


class TimedOut(NamedTuple):
    """This timer has run out."""

    timer_no: int


class Outcome(NamedTuple):
    """An action has an outcome, with values for prompts to come."""

    action: Action
    name: str
    values: Mapping[str, object]


class PersonAnswered(NamedTuple):
    """Somebody talks to the caller now."""


class Parting(enum.Enum):
    """How a caller comes back from the queue or from a person."""

    SERVED = "served"
    NO_AGENT = "no_agent"
    QUEUE_LEFT = "queue_left"


class PersonLeft(NamedTuple):
    """The caller is with the flow again."""

    parting: Parting


class HungUp(NamedTuple):
    """The caller has gone, or the line."""


Input = Started | Key | PlayEnded | TimedOut | Outcome | PersonAnswered | PersonLeft | HungUp


class Prompt(NamedTuple):
    """One prompt to play: its key, values for its slots and the language."""

    key: str
    values: Mapping[str, object]
    language: Language


class Play(NamedTuple):
    """Play these, then give `PlayEnded(play_no)`."""

    prompts: tuple[Prompt, ...]
    play_no: int


class StopPlay(NamedTuple):
    """Silence."""


class Wait(enum.Enum):
    """How long to wait for a key."""

    FIRST = "first"
    NEXT = "next"
    NEXT_OF_ORDER = "next_of_order"
    LAST = "last"  # after the warning


class StartTimer(NamedTuple):
    """Give `TimedOut(timer_no)` after a while; replaces an earlier timer."""

    wait: Wait
    timer_no: int


def request_id_of(call_no: str, act_no: int) -> str:
    """Return the request_id of the nth confirmed action of a call."""
    return f"phone:{call_no}:{act_no}"


class Perform(NamedTuple):
    """Carry out an action, then give its `Outcome`.

    `act_no` counts the confirmed actions of the call from 1; `at_ns` is when its key was pressed.
    """

    action: Action
    values: Mapping[str, object]
    secrets: Mapping[str, str]
    act_no: int
    at_ns: int

    def request_id(self, call_no: str) -> str:
        """Return the request_id of a confirmed action: sending it twice does it once."""
        return request_id_of(call_no, self.act_no)

    def __repr__(self) -> str:
        """Hide the secrets."""
        return f"Perform({self.action.name}, act_no={self.act_no})"


class Enqueue(NamedTuple):
    """Hand the call to the people of a queue ("": that of the number dialled)."""

    queue: str


class LeaveQueue(NamedTuple):
    """Take the caller back."""


class Secure(NamedTuple):
    """What the caller keys from here on, or since a moment (0: now), may be a secret, or not."""

    is_on: bool
    since_ns: int = 0


class Went(NamedTuple):
    """A state was entered."""

    state: str


class Pressed(NamedTuple):
    """A key was used, or thrown away. `key` is empty when it must not be kept."""

    state: str
    key: str
    at_ns: int

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Pressed({self.state})"


class TimeRanOut(NamedTuple):
    """A try was used up in this state because nothing, or not enough, was keyed."""

    state: str


class Mistaken(NamedTuple):
    """A try was used up in this state by a key or an entry that is not valid."""

    state: str


class Confirmed(NamedTuple):
    """The caller has answered a read-back."""

    action: Action
    is_yes: bool


class EndCall(NamedTuple):
    """Hang up."""


Effect = (
    Play
    | StopPlay
    | StartTimer
    | Perform
    | Enqueue
    | LeaveQueue
    | Secure
    | Went
    | Pressed
    | TimeRanOut
    | Mistaken
    | Confirmed
    | EndCall
)
