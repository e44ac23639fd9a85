"""The one rule of call flows: step(flow, visit, input) -> (visit, effects), without side effects.

Keys pressed early are kept for the states to come, but thrown away before every read-back, which
is heard to its end: a stale 1 never confirms an order. A mistake throws them away as well.
Not here: sound, timers and the gateway's answers (gateway.ivr.runner).
"""

from collections.abc import Mapping
from typing import Final

from gateway.ivr import asking
from gateway.ivr.entry import CHINA, KeyProfile
from gateway.ivr.flow import (
    TRIES_MAX,
    Asking,
    CallFlow,
    Do,
    Fork,
    Hangup,
    Menu,
    Notices,
    Say,
    State,
    Transfer,
)
from gateway.ivr.turn import Turn, to_play
from gateway.ivr.visit import (
    Effect,
    EndCall,
    Enqueue,
    HungUp,
    Input,
    Key,
    LeaveQueue,
    Outcome,
    Parting,
    PersonAnswered,
    PersonLeft,
    Phase,
    PlayEnded,
    Started,
    TimedOut,
    Visit,
    Went,
)
from gateway.ivr.wishes import ACTING
from risk.domain.errors import InvariantBroken

STATES_MAX: Final = 200  # entered in one step: above it the flow chases its tail
LEAVES_QUEUE: Final = "*#"


def begin(
    flow: CallFlow, profile: KeyProfile = CHINA, values: Mapping[str, object] | None = None
) -> Visit:
    """Return a call that has not started yet, with what the number dialled brings."""
    turn = Turn(flow, Visit(flow.start, profile))
    turn.bring({**(values or {}), "point_key": profile.point})
    return turn.visit


def step(flow: CallFlow, visit: Visit, given: Input) -> tuple[Visit, tuple[Effect, ...]]:
    """Return the call after `given`, and what is to be done. Stale inputs change nothing."""
    if visit.phase is Phase.ENDED:
        return visit, ()
    turn = Turn(flow, visit)
    match given:
        case Started():
            turn.go(flow.start)
        case Key():
            _press(turn, given)
        case PlayEnded(play_no):
            if visit.is_playing and play_no == visit.play_no:
                turn.set(is_playing=False, skips_hash=False)  # a late `#` is a key of its own
                _heard(turn)
        case TimedOut(timer_no):
            is_due = visit.phase is Phase.ASKED and not visit.is_playing
            if is_due and timer_no == visit.timer_no and isinstance(turn.state, Asking):
                asking.timed_out(turn, turn.state)
        case Outcome():
            _outcome(turn, given)
        case PersonAnswered():
            if visit.phase is Phase.QUEUED:
                turn.set(phase=Phase.TALKS)
        case PersonLeft(parting):
            if visit.phase in (Phase.QUEUED, Phase.TALKS):
                _part(turn, parting)
        case HungUp():
            _end(turn)
    _settle(turn)
    return turn.visit, tuple(turn.effects)


def _settle(turn: Turn) -> None:
    """Enter states and take keys pressed ahead until the call waits for something."""
    for _ in range(STATES_MAX):
        state, ahead = turn.state, turn.visit.type_ahead
        if turn.goes_to:
            name, turn.goes_to = turn.goes_to, ""
            _enter(turn, turn.flow.states[name])
        elif ahead and turn.visit.phase is Phase.ASKED and isinstance(state, Asking):
            turn.set(type_ahead=ahead[1:])
            turn.at_ns = ahead[0].at_ns
            asking.take(turn, state, ahead[0].key)
        else:
            break
    else:
        raise InvariantBroken(f"state {turn.visit.state} never comes to rest")
    turn.settle_secrecy()


def _enter(turn: Turn, state: State) -> None:
    """Go to a state, and through it when it needs nobody."""
    turn.effects.append(Went(state.name))
    turn.set(state=state.name, tries=0, keys="", is_playing=False, is_warned=False)
    match state:
        case Say() if turn.visit.type_ahead and not state.must_be_heard:
            turn.go(state.then)
        case Say():
            phase = Phase.HEARS if state.must_be_heard else Phase.ASKED
            turn.play([(state.prompt, state.language, {})], phase)
        case Do():
            turn.perform(state.action, turn.visit.values)
        case Fork():
            turn.go(state.exits[str(turn.visit.values[state.value])])
        case Notices():
            turn.set(place=0)
            _next_notice(turn, state)
        case Transfer() | Hangup():
            turn.forget_secrets()
            turn.drop_type_ahead()
            turn.play([to_play(state.prompt)], Phase.HEARS)
        case _:
            asking.enter(turn, state)


