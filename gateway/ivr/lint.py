"""What is wrong with a call flow, found before anybody calls.

Names that do not exist, states nobody reaches, loops that need no caller, values that one way to a
state does not bring, changes without their own confirmation or open to callers who may only ask.
Not here: prompts (gateway.ivr.lint_prompts).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from gateway.ivr.flow import (
    RESUME,
    Asking,
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
from gateway.ivr.wishes import ACTING, BRINGS, NEEDS, Action

# Values that are there when a call begins (gateway.ivr.dialplan).
START_VALUES: Final = frozenset(
    {
        *("greeting", "line_branch_code", "line_queue", "line_languages", "line_query_only"),
        "point_key",
    }
)


def problems(flow: CallFlow) -> list[str]:
    """Return what is wrong with the flow, as sentences; none when it may go on the air."""
    found = [*_unknown_exits(flow)]
    if found:
        return found  # the rest follows the exits
    return [
        *_unreachable(flow),
        *_endless(flow),
        *_forks(flow),
        *_resumes(flow),
        *_unconfirmed(flow),
        *_open_to_all(flow),
        *_without_values(flow),
    ]


def exits(state: State) -> list[str]:
    """Return the names of all states a state may lead to, and RESUME."""
    match state:
        case Say(then=then) | Notices(then=then):
            return [then]
        case Menu():
            more = [then for then in (state.on_back, state.on_repeat) if then]
            return [*(go.then for go in state.keys.values()), *more, state.on_tries_used]
        case Collect():
            empty = [state.on_empty] if state.on_empty else []
            return [state.then, state.on_back, *empty, state.on_tries_used]
        case Confirm():
            return [state.yes, state.no, state.on_tries_used]
        case Pages():
            pick = [state.pick] if state.pick else []
            return [*pick, state.on_end, state.on_back, state.on_tries_used]
        case Do():
            return [*state.exits.values(), *([state.on_tries_used] if state.failing else [])]
        case Fork():
            return list(state.exits.values())
        case Transfer():
            return [state.on_served, state.on_no_agent, state.on_queue_left]
        case Hangup():
            return []


def _silent_exits(state: State) -> list[str]:
    """Exits that are taken when the caller presses nothing at all."""
    if isinstance(state, Pages) and not state.pick:
        return [state.on_end]
    if isinstance(state, Asking):
        return [state.on_tries_used]
    if isinstance(state, Transfer):  # somebody spoke with whoever was served
        return [state.on_no_agent]
    return exits(state)


def reached(flow: CallFlow, start: str, skipped: Collection[tuple[str, str]] = ()) -> set[str]:
    """Return the states that may follow a state, itself included, without the edges skipped."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in found and name != RESUME:
            found.add(name)
            ahead += [then for then in exits(flow.states[name]) if (name, then) not in skipped]
    return found


def _unknown_exits(flow: CallFlow) -> Iterator[str]:
    if flow.start not in flow.states:
        yield f"the flow starts at {flow.start!r}, which does not exist"
    if flow.agent and not isinstance(flow.states.get(flow.agent), Transfer):
        yield f"0 leads to {flow.agent!r}, which is no Transfer"
    for state in flow.states.values():
        for name in exits(state):
            if name not in flow.states and name != RESUME:
                yield f"{state.name} leads to {name!r}, which does not exist"


def _unreachable(flow: CallFlow) -> Iterator[str]:
    known = reached(flow, flow.start)
    if flow.agent:
        known |= reached(flow, flow.agent)
    for name in flow.states:
        if name not in known:
            yield f"{name} is never reached"


def _endless(flow: CallFlow) -> Iterator[str]:
    """States from which a caller who does nothing never comes to a goodbye."""
    ending = {name for name, state in flow.states.items() if isinstance(state, Hangup)} | {RESUME}
    while True:
        more = {
            name
            for name, state in flow.states.items()
            if name not in ending and all(then in ending for then in _silent_exits(state))
        }
        if not more:
            break
        ending |= more
    for name in flow.states:
        if name not in ending:
            yield f"{name} never ends by itself: it loops without a key"


