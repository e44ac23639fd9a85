"""The desk: takes callers over from call flows, drives the ACD machine, tells what happens.

Everything that happens is an input, taken in a later turn and one at a time; so the machine never
meets itself. Not here: decisions (gateway.callcenter.acd) and calls (gateway.callcenter.switch).
"""

from collections import deque
from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime

from gateway.callcenter.acd import Acd
from gateway.callcenter.events import AgentConnected, AgentState, CallerShown, DeskBus, RingEnd
from gateway.callcenter.hours import OpenHours
from gateway.callcenter.settings import CallCenterSettings
from gateway.callcenter.signals import (
    Arrived,
    CallerGone,
    Connect,
    DeskStopped,
    Effect,
    EndTicket,
    Input,
    LinkLost,
    NotAnswered,
    PlayMusic,
    Release,
    Ring,
    SayPlace,
    SignedOff,
    SignedOn,
    StartTimer,
    StopTimer,
    TakenBack,
    TimerFired,
    TimerKey,
    TransferAnswered,
    TransferAsked,
    WentAway,
    WentReady,
)
from gateway.callcenter.switch import Caller, Switch
from gateway.core.tasks import Tasks, Timer
from gateway.media.port import Leg
from gateway.sip.boundary import contained
from gateway.sip.desk_port import CallerCard, DeskCall, TicketEnd