def _press(turn: Turn, key: Key) -> None:
    """Take a key where one is asked for; keep it for later where not."""
    turn.at_ns = key.at_ns
    turn.set(silences=0)
    if turn.visit.skips_hash:
        turn.set(skips_hash=False)
        if key.key == "#":
            turn.used(key.key, is_shown=True)
            return
    state, is_asked = turn.state, turn.visit.phase is Phase.ASKED
    if isinstance(state, Menu) and key.key == "#":
        turn.used(key.key, is_shown=True)
    elif isinstance(state, Say) and is_asked:
        turn.silence()
        turn.keep(key)
        turn.go(state.then)
    elif isinstance(state, Asking) and is_asked:
        turn.silence()
        asking.take(turn, state, key.key)
    elif turn.visit.phase is Phase.QUEUED and key.key in LEAVES_QUEUE:
        turn.used(key.key, is_shown=True)
        turn.effects.append(LeaveQueue())
    elif isinstance(state, Say | Do | Notices):
        turn.keep(key)
    else:
        turn.hide(key)


def _heard(turn: Turn) -> None:
    """The prompt has been heard to its end."""
    match turn.state:
        case Say(then=then):
            turn.go(then)
        case Hangup():
            _end(turn)
            turn.effects.append(EndCall())
        case Notices() as state:
            _notice_heard(turn, state)
        case Transfer(queue=queue):
            turn.set(phase=Phase.QUEUED)
            turn.effects.append(Enqueue(queue))
        case state if isinstance(state, Asking):
            asking.heard(turn, state)


def _outcome(turn: Turn, given: Outcome) -> None:
    """An action has its outcome: take the exit of that name."""
    state, visit = turn.state, turn.visit
    if visit.phase is not Phase.WAITS:
        return
    if isinstance(state, Notices) and state.proof is given.action:
        turn.set(place=visit.place + 1)
        _next_notice(turn, state)
        return
    if not isinstance(state, Do) or state.action is not given.action:
        return
    turn.bring(given.values)
    if given.name in state.failing or given.action in ACTING:
        turn.drop_type_ahead()
    tries = visit.failed.get(state.name, 0) + 1 if given.name in state.failing else 0
    turn.set(failed={**visit.failed, state.name: tries})
    turn.go(state.on_tries_used if tries >= TRIES_MAX else state.exits[given.name])


def _notice_heard(turn: Turn, state: Notices) -> None:
    if state.proof is None:
        turn.set(place=turn.visit.place + 1)
        _next_notice(turn, state)
    else:
        turn.perform(state.proof, _notice_values(turn, state))


def _next_notice(turn: Turn, state: Notices) -> None:
    items = turn.visit.values[state.items]
    assert isinstance(items, tuple), state.items
    if turn.visit.place < len(items):
        turn.play([to_play(state.prompt, items[turn.visit.place])], Phase.HEARS)
    else:
        turn.go(state.then)


def _notice_values(turn: Turn, state: Notices) -> Mapping[str, object]:
    items = turn.visit.values[state.items]
    assert isinstance(items, tuple), state.items
    return {**turn.visit.values, **items[turn.visit.place]}


def _part(turn: Turn, parting: Parting) -> None:
    """The caller comes back from the queue, or from a person."""
    state = turn.state
    if isinstance(state, Transfer):
        match parting:
            case Parting.SERVED:
                turn.go(state.on_served)
            case Parting.NO_AGENT:
                turn.go(state.on_no_agent)
            case Parting.QUEUE_LEFT:
                turn.go(state.on_queue_left)


def _end(turn: Turn) -> None:
    """The call is over; forget what was keyed."""
    turn.drop_type_ahead()
    turn.forget_secrets()
    turn.set(phase=Phase.ENDED, keys="", is_playing=False)
