"""What is wrong with the prompts of call flows: missing, never played, or with a slot left open.

Not here: the shape of prompt texts (gateway.media.prompts), the flows' own faults
(gateway.ivr.lint).
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from gateway.ivr import lint
from gateway.ivr.flow import (
    ENGINE_PROMPTS,
    CallFlow,
    Collect,
    Confirm,
    Do,
    Fork,
    Hangup,
    Menu,
    Notices,
    Pages,
    Say,
    State,
    Transfer,
)
from gateway.ivr.variants import VARIANTS
from gateway.ivr.wishes import READ_BACK
from gateway.media.prompts import PromptBook
from risk.domain.reasons import REASONS, ReasonCode

Words = Mapping[str, tuple[str, ...]]


def problems(flow: CallFlow, book: PromptBook, words: Words = VARIANTS) -> list[str]:
    """Return what is wrong with the prompts of a flow; `words` are those in braces of a key."""
    known = lint.values_ever(flow)
    found = list(map(str, book.problems))
    for state in flow.states.values():
        for key in prompts_of(state):
            for name in expanded(key, words):
                found += _slot_problems(state.name, name, known.get(state.name, frozenset()), book)
        if isinstance(state, Confirm):
            found += _unspoken(state, book, words)
    found += [
        f"the engine plays {name}, which is missing in zh or en"
        for name in ENGINE_PROMPTS
        if not book.has(name)
    ]
    return found


def unplayed(
    flows: Iterable[CallFlow],
    book: PromptBook,
    words: Words = VARIANTS,
    of_others: tuple[str, ...] = (),
) -> list[str]:
    """Return the prompts that no flow plays; those that begin with `of_others` are not ours."""
    used = set(ENGINE_PROMPTS)
    for flow in flows:
        for state in flow.states.values():
            for key in prompts_of(state):
                used.update(expanded(key, words))
    return [
        f"prompt {key} is never played"
        for key in sorted(book.all_keys() - used)
        if not key.startswith(of_others)
    ]


def prompts_of(state: State) -> list[str]:
    """Return the prompt keys a state may play, with their braces."""
    match state:
        case Say() | Hangup() | Notices() | Transfer():
            return [state.prompt]
        case Menu():
            offered = [go.prompt for go in state.keys.values() if go.prompt]
            said = [key for key, _ in state.prompts]
            return [*said, *offered, state.say_invalid, state.say_timeout]
        case Collect():
            return [state.prompt, state.say_invalid, state.say_timeout]
        case Confirm():
            return [state.readback, state.prompt, state.say_invalid, state.say_timeout]
        case Pages():
            return [*state.prompts, state.ask, state.say_invalid, state.say_timeout]
        case Do() | Fork():
            return []


def expanded(key: str, words: Words = VARIANTS) -> list[str]:
    """Return the prompt keys a key stands for. Raises KeyError for an unknown word in braces."""
    names = _braces(key)
    choices = product(*(words[name] for name in names))
    return [key.format_map(dict(zip(names, chosen, strict=True))) for chosen in choices]


def _braces(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def _slot_problems(state: str, key: str, known: frozenset[str], book: PromptBook) -> Iterator[str]:
    if not book.has(key):
        yield f"{state} plays {key}, which is missing in zh or en"
        return
    for slot in book.slots(key):
        if slot.name not in known and slot.name not in _figures(key):
            yield f"{state} plays {key}, but some way there does not bring {slot.name!r}"


def _figures(key: str) -> set[str]:
    """Names of the figures that a denial of this prompt's reason carries."""
    prefix, _, name = key.partition(".")
    if prefix != "reason" or name.upper() not in ReasonCode.__members__:
        return set()
    return set(_braces(REASONS[ReasonCode[name.upper()]].zh))


def _unspoken(state: Confirm, book: PromptBook, words: Words) -> Iterator[str]:
    """Values the action will use that its read-back does not speak, by key or by slot."""
    for key in expanded(state.readback, words):
        if book.has(key):
            spoken = {slot.name for slot in book.slots(key)} | set(_braces(state.readback))
            for name in READ_BACK[state.guards]:
                if name not in spoken:
                    yield f"{state.name}: {key} does not read back {name!r}"