def _forks(flow: CallFlow) -> Iterator[str]:
    for state in flow.states.values():
        if isinstance(state, Fork):
            words = set(VARIANTS.get(state.value, ()))
            if set(state.exits) != words:
                yield f"{state.name}: exits must be {sorted(words)}, were {sorted(state.exits)}"


def _resumes(flow: CallFlow) -> Iterator[str]:
    """Only who pressed `0` can come back to where that was."""
    for name in sorted(reached(flow, flow.start)):
        if RESUME in exits(flow.states[name]):
            yield f"{name} resumes, but may be reached without 0"


def _unconfirmed(flow: CallFlow) -> Iterator[str]:
    acting = {
        state.name: state.action
        for state in flow.states.values()
        if isinstance(state, Do) and state.action in ACTING
    }
    for state in flow.states.values():
        led_to = exits(state)
        if isinstance(state, Confirm):
            led_to = [state.no, state.on_tries_used]
            if acting.get(state.yes) is not state.guards:
                yield f"{state.name} guards {state.guards.value}, but leads to {state.yes}"
        for name in acting.keys() & set(led_to):
            yield f"{state.name} leads to {name} without a confirmation"
    yield from (f"{name} changes something at the start" for name in acting if name == flow.start)


def _open_to_all(flow: CallFlow) -> Iterator[str]:
    """Changes that a caller who may only ask can come to: no menu key on the way says `acts`."""
    closed = {
        (state.name, go.then)
        for state in flow.states.values()
        if isinstance(state, Menu)
        for go in state.keys.values()
        if go.acts
    }
    for name in sorted(reached(flow, flow.start, closed)):
        state = flow.states[name]
        if isinstance(state, Do) and state.action in ACTING:
            yield f"{name} is open to callers who may only ask: no key on the way has acts=True"


# Values: what is known for certain on entering a state, whichever way led there


def known_values(flow: CallFlow) -> dict[str, frozenset[str]]:
    """Return for each state the values that every way to it brings."""
    known: dict[str, frozenset[str]] = {flow.start: START_VALUES | flow.given}
    ahead = [flow.start]
    while ahead:
        state = flow.states[ahead.pop()]
        for name, brought in _brought(flow, state):
            after = known[state.name] | brought
            before = known.get(name)
            now = after if before is None else before & after
            if now != before:
                known[name] = now
                ahead.append(name)
    return known


def _brought(flow: CallFlow, state: State) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield where a state leads and the values it brings there."""
    nothing: frozenset[str] = frozenset()
    match state:
        case Menu():
            yield from ((go.then, frozenset(go.values)) for go in state.keys.values())
        case Collect(is_secret=False, into=into):
            yield state.then, frozenset({into})
        case Do(action=action):
            yield from ((name, frozenset(BRINGS[action])) for name in exits(state))
    if not isinstance(state, Do):
        led_to = set(exits(state))
        if isinstance(state, Menu):
            led_to = {state.on_tries_used, state.on_back, state.on_repeat} - {""}
        elif isinstance(state, Collect) and not state.is_secret:
            led_to = set(exits(state)[1:])
        yield from ((name, nothing) for name in led_to if name != RESUME)
    if flow.agent and isinstance(state, Asking):
        yield flow.agent, nothing


def needs_of(action: Action) -> frozenset[str]:
    """Return the values an action cannot do without."""
    return frozenset(NEEDS[action])


def _without_values(flow: CallFlow) -> Iterator[str]:
    known = known_values(flow)
    for state in flow.states.values():
        here = known.get(state.name)
        if here is None:
            continue
        needed: frozenset[str] = frozenset()
        match state:
            case Do(action=action):
                needed = needs_of(action)
            case Fork(value=value):
                needed = frozenset({value})
            case Pages(items=items) | Notices(items=items):
                needed = frozenset({items})
        for name in sorted(needed - here):
            yield f"{state.name} needs {name!r}, which some way there does not bring"


def values_ever(flow: CallFlow) -> Mapping[str, frozenset[str]]:
    """Return for each state the values a prompt of it may say: of every way, and of its items."""
    items = frozenset(name for names in BRINGS.values() for name in names)
    known = known_values(flow)
    return {
        name: here | items | {"choice", "place", "count"}
        if isinstance(flow.states[name], Pages | Notices)
        else here
        for name, here in known.items()
    }
