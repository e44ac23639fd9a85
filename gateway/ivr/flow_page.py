"""The call flows as a page for people: what each state says, which keys it takes, where they lead.

Drawn from the same data that callers walk through. Not here: how the page is written
(.ci/docs.py).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gateway.ivr.flow import (
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
from gateway.ivr.lint_prompts import expanded, prompts_of
from gateway.ivr.variants import VARIANTS
from gateway.media.prompts import PromptBook, Slot
from risk.domain.enums import Language

INTRO: Final = """\
# What callers may do, key by key

In every menu `0` asks for a person, `9` repeats and `*` goes back; in an entry they are keyed
`*0`, `*9` and `**`, and `#` ends it. Whatever changes something is read back and needs a `1` of
its own, pressed after the read-back was heard. A state says its prompts in the caller's language;
`{name}` stands for a value. Three mistakes in a row lead on by *tries*.
"""
SHOWN_MAX: Final = 8  # wordings of one prompt that are written out
_ARROW: Final = "-->"
_SPACE_BEFORE_MARK: Final = re.compile(r" +(?=[,.:;!?])")


def flow_page(flows: Mapping[str, CallFlow], book: PromptBook) -> str:
    """Return the page in Markdown, one chapter a flow and one section a part of it."""
    parts = [INTRO]
    for name, flow in flows.items():
        parts.append(f"## Flow `{name}`\n\nIt begins at `{flow.start}`.\n")
        for part, states in _sections(flow).items():
            parts += [f"### {part}\n", _diagram(states), _table(states, book)]
    return "\n".join(parts)


def ways(state: State) -> Iterator[tuple[str, str]]:
    """Yield (what happens, the state it leads to) of every way out of a state, as people say it."""
    match state:
        case Say(then=then) | Notices(then=then):
            yield "heard", then
        case Menu():
            for key, go in sorted(state.keys.items()):
                yield key, go.then
            if state.on_back:
                yield "back", state.on_back
            yield "tries", state.on_tries_used
        case Collect():
            yield "entered", state.then
            if state.on_empty:
                yield "hash only", state.on_empty
            yield from (("back", state.on_back), ("tries", state.on_tries_used))
        case Confirm():
            yield from (("1", state.yes), ("2", state.no), ("tries", state.on_tries_used))
        case Pages():
            if state.pick:
                yield "picked", state.pick
            yield from (("end", state.on_end), ("back", state.on_back))
            yield "tries", state.on_tries_used
        case Do():
            yield from state.exits.items()
            if state.failing:
                yield "tries", state.on_tries_used
        case Fork():
            yield from state.exits.items()
        case Transfer():
            yield from (("served", state.on_served), ("nobody", state.on_no_agent))
            yield "left the queue", state.on_queue_left
        case Hangup():
            return


def _sections(flow: CallFlow) -> dict[str, list[State]]:
    sections: dict[str, list[State]] = {}
    for state in flow.states.values():
        sections.setdefault(state.name.partition(".")[0], []).append(state)
    return sections


def _diagram(states: list[State]) -> str:
    """Draw a part; states of other parts are round. Ways by used-up tries are left out."""
    own = {state.name for state in states}
    lines = ["```mermaid", "flowchart LR"]
    for state in states:
        lines.append(f'  {_node(state.name)}["{state.name}"]')
    edges: dict[tuple[str, str], list[str]] = {}
    for state in states:
        for word, then in ways(state):
            if word != "tries":
                edges.setdefault((state.name, then), []).append(word)
    for (name, then), words in edges.items():
        far = "" if then in own else f'(["{_plain(then)}"])'
        lines.append(f"  {_node(name)} {_ARROW}|{', '.join(words)}| {_node(then)}{far}")
    return "\n".join([*lines, "```\n"])


def _node(name: str) -> str:
    """Return a name as Mermaid takes it; `end` alone is a word of its own."""
    return "s_" + _plain(name).replace(".", "_")


def _plain(name: str) -> str:
    return name.strip("<>")


def _table(states: list[State], book: PromptBook) -> str:
    rows = ["| state | does | says | leads to |", "| --- | --- | --- | --- |"]
    for state in states:
        leads = "<br>".join(f"{word} → `{_plain(then)}`" for word, then in ways(state))
        rows.append(f"| `{state.name}` | {_deed(state)} | {_says(state, book)} | {leads} |")
    return "\n".join([*rows, ""])


def _deed(state: State) -> str:
    match state:
        case Do(action=action):
            return f"asks the gateway: {action.value.replace('_', ' ')}"
        case Collect(entry=entry, is_secret=is_secret):
            return f"takes {entry.value}{' in secret' if is_secret else ''}"
        case Confirm(guards=action):
            return f"reads back, then {action.value.replace('_', ' ')}"
        case Say(must_be_heard=must):
            return "says to the end" if must else "says"
        case Fork(value=value):
            return f"goes by {value.replace('_', ' ')}"
        case _:
            return _DEEDS[type(state)]


_DEEDS: Final[Mapping[type[State], str]] = {
    Menu: "takes one key",
    Pages: "tells a list: 8 next, 7 previous",
    Notices: "reads notices to the end",
    Transfer: "queues for a person",
    Hangup: "says goodbye",
}


def _says(state: State, book: PromptBook) -> str:
    """Return the prompts of a state in both languages; of a long choice of words only the key."""
    said = []
    for key in dict.fromkeys(prompts_of(state)):
        if key.startswith(("error.", "wait.")):
            continue
        keys = [] if "{greeting}" in key else expanded(key, VARIANTS)
        if 0 < len(keys) <= SHOWN_MAX:
            said += [f"`{each}` {_text(book, each)}" for each in keys]
        else:
            said.append(f"`{key}`")
    return "<br>".join(said)


def _text(book: PromptBook, key: str) -> str:
    shown = {}
    for language in Language:
        pieces = book.pieces(key, language)
        shown[language] = [f"{{{p.name}}}" if isinstance(p, Slot) else p for p in pieces]
    english = _SPACE_BEFORE_MARK.sub("", " ".join(shown[Language.EN]))
    return f"{''.join(shown[Language.ZH])} / {english}"