class _Ticket:
    """One caller with the desk."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self.end: TicketEnd | None = None
        self._leave = leave
        self._on_place: list[Callable[[int, int], None]] = []
        self._on_answered: list[Callable[[str], None]] = []
        self._on_ended: list[Callable[[TicketEnd], None]] = []

    def on_place(self, callback: Callable[[int, int], None]) -> None:
        self._on_place.append(callback)

    def on_answered(self, callback: Callable[[str], None]) -> None:
        self._on_answered.append(callback)

    def on_ended(self, callback: Callable[[TicketEnd], None]) -> None:
        if self.end is not None:
            callback(self.end)
        else:
            self._on_ended.append(callback)

    def leave(self) -> None:
        if self.end is None:
            self._leave()

    def tell_place(self, place: int, wait_s: int) -> None:
        for callback in self._on_place:
            contained("callcenter.callback_failed", partial(callback, place, wait_s))

    def tell_answered(self, agent: str) -> None:
        for callback in self._on_answered:
            contained("callcenter.callback_failed", partial(callback, agent))

    def tell_ended(self, end: TicketEnd) -> None:
        self.end = end
        for callback in self._on_ended:
            contained("callcenter.callback_failed", partial(callback, end))


class CallDesk:
    """gateway.sip.desk_port.AgentDesk over one call centre. Reactor thread only."""

    def __init__(
        self,
        settings: CallCenterSettings,
        open_switch: Callable[[Callable[[Input], None]], Switch],
        bus: DeskBus,
        tasks: Tasks,
        clock: IReactorTime,
        now_ns: Callable[[], int],
    ) -> None:
        """`open_switch` gets where to tell what happens at the phones."""
        self._acd = Acd(settings)
        self._hours = {queue.name: OpenHours(queue.hours) for queue in settings.queues}
        self._queue_of = {queue.number: queue.name for queue in settings.queues}
        self._first_queue = settings.queues[0].name if settings.queues else ""
        self._agent_of = {agent.phone: agent.name for agent in settings.agents}
        self._switch = open_switch(self._give)
        self._bus, self._tasks, self._clock, self._now_ns = bus, tasks, clock, now_ns
        self._tickets: dict[str, _Ticket] = {}
        self._timers: dict[TimerKey, tuple[int, Timer]] = {}
        self._timer_no = 0
        self._inputs: deque[Input] = deque()
        self._turn: Timer | None = None
        self._is_stopped = False

    @property
    def call_count(self) -> int:
        """Callers with the desk."""
        return len(self._tickets)

    @property
    def timer_count(self) -> int:
        """Timers that run for callers and agents."""
        return len(self._timers)

    @property
    def line_count(self) -> int:
        """Agents' phones ringing or talking."""
        return self._switch.line_count

    def opens_ns(self, queue: str) -> int:
        """Return when a queue opens next, Unix time; 0 when it is open or unknown."""
        hours = self._hours.get(queue or self._first_queue)
        return 0 if hours is None else hours.next_opening_ns(self._now_ns())

    def agent_states(self) -> dict[str, AgentState]:
        """Return what every agent is doing."""
        return {agent.name: agent.told for agent in self._acd.floor.agents.values()}

    def waiting(self) -> list[tuple[str, str, int]]:
        """Return call number, queue and arrival (Unix ns) of who waits, the next in front."""
        return [(c.call_no, c.queue.name, c.arrived_ns) for c in self._acd.floor.waiting()]

    def longest_wait_s(self) -> float:
        """Return how long the first to come of those who wait has waited; 0 when nobody does."""
        arrived = [arrived_ns for _, _, arrived_ns in self.waiting()]
        return (self._now_ns() - min(arrived)) / 1e9 if arrived else 0.0

    def start(self) -> None:
        """Begin to watch the phones."""
        self._switch.start()

    def stop(self) -> None:
        """End every talk and wait, at once."""
        if not self._is_stopped:
            self._is_stopped = True
            self._inputs.append(DeskStopped())
            self._take_all()
            self._tasks.stop()

    def enqueue(self, card: CallerCard, leg: Leg, call: DeskCall) -> _Ticket:
        """Take over an answered call and its leg; see gateway.sip.desk_port."""
        card = card._replace(queue=card.queue or self._first_queue)
        assert card.call_no not in self._tickets, f"{card.call_no} is with the desk already"
        ticket = _Ticket(partial(self._give, TakenBack(card.call_no)))
        if self._is_stopped:
            ticket.end = TicketEnd.DESK_STOPPED
            return ticket
        self._tickets[card.call_no] = ticket
        self._switch.callers[card.call_no] = Caller(card, leg, call)
        arrived = Arrived(
            card.call_no, card.queue, card.language, card.branch_code, card.priority,
            self._is_open(card.queue),
        )  # fmt: skip
        self._give(arrived)
        call.on_closed(lambda _: self._give(CallerGone(card.call_no)))
        return ticket

    def phone_changed(self, phone: str, is_registered: bool) -> None:
        """An agent's phone was registered or is no longer; give it to the registrar."""
        agent = self._agent_of.get(phone)
        if agent is not None:
            self._give(SignedOn(agent) if is_registered else SignedOff(agent))

    def agent_wishes(self, phone: str, is_ready: bool) -> bool:
        """Take an agent's wish for calls, or for none; False for a phone of no agent."""
        agent = self._agent_of.get(phone)
        if agent is not None:
            self._give(WentReady(agent) if is_ready else WentAway(agent))
        return agent is not None

    def _is_open(self, queue: str) -> bool:
        hours = self._hours.get(queue)
        return hours is None or hours.is_open(self._now_ns())

    def _give(self, given: Input) -> None:
        """Take an input in a later turn."""
        if self._is_stopped:
            return
        if isinstance(given, TransferAsked):
            given = given._replace(is_open=self._is_open(self._queue_of.get(given.number, "")))
        self._inputs.append(given)
        self._plan()

    def _plan(self) -> None:
        if self._turn is None:
            self._turn = self._tasks.call_later("callcenter.turn", 0, self._take_all)

    def _take_all(self) -> None:
        """Take what is there. A bug on the way costs a ring or a talk, and nothing else."""
        if self._turn is not None:
            self._turn.stop()
            self._turn = None
        for _ in range(len(self._inputs)):  # what comes of these is for a later turn
            for effect in self._acd.take(self._inputs.popleft(), self._now_ns()):
                if not contained("callcenter.effect_failed", partial(self._do, effect)):
                    self._repair(effect)

    def _repair(self, effect: Effect) -> None:
        """Let no call wait for what did not come about."""
        match effect:
            case Ring(attempt_no, _, _):
                self._give(NotAnswered(attempt_no, RingEnd.NO_MEDIA))
            case Connect(attempt_no, _):
                self._give(LinkLost(attempt_no))

    def _do(self, effect: Effect) -> None:
        match effect:
            case StartTimer(key, after_s):
                self._start_timer(key, after_s)
            case StopTimer(key):
                self._stop_timer(key)
            case Ring(attempt_no, agent, call_no):
                card = self._switch.callers[call_no].card
                self._bus.publish(CallerShown(self._now_ns(), agent, card))
                self._switch.ring(attempt_no, agent, call_no)
            case Release(attempt_no):
                self._switch.release(attempt_no)
            case Connect(attempt_no, call_no):
                self._switch.connect(attempt_no, call_no)
            case PlayMusic(call_no, with_apology):
                self._switch.play_music(call_no, with_apology)
            case SayPlace(call_no, place, wait_s):
                self._switch.say_place(call_no, place, wait_s)
                self._tickets[call_no].tell_place(place, wait_s)
            case TransferAnswered(attempt_no, is_taken):
                self._switch.answer_transfer(attempt_no, is_taken)
            case EndTicket(call_no, end):
                self._switch.let_go(call_no)
                self._tickets.pop(call_no).tell_ended(end)
            case event:
                if isinstance(event, AgentConnected):
                    self._tickets[event.call_no].tell_answered(event.agent)
                self._bus.publish(event)

    def _start_timer(self, key: TimerKey, after_s: float) -> None:
        self._stop_timer(key)
        self._timer_no += 1
        name, fired = f"callcenter.{key.kind.value}", partial(self._fired, key, self._timer_no)
        self._timers[key] = (self._timer_no, self._tasks.call_later(name, after_s, fired))

    def _stop_timer(self, key: TimerKey) -> None:
        if key in self._timers:
            self._timers.pop(key)[1].stop()

    def _fired(self, key: TimerKey, timer_no: int) -> None:
        """Take what happened before; by that the timer may have been stopped or started anew."""
        self._take_all()
        if key in self._timers and self._timers[key][0] == timer_no:
            del self._timers[key]
            self._give(TimerFired(key))
            self._take_all()
