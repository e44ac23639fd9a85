"""The automatic call distributor: who waits, whose phone rings, who talks to whom; pure.

`take` gives an input and returns the effects, in order. Every wait has a timer or an attempt that
ends it. An input that does not fit (a late answer, a timer that was just stopped) changes nothing;
a late answer is hung up. Not here: calls and sound (gateway.callcenter.switch), time itself.
"""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.callcenter.events import (
    AgentConnected,
    AgentHeld,
    AgentState,
    CallQueued,
    CallTurnedAway,
    RingEnd,
    TalkEnd,
)
from gateway.callcenter.floor import MS, CallFloor
from gateway.callcenter.roster import Agent, Away, CallState, QueuedCall, Rest
from gateway.callcenter.settings import CallCenterSettings
from gateway.callcenter.signals import (
    CALL_TIMERS,
    AgentHungUp,
    Answered,
    Arrived,
    CallerGone,
    Connect,
    DeskStopped,
    Effect,
    EndTicket,
    HoldChanged,
    Input,
    LinkLost,
    NotAnswered,
    PlayMusic,
    Release,
    SayPlace,
    SignedOff,
    SignedOn,
    TakenBack,
    TimerFired,
    TimerKey,
    TimerKind,
    TransferAnswered,
    TransferAsked,
    WentAway,
    WentReady,
)
from gateway.sip.desk_port import TicketEnd

Step = Callable[[CallFloor, QueuedCall, Input], None]


class Acd:
    """All queues and agents of one call centre, driven by inputs."""

    def __init__(self, settings: CallCenterSettings) -> None:
        self.floor = CallFloor(settings)

    def take(self, given: Input, now_ns: int) -> list[Effect]:
        """Take an input at `now_ns`, Unix time; return what is to be done, in order.

        Raises KeyError for an agent who is not in the settings.
        """
        floor = self.floor
        floor.now_ns, floor.effects = now_ns, []
        match given:
            case Arrived():
                _arrived(floor, given)
            case SignedOn(name) | SignedOff(name) | WentReady(name) | WentAway(name):
                _agent_said(floor, floor.agents[name], given)
            case TimerFired(key):
                _timer_fired(floor, key, given)
            case CallerGone(call_no) | TakenBack(call_no):
                if (call := floor.calls.get(call_no)) is not None:
                    _step(floor, call, type(given), given)
            case DeskStopped():
                for call in list(floor.calls.values()):
                    floor.end(call, TicketEnd.DESK_STOPPED, TalkEnd.DESK_STOPPED)
                for agent in floor.agents.values():
                    agent.is_on, agent.rest = False, None
                    floor.stop_timer(TimerKind.REST, agent.name)
            case _:
                _attempt_said(floor, given)
        floor.match()
        return floor.effects


def _step(floor: CallFloor, call: QueuedCall, what: type | TimerKind, given: Input) -> None:
    step = TABLE[call.state].get(what)
    if step is not None:
        step(floor, call, given)


def _attempt_said(floor: CallFloor, given: Input) -> None:
    assert isinstance(
        given, Answered | NotAnswered | AgentHungUp | LinkLost | HoldChanged | TransferAsked
    )
    attempt = floor.attempts.get(given.attempt_no)
    if attempt is not None:
        _step(floor, attempt.call, type(given), given)
    elif isinstance(given, Answered):  # it crossed our giving up
        floor.do(Release(given.attempt_no))


def _timer_fired(floor: CallFloor, key: TimerKey, given: Input) -> None:
    if key not in floor.timers:
        return
    floor.timers.remove(key)
    if key.kind is TimerKind.REST:
        floor.agents[key.owner].rest = None
    else:
        _step(floor, floor.calls[key.owner], key.kind, given)


