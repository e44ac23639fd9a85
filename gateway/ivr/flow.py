"""The words call flows are written in: states as frozen data, every exit named.

An exit without default cannot be forgotten: leaving one out is a TypeError at import. Prompts are
keys of config/prompts; `{side_word}` and the like in a key take the caller's value. Everywhere
`9` (in an entry `*9`) repeats, `0` (`*0`) asks for a person and `*` goes back.
Not here: what may be asked of the gateway (gateway.ivr.wishes), what a state does when a key
arrives (gateway.ivr.interpreter).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.wishes import ACTING, OUTCOMES, Action
from risk.domain.enums import Language

TRIES_MAX: Final = 3
CHOICES_MAX: Final = 6  # of a page: `7`, `8` and `9` turn pages
CHOICE_KEYS: Final = "12345678"  # `9`, `0`, `*` and `#` mean the same in every menu
RESUME: Final = "<resume>"  # an exit of a Transfer or of what follows it: where `0` was pressed

# Prompts that belong to no state: what the engine says by itself.
HURRY: Final = "wait.nothing_keyed"  # before the time for a key runs out
UNFINISHED: Final = "wait.press_hash"  # something is keyed, but not its end
UNFINISHED_CODE: Final = "wait.more_digits"  # the same where a number of digits ends it
INCOMPLETE: Final = "error.entry_incomplete"  # and time has run out over it
BROKEN: Final = "error.system"  # something broke; the call ends
ENGINE_PROMPTS: Final = (HURRY, UNFINISHED, UNFINISHED_CODE, INCOMPLETE, BROKEN)


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
    """Where a menu key leads, the values it sets on the way and the words that offer it.

    `acts` marks a way to an action that changes something: it is neither offered to a caller who
    may only ask, nor taken from one.
    """

    then: str
    values: Mapping[str, object] = field(default_factory=dict)
    prompt: str = ""
    acts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One key decides. `prompts` are played, each in its language, then those of the keys."""

    name: str
    prompts: tuple[tuple[str, Language | None], ...]
    keys: Mapping[str, Go]
    say_invalid: str
    say_timeout: str
    on_tries_used: str
    on_back: str = ""  # where `*` leads; it is no choice when empty
    on_repeat: str = ""  # where `9` leads; the menu itself when empty
    is_fresh: bool = False  # keys pressed before it is asked are thrown away

    def __post_init__(self) -> None:
        if not set(self.keys) <= set(CHOICE_KEYS):
            raise TypeError(f"{self.name}: keys must be of {CHOICE_KEYS}, were {list(self.keys)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Keys up to the end of an entry go `into` a value; a secret one is wiped after its use.

    Secrets live until the next `Do` or until the caller leaves their entries.
    """

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
    on_empty: str = ""  # where `#` on nothing leads; not valid when empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """`readback` is heard to its end with keys ignored, then `prompt` asks: 1 yes, 2 or * no.

    `guards` is the action that `yes` leads to: it runs with the values read back or not at all.
    """

    name: str
    readback: str
    prompt: str
    guards: Action
    yes: str
    no: str
    say_invalid: str
    say_timeout: str
    on_tries_used: str

    def __post_init__(self) -> None:
        if self.guards not in ACTING:
            raise TypeError(f"{self.name}: {self.guards.value} changes nothing")


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
class Fork:
    """Go by a value that holds a word (its words are in gateway.ivr.variants)."""

    name: str
    value: str
    exits: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A list, page by page: `8` next, `7` previous, `9` again, `1` and up pick.

    `items` names the value that holds the list, a tuple of mappings, never empty. Each item's
    `prompts` may use its values and `choice` (its key), `place` (in the list) and `count`; its
    values become the caller's. After a page `ask` tells the keys. Without `pick` nothing can be
    picked, and a page nobody answers is followed by the next.
    """

    name: str
    items: str
    prompts: tuple[str, ...]
    ask: str
    on_end: str
    on_back: str
    say_invalid: str
    say_timeout: str
    on_tries_used: str
    pick: str = ""
    at_once: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.at_once <= CHOICES_MAX:
            raise TypeError(f"{self.name}: at_once must be 1..{CHOICES_MAX}, was {self.at_once}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Every item of a list is heard to its end; `proof` is then performed with its values."""

    name: str
    items: str
    prompt: str
    then: str
    proof: Action | None = None

    def __post_init__(self) -> None:
        if self.proof is not None and self.proof in ACTING:
            raise TypeError(f"{self.name}: {self.proof.value} needs a confirmation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Say `prompt`, then queue the caller for a person; `*` or `#` leaves the queue.

    `queue` is empty for that of the number dialled. Exits may be RESUME.
    """

    name: str
    prompt: str
    on_served: str
    on_no_agent: str
    on_queue_left: str
    queue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """Say goodbye and end the call."""

    name: str
    prompt: str


State = Say | Menu | Collect | Confirm | Do | Fork | Pages | Notices | Transfer | Hangup
Asking = Menu | Collect | Confirm | Pages


class CallFlow:
    """States by name, the first one, and the Transfer that `0` leads to ("": nobody is there).

    `given` names values that a call of this flow begins with. Raises ValueError for a name used
    twice.
    """

    def __init__(
        self, start: str, states: Iterable[State], agent: str = "", given: Iterable[str] = ()
    ) -> None:
        self.start, self.agent, self.given = start, agent, frozenset(given)
        self.states: dict[str, State] = {}
        for state in states:
            if state.name in self.states:
                raise ValueError(f"state {state.name!r} is there twice")
            self.states[state.name] = state
