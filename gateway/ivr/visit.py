"""What one call knows at one moment, and what may happen to it. Values only.

Not here: how one moment follows another (gateway.ivr.interpreter).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.ivr.wishes import Action
from risk.domain.enums import Language

TYPE_AHEAD_MAX: Final = 64


class Phase(enum.Enum):
    """What the call does in its state."""

    HEARS = "hears"  # a prompt that keys do not skip
    ASKED = "asked"  # a prompt that a key skips, or silence after it
    WAITS = "waits"  # for the outcome of an action
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Visit:
    """One call in its flow. Keys and secrets are kept out of its repr."""

    state: str
    phase: Phase = Phase.HEARS
    language: Language = Language.ZH
    values: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: str = field(default="", repr=False)  # of the entry under way
    type_ahead: str = field(default="", repr=False)  # pressed before they were asked for
    skips_hash: bool = False  # the last entry ended by length: its `#` may still come
    tries: int = 0  # used in this state
    failed: Mapping[str, int] = field(default_factory=dict)  # tries used of Do states
    play_no: int = 0
    timer_no: int = 0
    is_confirmed: bool = False
    order_count: int = 0  # orders confirmed so far
    is_playing: bool = False


class Started(NamedTuple):
    """The call is answered."""


class Key(NamedTuple):
    """A key was pressed."""

    key: str
    at_ns: int = 0

    def __repr__(self) -> str:
        """Hide the key."""
        return "Key('?')"


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


class HungUp(NamedTuple):
    """The caller has gone, or the line."""


Input = Started | Key | PlayEnded | TimedOut | Outcome | HungUp


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


class StartTimer(NamedTuple):
    """Give `TimedOut(timer_no)` after a while; replaces an earlier timer."""

    wait: Wait
    timer_no: int


class Perform(NamedTuple):
    """Carry out an action, then give its `Outcome`. `act_no` counts from 1."""

    action: Action
    values: Mapping[str, object]
    secrets: Mapping[str, str]
    act_no: int
    at_ns: int  # of the key that asked for it

    def __repr__(self) -> str:
        """Hide the secrets."""
        return f"Perform({self.action.name}, act_no={self.act_no})"


class EndCall(NamedTuple):
    """Hang up."""


Effect = Play | StopPlay | StartTimer | Perform | EndCall
