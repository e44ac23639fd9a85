"""The words call flows are written in: states as frozen data, every exit named.

An exit without default cannot be forgotten: leaving one out is a TypeError at import. Prompts are
keys of config/prompts; `{side}` and `{reason}` in a key take the caller's value.
Not here: what a state does when a key arrives (gateway.ivr.interpreter).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.wishes import OUTCOMES, Action
from risk.domain.enums import Language

TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Play a prompt, then go on. A key skips it, unless it `must_be_heard`."""

    name: str
    prompt: str
    then: str
    must_be_heard: bool = False
    language: Language | None = None  # None is the caller's


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Where a menu key leads, and the values it sets on the way."""

    then: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One key decides. `prompts` are played one after the other, each in its language."""

    name: str
    prompts: tuple[tuple[str, Language | None], ...]
    keys: Mapping[str, Go]
    say_invalid: str
    say_timeout: str
    on_tries_used: str
    repeat_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Keys up to the end of an entry go `into` a value; a secret one is wiped after its use."""

    name: str
    prompt: str
    entry: EntryKind
    into: str
    then: str
    on_back: str
    say_invalid: str
    say_timeout: str
    on_tries_used: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """`readback` is heard to its end with keys ignored, then `prompt` asks: 1 yes, 2 no."""

    name: str
    readback: str
    prompt: str
    yes: str
    no: str
    say_invalid: str
    say_timeout: str
    on_tries_used: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Do:
    """Ask the gateway; one exit per outcome. Outcomes in `failing` use up tries of the call."""

    name: str
    action: Action
    exits: Mapping[str, str]
    failing: tuple[str, ...] = ()
    on_tries_used: str = ""

    def __post_init__(self) -> None:
        outcomes = set(OUTCOMES[self.action])
        if set(self.exits) != outcomes:
            raise TypeError(f"{self.name}: exits must be {sorted(outcomes)}, {sorted(self.exits)}")
        if bool(self.failing) != bool(self.on_tries_used) or not set(self.failing) <= outcomes:
            raise TypeError(f"{self.name}: failing outcomes need on_tries_used, and only they")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """Say goodbye and end the call."""

    name: str
    prompt: str


State = Say | Menu | Collect | Confirm | Do | Hangup


class CallFlow:
    """States by name, and the first one. Raises ValueError for a name used twice."""

    def __init__(self, start: str, states: Iterable[State]) -> None:
        self.start = start
        self.states: dict[str, State] = {}
        for state in states:
            if state.name in self.states:
                raise ValueError(f"state {state.name!r} is there twice")
            self.states[state.name] = state
