"""Every state of every flow is reached by play, whatever happens there ends cleanly.

The walk gives each visit every kind of input its phase knows: right and wrong entries, time-outs,
every outcome of every action, persons who answer and leave. Not here: whole calls by random keys
(test_flows.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from gateway.ivr.dialplan import FLOWS
from gateway.ivr.entry import CHINA, ISO, EntryKind, KeyProfile
from gateway.ivr.flow import CallFlow, Collect, Confirm, Do, Menu, Notices, Pages
from gateway.ivr.interpreter import begin, step
from gateway.ivr.variants import VARIANTS
from gateway.ivr.visit import (
    Effect,
    HungUp,
    Input,
    Key,
    Outcome,
    Parting,
    Perform,
    PersonAnswered,
    PersonLeft,
    Phase,
    Play,
    PlayEnded,
    Prompt,
    Started,
    StartTimer,
    TimedOut,
    Visit,
    Went,
)
from gateway.ivr.wishes import OUTCOMES
from gateway.media.prompts import load
from gateway.media.speech import SLOT_KINDS
from gateway.media.voice import text_of
from tests.builders.hotline import GOOD
from tests.builders.visits import START

BOOK: Final = load(Path(__file__).parents[2] / "config" / "prompts")
ENTRIES: Final = {
    EntryKind.ACCOUNT: "100200300#",
    EntryKind.PIN: "258036#",
    EntryKind.CODE: "600000",
    EntryKind.PRICE: "12#",
    EntryKind.QTY: "200#",
    EntryKind.PERCENT: "5#",
    EntryKind.ORDER_NO: "42#",
    EntryKind.INITIALS: "7394#",
    EntryKind.PICK: "1#",
    EntryKind.PHONE: "13800000001#",
    EntryKind.DATE: "20261123",
}


def inputs(flow: CallFlow, visit: Visit) -> Iterator[list[Input]]:
    """Yield what may happen now, each a short row of inputs."""
    state = flow.states[visit.state]
    if visit.is_playing:
        yield [PlayEnded(visit.play_no)]
    if visit.phase is Phase.WAITS:
        action = state.proof if isinstance(state, Notices) else state.action  # type: ignore[union-attr]
        for name in OUTCOMES[action]:
            for values in variants(dict(GOOD[action][1])):
                yield [Outcome(action, name, values)]
    elif visit.phase is Phase.QUEUED or visit.phase is Phase.TALKS:
        yield [PersonAnswered()]
        yield from ([PersonLeft(parting)] for parting in Parting)
        yield [Key("*")]
    else:
        yield [TimedOut(visit.timer_no)]
        yield from ([Key(key) for key in keys] for keys in keys_of(state, visit.profile))


def keys_of(state: object, profile: KeyProfile) -> Iterator[str]:
    """Yield keys that mean something in a state, and some that do not."""
    yield from ("0", "*", "9", "5", "#", "**", "*0")
    match state:
        case Collect(entry=kind):
            is_point = kind in (EntryKind.PRICE, EntryKind.PERCENT)
            yield ENTRIES[kind] + ("#" if is_point and profile is ISO else "")
        case Menu(keys=keys):
            yield from keys
        case Confirm():
            yield from ("1", "2")
        case Pages():
            yield from ("1", "7", "8")


def variants(values: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield values with every word that a prompt key or a fork may go by, one at a time."""
    yield values
    for name in values.keys() & VARIANTS.keys():
        yield from ({**values, name: word} for word in VARIANTS[name][:3])


class Walk:
    """A walk through a flow; `reached` are the states entered on the way."""

    def __init__(self, flow: CallFlow, profile: KeyProfile, flags: dict[str, object]) -> None:
        self.flow = flow
        self.reached: set[str] = set()
        self._first = begin(flow, profile, {**START, **flags})

    def visits(self) -> Iterator[Visit]:
        """Yield a visit of every moment that differs in state, phase and what is used up."""
        seen: set[tuple[object, ...]] = set()
        ahead = [self.after(self._first, [Started()])]
        while ahead:
            visit = ahead.pop()
            moment = (visit.state, visit.phase, visit.is_playing, visit.is_warned)
            moment += (visit.tries, visit.place, bool(visit.keys), bool(visit.type_ahead))
            moment += (visit.values.get("caller_kind"),)  # it decides long after it is known
            if moment in seen:
                continue
            seen.add(moment)
            yield visit
            if visit.phase is not Phase.ENDED:
                ahead += [self.after(visit, row) for row in inputs(self.flow, visit)]

    def after(self, visit: Visit, row: list[Input]) -> Visit:
        """Return the visit after a row of inputs, having looked at what each brought about."""
        for given in row:
            visit, effects = step(self.flow, visit, given)
            self.reached.update(effect.state for effect in effects if isinstance(effect, Went))
            check(visit, effects)
        return visit


def check(visit: Visit, effects: tuple[Effect, ...]) -> None:
    """Each effect makes sense: prompts have their values, timers belong to a state that asks."""
    for effect in effects:
        match effect:
            case Play(prompts, _):
                for prompt in prompts:
                    assert words_of(prompt), (visit.state, prompt.key)
            case StartTimer():
                assert visit.phase is Phase.ASKED
            case Perform():
                assert visit.phase is Phase.WAITS
                assert visit.secrets == {}


def words_of(prompt: Prompt) -> str:
    """Return what a prompt says: every slot has a value of its kind, or one that makes it."""
    values = {}
    for name, kind in BOOK.slots(prompt.key):
        raw, maker = prompt.values[name], SLOT_KINDS[kind]
        values[name] = raw if isinstance(raw, maker) else maker(raw)  # type: ignore[arg-type]
    return text_of(BOOK, prompt.key, values, prompt.language)


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("profile", [CHINA, ISO], ids=["china", "iso"])
def test_every_state_is_reached_and_a_hang_up_there_ends_cleanly(
    name: str, profile: KeyProfile
) -> None:
    walk = Walk(FLOWS[name], profile, {})
    for visit in walk.visits():
        ended, effects = step(walk.flow, visit, HungUp())
        assert ended.phase is Phase.ENDED
        assert (ended.keys, ended.secrets, ended.type_ahead) == ("", {}, ())
        assert not [e for e in effects if isinstance(e, Play | StartTimer | Perform)]
        assert step(walk.flow, ended, Key("1")) == (ended, ())
    assert walk.reached == walk.flow.states.keys()


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("flag", ["", "is_elder", "is_query_only"])
def test_a_silent_caller_comes_to_a_goodbye_from_every_moment(name: str, flag: str) -> None:
    walk = Walk(FLOWS[name], CHINA, {flag: True} if flag else {})
    for visit in walk.visits():
        assert silence(walk.flow, visit).phase is Phase.ENDED, visit.state
        if visit.is_query_only:
            assert visit.act_count == 0


def silence(flow: CallFlow, visit: Visit) -> Visit:
    """Return the visit when nobody does anything any more, and no agent is there."""
    for _ in range(200):
        if visit.phase is Phase.ENDED:
            break
        state = flow.states[visit.state]
        given: Input
        if visit.is_playing:
            given = PlayEnded(visit.play_no)
        elif visit.phase is Phase.WAITS:
            action = state.action if isinstance(state, Do) else state.proof  # type: ignore[union-attr]
            given = Outcome(action, *GOOD[action])
        elif visit.phase in (Phase.QUEUED, Phase.TALKS):
            given = PersonLeft(Parting.NO_AGENT)
        else:
            given = TimedOut(visit.timer_no)
        visit = step(flow, visit, given)[0]
    return visit
