"""States that wait for keys: menus, entries, confirmations and lists. How each takes a key.

Not here: states that need nobody (gateway.ivr.interpreter).
"""

from collections.abc import Mapping
from typing import Final

from gateway.ivr import entry
from gateway.ivr.flow import (
    HURRY,
    INCOMPLETE,
    UNFINISHED,
    UNFINISHED_CODE,
    Asking,
    Collect,
    Confirm,
    Go,
    Menu,
    Pages,
)
from gateway.ivr.turn import ToPlay, Turn, to_play
from gateway.ivr.visit import Confirmed, Phase, Wait

YES: Final = "1"
NO: Final = "2"
PREVIOUS: Final = "7"
NEXT: Final = "8"
REPEAT: Final = "9"
AGENT: Final = "0"
BACK: Final = "*"


def enter(turn: Turn, state: Asking) -> None:
    """Begin to ask. Keys pressed ahead are taken before the prompt is played."""
    if isinstance(state, Confirm):
        turn.drop_type_ahead()
        turn.set(skips_hash=False, read_back=turn.visit.values)
        turn.play([to_play(state.readback)], Phase.HEARS)
        return
    if isinstance(state, Menu | Pages):
        turn.forget_secrets()
        if isinstance(state, Menu) and state.is_fresh:
            turn.drop_type_ahead()
        while turn.visit.type_ahead and turn.visit.type_ahead[0].key == "#":
            key, *rest = turn.visit.type_ahead  # a field's `#` pressed twice is no choice
            turn.set(type_ahead=tuple(rest))
            turn.hide(key)
    elif not turn.visit.secrets:
        turn.set(secrets_from=state.name if state.is_secret else "")
    turn.set(phase=Phase.ASKED, place=0)
    if not turn.visit.type_ahead:
        ask(turn, state)


def ask(turn: Turn, state: Asking) -> None:
    """Play what a state asks."""
    turn.set(is_warned=False)
    turn.play(prompts(turn, state), Phase.ASKED)


def take(turn: Turn, state: Asking, key: str) -> None:
    """Take a key that was asked for."""
    turn.set(is_warned=False)
    match state:
        case Menu():
            _menu_key(turn, state, key)
        case Collect():
            _entry_key(turn, state, key)
        case Confirm():
            _confirm_key(turn, state, key)
        case Pages():
            _page_key(turn, state, key)


def heard(turn: Turn, state: Asking) -> None:
    """A prompt has been heard to its end."""
    if isinstance(state, Confirm) and turn.visit.phase is Phase.HEARS:
        turn.play(prompts(turn, state), Phase.ASKED)
    else:
        turn.wait(Wait.LAST if turn.visit.is_warned else Wait.FIRST)


def timed_out(turn: Turn, state: Asking) -> None:
    """No key came in time: warn once, keeping what is keyed, then use up a try."""
    visit = turn.visit
    if isinstance(state, Pages) and not state.pick:
        _next_page(turn, state)
    elif isinstance(state, Collect) and entry.wants_back(visit.keys):
        turn.go(state.on_back)
    elif not visit.is_warned:
        turn.set(is_warned=True)
        turn.play([to_play(_warning(turn, state))], Phase.ASKED)
    else:
        is_begun = entry.is_begun(visit.keys)
        apology = INCOMPLETE if is_begun else state.say_timeout
        turn.run_out(state, apology, prompts(turn, state))


def _warning(turn: Turn, state: Asking) -> str:
    if isinstance(state, Collect) and entry.is_begun(turn.visit.keys):
        return UNFINISHED_CODE if state.entry in entry.BY_LENGTH else UNFINISHED
    return HURRY


def prompts(turn: Turn, state: Asking) -> list[ToPlay]:
    """Return what a state asks; a menu offers only what this caller may do."""
    match state:
        case Menu():
            offered = [
                to_play(go.prompt) for key, go in sorted(_open_to(turn, state).items()) if go.prompt
            ]
            return [*((key, language, {}) for key, language in state.prompts), *offered]
        case Pages():
            return [*_page_prompts(turn, state), to_play(state.ask)]
        case Collect() | Confirm():
            return [to_play(state.prompt)]


# Everywhere the same


def _repeat(turn: Turn, state: Asking) -> None:
    if isinstance(state, Confirm):
        turn.play([to_play(state.readback)], Phase.HEARS)
    else:
        turn.set(keys="")
        ask(turn, state)


def _agent(turn: Turn, state: Asking, key: str) -> None:
    if turn.flow.agent:
        turn.drop_type_ahead()
        turn.used(key, is_shown=True)
        turn.call_agent()
    else:
        _not_valid(turn, state, key)


def _not_valid(turn: Turn, state: Asking, key: str) -> None:
    turn.used(key, is_shown=False)  # a PIN keyed in the wrong place is still a PIN
    turn.fail(state, state.say_invalid, prompts(turn, state))