def _arrived(floor: CallFloor, given: Arrived) -> None:
    assert given.call_no not in floor.calls, f"{given.call_no} is queued already"
    queue = floor.queues.get(given.queue)
    end: TicketEnd | None = TicketEnd.NO_AGENT
    if queue is not None:
        call = QueuedCall(given, queue, floor.now_ns, floor.next_no())
        end = _obstacle(floor, call)
    if end is not None:
        floor.do(CallTurnedAway(floor.now_ns, given.call_no, given.queue, end))
        floor.do(EndTicket(given.call_no, end))
        return
    floor.calls[given.call_no] = call
    floor.do(CallQueued(floor.now_ns, given.call_no, given.queue, floor.place(call)))
    floor.do(PlayMusic(given.call_no))
    floor.wait(call)


def _obstacle(floor: CallFloor, call: QueuedCall) -> TicketEnd | None:
    if not call.card.is_open:
        return TicketEnd.CLOSED
    if sum(other.queue is call.queue for other in floor.waiting()) >= call.queue.waiting_max:
        return TicketEnd.FULL
    return None if floor.can_pass(call, call.queue) else TicketEnd.NO_AGENT


def _say_place(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    floor.start_timer(TimerKind.PLACE, call.call_no, floor.settings.place_every_s)
    call.owes_place = call.state is not CallState.WAITING
    if not call.owes_place:
        floor.do(SayPlace(call.call_no, floor.place(call), floor.expected_wait_s(call)))


def _waited_too_long(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    floor.end(call, TicketEnd.TOO_LONG, TalkEnd.TAKEN_BACK)


def _overdue(_: CallFloor, call: QueuedCall, __: Input) -> None:
    call.is_overdue = True  # let it ring out: nearly answered, sent away would be worse


def _caller_gone(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    floor.end(call, TicketEnd.CALLER_GONE, TalkEnd.CALLER_GONE)


def _taken_back(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    floor.end(call, TicketEnd.LEFT, TalkEnd.TAKEN_BACK)


def _not_answered(floor: CallFloor, call: QueuedCall, given: Input) -> None:
    assert isinstance(given, NotAnswered)
    _ring_failed(floor, call, given.why)


def _declined(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    _ring_failed(floor, call, RingEnd.DECLINED)


def _lost_ringing(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    _ring_failed(floor, call, RingEnd.UNREACHABLE)


def _rang_out(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    _ring_failed(floor, call, RingEnd.NO_ANSWER)


def _ring_failed(floor: CallFloor, call: QueuedCall, why: RingEnd) -> None:
    """Try the next agent; the one who did not answer goes to the back of the line."""
    assert call.attempt is not None
    agent = call.attempt.agent
    floor.untie(call.attempt, why)
    if why in (RingEnd.NO_ANSWER, RingEnd.DECLINED, RingEnd.UNREACHABLE):
        agent.misses += 1
        if agent.misses >= floor.settings.misses_max and agent.away is None:
            agent.away, agent.misses = Away.MISSED, 0
    _end_if_overdue(floor, call)


def _end_if_overdue(floor: CallFloor, call: QueuedCall) -> None:
    if call.is_overdue:
        floor.end(call, TicketEnd.TOO_LONG, TalkEnd.TAKEN_BACK)


def _answered(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    attempt = call.attempt
    assert attempt is not None
    for kind in CALL_TIMERS:
        floor.stop_timer(kind, call.call_no)
    attempt.agent.misses = 0
    attempt.answered_ns = floor.now_ns
    is_first = call.first_answer_ns == 0
    call.first_answer_ns = call.first_answer_ns or floor.now_ns
    call.state, call.is_overdue = CallState.TALKING, False
    floor.do(Connect(attempt.attempt_no, call.call_no))
    wait_ms = (call.first_answer_ns - call.arrived_ns) // MS
    names = (call.call_no, call.queue.name, attempt.agent.name)
    floor.do(AgentConnected(floor.now_ns, *names, wait_ms, is_first))


def _hold_changed(floor: CallFloor, call: QueuedCall, given: Input) -> None:
    attempt = call.attempt
    assert attempt is not None
    assert isinstance(given, HoldChanged)
    if given.is_held == (call.state is CallState.HELD):
        return
    if given.is_held:
        call.state, attempt.held_since_ns = CallState.HELD, floor.now_ns
        floor.do(PlayMusic(call.call_no))
    else:
        call.state = CallState.TALKING
        attempt.held_ns += floor.now_ns - attempt.held_since_ns
        floor.do(Connect(attempt.attempt_no, call.call_no))
    names = (call.call_no, call.queue.name, attempt.agent.name)
    floor.do(AgentHeld(floor.now_ns, *names, given.is_held))


def _agent_hung_up(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    floor.end(call, TicketEnd.SERVED, TalkEnd.AGENT_HUNG_UP)


def _link_lost(floor: CallFloor, call: QueuedCall, _: Input) -> None:
    """The caller waits again, first of all; the agent's phone gets time to come back."""
    assert call.attempt is not None
    agent = call.attempt.agent
    floor.part(call, TalkEnd.LINK_LOST)
    floor.let_rest(agent, Rest.UNREACHABLE, floor.settings.unreachable_s)
    floor.do(PlayMusic(call.call_no, with_apology=True))
    floor.wait_again(call, TalkEnd.LINK_LOST)


def _transfer_asked(floor: CallFloor, call: QueuedCall, given: Input) -> None:
    """Pass the caller on to a queue where somebody is at work, or to an agent who is ready."""
    assert isinstance(given, TransferAsked)
    queue, agent = floor.numbered(given.number)
    is_free = agent is not None and agent.state is AgentState.READY
    is_served = queue is not None and floor.can_pass(call, queue)
    is_taken = given.is_open and (is_free or is_served)
    floor.do(TransferAnswered(given.attempt_no, is_taken))
    if is_taken:
        floor.part(call, TalkEnd.TRANSFERRED)
        call.queue = queue or call.queue
        call.wanted_agent = agent.name if agent is not None else ""
        floor.do(PlayMusic(call.call_no))
        floor.wait_again(call, TalkEnd.TRANSFERRED)


def _agent_said(floor: CallFloor, agent: Agent, given: Input) -> None:
    match given:
        case SignedOn() if not agent.is_on:
            agent.is_on, agent.misses = True, 0
            if agent.away is not Away.OWN_WISH:
                agent.away = None if floor.settings.ready_on_login else Away.OWN_WISH
        case SignedOff():
            agent.is_on = False
        case WentReady():
            agent.away, agent.misses = None, 0
            if agent.rest is Rest.WRAP_UP:
                agent.rest = None
                floor.stop_timer(TimerKind.REST, agent.name)
        case WentAway():
            agent.away = Away.OWN_WISH
    attempt = agent.attempt
    if attempt is not None and not attempt.answered_ns and not agent.is_at_work:
        floor.untie(attempt, RingEnd.STOPPED)
        _end_if_overdue(floor, attempt.call)


_Row = Mapping[type | TimerKind, Step]
_ALWAYS: Final[_Row] = {CallerGone: _caller_gone, TakenBack: _taken_back}
_IN_TALK: Final[_Row] = {
    AgentHungUp: _agent_hung_up,
    LinkLost: _link_lost,
    NotAnswered: _link_lost,  # how its signalling ended after the answer does not matter
    HoldChanged: _hold_changed,
    TransferAsked: _transfer_asked,
}

# What each state of a call takes; anything else is late, or impossible, and changes nothing.
TABLE: Final[Mapping[CallState, _Row]] = {
    CallState.WAITING: {
        **_ALWAYS,
        TimerKind.WAIT: _waited_too_long,
        TimerKind.PLACE: _say_place,
    },
    CallState.RINGING: {
        **_ALWAYS,
        Answered: _answered,
        NotAnswered: _not_answered,
        AgentHungUp: _declined,
        LinkLost: _lost_ringing,
        TimerKind.RING: _rang_out,
        TimerKind.WAIT: _overdue,
        TimerKind.PLACE: _say_place,
    },
    CallState.TALKING: {**_ALWAYS, **_IN_TALK},
    CallState.HELD: {**_ALWAYS, **_IN_TALK},
}
