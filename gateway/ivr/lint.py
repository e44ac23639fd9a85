"""What is wrong with a call flow or its prompts, found before anybody calls.

Names that do not exist, states nobody reaches, loops that need no caller, orders without a
confirmation, prompts that are missing, unused, or have a slot nobody fills.
Not here: the shape of prompt texts (gateway.media.prompts).
"""

import string
from collections.abc import Iterator
from itertools import product
from typing import Final

from gateway.ivr.flow import CallFlow, Collect, Confirm, Do, Hangup, Menu, Say, State
from gateway.ivr.wishes import BRINGS, Action
from gateway.media.prompts import PromptBook
from risk.domain.reasons import REASONS, ReasonCode

OTHER_REASON: Final = "other"
SYSTEM_PROMPT: Final = "error.system"  # played by the runner when something broke
# What the words in braces of a prompt key may be.
VARIANTS: Final = {
    "side_word": ("buy", "sell"),
    "last_side_word": ("buy", "sell"),
    "last_state": ("open", "filled", "ended", "rejected"),
    "reason": (OTHER_REASON, *(reason.name.lower() for reason in REASONS)),
}


def problems(flow: CallFlow, book: PromptBook) -> list[str]:
    """Return what is wrong with the flow, as sentences; none when it may go on the air."""
    return [
        *_unknown_exits(flow),
        *_unreachable(flow),
        *_endless(flow),
        *_unconfirmed(flow),
        *_prompt_problems(flow, book),
    ]


def exits(state: State) -> list[str]:
    """Return the names of all states a state may lead to."""
    match state:
        case Say(then=then):
            return [then]
        case Menu():
            return [*(go.then for go in state.keys.values()), state.on_tries_used]
        case Collect():
            return [state.then, state.on_back, state.on_tries_used]
        case Confirm():
            return [state.yes, state.no, state.on_tries_used]
        case Do():
            return [*state.exits.values(), *([state.on_tries_used] if state.failing else [])]
        case Hangup():
            return []


def _silent_exits(state: State) -> list[str]:
    """Exits that are taken when the caller presses nothing at all."""
    if isinstance(state, Menu | Collect | Confirm):
        return [state.on_tries_used]
    return exits(state)


def _unknown_exits(flow: CallFlow) -> Iterator[str]:
    for name in [flow.start]:
        if name not in flow.states:
            yield f"the flow starts at {name!r}, which does not exist"
    for state in flow.states.values():
        for name in exits(state):
            if name not in flow.states:
                yield f"{state.name} leads to {name!r}, which does not exist"


def _unreachable(flow: CallFlow) -> Iterator[str]:
    reached: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        if name in flow.states and name not in reached:
            reached.add(name)
            ahead += exits(flow.states[name])
    for name in flow.states:
        if name not in reached:
            yield f"{name} is never reached"


def _endless(flow: CallFlow) -> Iterator[str]:
    """States from which a caller who does nothing never comes to a goodbye."""
    ending = {name for name, state in flow.states.items() if isinstance(state, Hangup)}
    while True:
        more = {
            name
            for name, state in flow.states.items()
            if name not in ending
            and all(then in ending or then not in flow.states for then in _silent_exits(state))
        }
        if not more:
            break
        ending |= more
    for name in flow.states:
        if name not in ending:
            yield f"{name} never ends by itself: it loops without a key"


def _unconfirmed(flow: CallFlow) -> Iterator[str]:
    submits = {
        name
        for name, state in flow.states.items()
        if isinstance(state, Do) and state.action is Action.SUBMIT_ORDER
    }
    for state in flow.states.values():
        led_to = [state.no, state.on_tries_used] if isinstance(state, Confirm) else exits(state)
        for name in submits.intersection(led_to):
            yield f"{state.name} leads to {name} without a confirmation"
    yield from (f"{flow.start} is an order" for name in submits if name == flow.start)


def _prompts_of(state: State) -> list[str]:
    match state:
        case Say() | Hangup():
            return [state.prompt]
        case Menu():
            return [*(key for key, _ in state.prompts), state.say_invalid, state.say_timeout]
        case Collect():
            return [state.prompt, state.say_invalid, state.say_timeout]
        case Confirm():
            return [state.readback, state.prompt, state.say_invalid, state.say_timeout]
        case Do():
            return []


def expanded(key: str) -> list[str]:
    """Return the prompt keys a key stands for. Raises KeyError for an unknown word in braces."""
    words = [name for _, name, _, _ in string.Formatter().parse(key) if name]
    choices = product(*(VARIANTS[word] for word in words))
    return [key.format_map(dict(zip(words, chosen, strict=True))) for chosen in choices]


def _known_values(flow: CallFlow) -> set[str]:
    known: set[str] = set()
    for state in flow.states.values():
        match state:
            case Collect(is_secret=False, into=into):
                known.add(into)
            case Menu(keys=keys):
                known.update(*(go.values for go in keys.values()))
            case Do(action=action):
                known.update(BRINGS[action])
    return known


def _prompt_problems(flow: CallFlow, book: PromptBook) -> Iterator[str]:
    yield from map(str, book.problems)
    known = _known_values(flow)
    used = {SYSTEM_PROMPT}
    for state in flow.states.values():
        for key in _prompts_of(state):
            for name in expanded(key):
                used.add(name)
                yield from _slot_problems(state.name, name, known, book)
    for key in sorted(book.all_keys() - used):
        yield f"prompt {key} is never played"


def _slot_problems(state: str, key: str, known: set[str], book: PromptBook) -> Iterator[str]:
    if not book.has(key):
        yield f"{state} plays {key}, which is missing in zh or en"
        return
    for slot in book.slots(key):
        if slot.name not in known and slot.name not in _figures(key):
            yield f"{state} plays {key}, but nothing gives it {slot.name!r}"


def _figures(key: str) -> set[str]:
    """Names of the figures that a denial of this prompt's reason carries."""
    prefix, _, name = key.partition(".")
    if prefix != "reason" or name.upper() not in ReasonCode.__members__:
        return set()
    text = REASONS[ReasonCode[name.upper()]].zh
    return {figure for _, figure, _, _ in string.Formatter().parse(text) if figure}