# Menus


def _open_to(turn: Turn, state: Menu) -> dict[str, Go]:
    return {key: go for key, go in state.keys.items() if not (go.acts and turn.visit.is_query_only)}


def _menu_key(turn: Turn, state: Menu, key: str) -> None:
    go = _open_to(turn, state).get(key)
    if key == AGENT:
        _agent(turn, state, key)
    elif key == REPEAT:
        turn.used(key, is_shown=True)
        if state.on_repeat:
            turn.go(state.on_repeat)
        else:
            _repeat(turn, state)
    elif key == BACK and state.on_back:
        turn.used(key, is_shown=True)
        turn.go(state.on_back)
    elif go is not None:
        turn.used(key, is_shown=True)
        turn.bring(go.values)
        turn.go(go.then)
    else:
        _not_valid(turn, state, key)


# Confirmations


def _confirm_key(turn: Turn, state: Confirm, key: str) -> None:
    if key == AGENT:
        _agent(turn, state, key)
    elif key == YES:
        turn.used(key, is_shown=True)
        turn.effects.append(Confirmed(state.guards, True))
        turn.set(confirmed=state.guards)
        turn.go(state.yes)
    elif key in (NO, BACK):
        turn.used(key, is_shown=True)
        turn.effects.append(Confirmed(state.guards, False))
        turn.go(state.no)
    elif key == REPEAT:
        turn.used(key, is_shown=True)
        _repeat(turn, state)
    else:
        _not_valid(turn, state, key)


# Entries


def _entry_key(turn: Turn, state: Collect, key: str) -> None:
    is_shown = not state.is_secret and state.entry is not entry.EntryKind.ACCOUNT
    result = entry.take(state.entry, turn.visit.keys, key, turn.visit.profile)
    if isinstance(result, entry.Agent):
        _agent(turn, state, key)
        return
    turn.used(key, is_shown=is_shown or key in "*#")
    match result:
        case entry.More(keys):
            turn.set(keys=keys)
            if not turn.visit.type_ahead:
                is_order = state.entry in entry.ORDER_FIELDS
                turn.wait(Wait.NEXT_OF_ORDER if is_order else Wait.NEXT)
        case entry.Entered(value, by_length):
            _entered(turn, state, value, by_length)
        case entry.Empty() if state.on_empty:
            turn.go(state.on_empty)
        case entry.NotValid() | entry.Empty():
            turn.fail(state, state.say_invalid, prompts(turn, state))
        case entry.Back():
            turn.go(state.on_back)
        case entry.Repeat():
            _repeat(turn, state)


def _entered(turn: Turn, state: Collect, value: str | int, by_length: bool) -> None:
    if state.is_secret:
        turn.set(secrets={**turn.visit.secrets, state.into: str(value)})
    else:
        turn.bring({state.into: value})
    ahead = turn.visit.type_ahead
    if by_length and ahead and ahead[0].key == "#":
        turn.set(type_ahead=ahead[1:])
        turn.hide(ahead[0])
    else:
        turn.set(skips_hash=by_length)
    turn.go(state.then)


# Lists


def _items(turn: Turn, state: Pages) -> tuple[Mapping[str, object], ...]:
    items = turn.visit.values[state.items]
    assert isinstance(items, tuple), state.items
    assert items, f"{state.name}: nothing to say"
    return items


def _page_prompts(turn: Turn, state: Pages) -> list[ToPlay]:
    items, place = _items(turn, state), turn.visit.place
    said: list[ToPlay] = []
    for n, item in enumerate(items[place : place + state.at_once], 1):
        values = {**item, "choice": str(n), "place": place + n, "count": len(items)}
        said += [to_play(key, values) for key in state.prompts]
    return said


def _page_key(turn: Turn, state: Pages, key: str) -> None:
    if key == AGENT:
        _agent(turn, state, key)
        return
    page = _items(turn, state)[turn.visit.place :][: state.at_once]
    if key not in (NEXT, PREVIOUS, REPEAT, BACK):
        if not state.pick or key not in "123456" or int(key) > len(page):
            _not_valid(turn, state, key)
            return
        turn.used(key, is_shown=True)
        turn.bring(page[int(key) - 1])
        turn.go(state.pick)
        return
    turn.used(key, is_shown=True)
    match key:
        case "8":
            _next_page(turn, state)
        case "7":
            turn.set(place=max(turn.visit.place - state.at_once, 0), tries=0)
            ask(turn, state)
        case "9":
            _repeat(turn, state)
        case _:
            turn.go(state.on_back)


def _next_page(turn: Turn, state: Pages) -> None:
    place = turn.visit.place + state.at_once
    if place >= len(_items(turn, state)):
        turn.go(state.on_end)
    else:
        turn.set(place=place, tries=0)
        ask(turn, state)
