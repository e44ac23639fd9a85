"""The floor of the call centre: calls, agents and what ties them, with the moves that keep order.

Every move leaves the floor whole: a call that ends takes its attempt and timers along, an agent is
tied to one call at most. Not here: which input causes which move (gateway.callcenter.acd).
"""

from typing import Final

from gateway.callcenter.events import (
    AgentChanged,
    AgentEnded,
    AgentRung,
    AgentState,
    CallLeftQueue,
    CallReturned,
    RingEnd,
    RingEnded,
    TalkEnd,
)
from gateway.callcenter.roster import Agent, Attempt, CallState, QueuedCall, Rest
from gateway.callcenter.settings import CallCenterSettings, QueueSettings
from gateway.callcenter.signals import (
    CALL_TIMERS,
    Effect,
    EndTicket,
    Release,
    Ring,
    StartTimer,
    StopTimer,
    TimerKey,
    TimerKind,
)
from gateway.sip.desk_port import TicketEnd

TALK_S_GUESSED: Final = 180  # before anybody has talked
SETTLE_S: Final = 1.0
MS: Final = 1_000_000


class CallFloor:
    """State of the ACD machine. `now_ns` is the time of the input being taken."""

    def __init__(self, settings: CallCenterSettings) -> None:
        self.settings = settings
        self.queues = {queue.name: queue for queue in settings.queues}
        self.agents = {agent.name: Agent(agent) for agent in settings.agents}
        self.calls: dict[str, QueuedCall] = {}
        self.attempts: dict[int, Attempt] = {}
        self.timers: set[TimerKey] = set()
        self.now_ns = 0
        self.effects: list[Effect] = []
        self._count = 0  # of arrivals, attempts and turns to ready: never the same twice
        self._talk_ms = TALK_S_GUESSED * 1000

    def do(self, effect: Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    def next_no(self) -> int:
        """Return a number higher than all before."""
        self._count += 1
        return self._count

    def start_timer(self, kind: TimerKind, owner: str, after_s: float) -> None:
        """Start a timer, in place of the one there may be."""
        key = TimerKey(kind, owner)
        self.timers.add(key)
        self.do(StartTimer(key, after_s))

    def stop_timer(self, kind: TimerKind, owner: str) -> None:
        """Stop a timer if it runs."""
        key = TimerKey(kind, owner)
        if key in self.timers:
            self.timers.remove(key)
            self.do(StopTimer(key))

    def waiting(self) -> list[QueuedCall]:
        """Return the calls nobody is rung for, the next to be answered in front."""
        calls = (call for call in self.calls.values() if call.state is CallState.WAITING)
        return sorted(calls, key=lambda call: call.rank)

    def place(self, call: QueuedCall) -> int:
        """Return the place of a call among those who wait in its queue; 1 is next."""
        return 1 + sum(o.queue is call.queue and o.rank < call.rank for o in self.waiting())

    def hopes(self, call: QueuedCall) -> int:
        """Return how many agents at work may serve the call."""
        return sum(a.is_at_work and a.may_serve(call) for a in self.agents.values())

    def expected_wait_s(self, call: QueuedCall) -> int:
        """Return a guess: the calls in front and this one, shared by the agents at work."""
        return self.place(call) * self._talk_ms // max(1, self.hopes(call)) // 1000

    def numbered(self, number: str) -> tuple[QueueSettings | None, Agent | None]:
        """Return the queue or the agent with this number."""
        queues = (queue for queue in self.queues.values() if queue.number == number)
        agents = (agent for agent in self.agents.values() if agent.settings.number == number)
        return next(queues, None), next(agents, None)

    def can_pass(self, call: QueuedCall, queue: QueueSettings) -> bool:
        """Return whether anybody of that queue could answer the call."""
        moved = QueuedCall(call.card, queue, call.arrived_ns, call.arrival_no)
        return queue.waits_without_agents or self.hopes(moved) > 0

    def wait(self, call: QueuedCall) -> None:
        """Begin a wait of its full length."""
        self.start_timer(TimerKind.WAIT, call.call_no, call.queue.wait_s_max)
        self.start_timer(TimerKind.PLACE, call.call_no, 0.0)  # told unless it rings at once

    def match(self) -> None:
        """Tell changed agents; ring the longest idle for the first caller, as long as one fits."""
        self._tell_agents()
        ready = [agent for agent in self.agents.values() if agent.state is AgentState.READY]
        ready.sort(key=lambda agent: agent.ready_no)
        for call in self.waiting():
            wanted = self.agents.get(call.wanted_agent)
            if wanted is not None and wanted.state is not AgentState.READY:
                call.wanted_agent = ""  # no longer free: anybody of the queue
            agent = next((agent for agent in ready if agent.may_serve(call)), None)
            if agent is not None:
                ready.remove(agent)
                self._ring(call, agent)
        self._tell_agents()

    def _tell_agents(self) -> None:
        for agent in self.agents.values():
            if agent.state is not agent.told:
                before, agent.told = agent.told, agent.state
                if agent.state is AgentState.READY:
                    agent.ready_no = self.next_no()
                self.do(AgentChanged(self.now_ns, agent.name, agent.state, before))

    def _ring(self, call: QueuedCall, agent: Agent) -> None:
        attempt = Attempt(self.next_no(), agent, call)
        self.attempts[attempt.attempt_no] = attempt
        call.attempt = agent.attempt = attempt
        call.state = CallState.RINGING
        wait_ms = (self.now_ns - call.arrived_ns) // MS
        self.do(AgentRung(self.now_ns, call.call_no, call.queue.name, agent.name, wait_ms))
        self.start_timer(TimerKind.RING, call.call_no, self.settings.ring_s)
        self.do(Ring(attempt.attempt_no, agent.name, call.call_no))

    def untie(self, attempt: Attempt, why: RingEnd) -> None:
        """End an unanswered ring: the call waits again, the agent rests a little.

        A call whose longest wait ended while it rang is over with that.
        """
        call, agent = attempt.call, attempt.agent
        self.stop_timer(TimerKind.RING, call.call_no)
        self._forget(attempt)
        call.state, call.wanted_agent = CallState.WAITING, ""
        if call.owes_place:
            self.start_timer(TimerKind.PLACE, call.call_no, 0.0)
        self.do(RingEnded(self.now_ns, call.call_no, call.queue.name, agent.name, why))
        match why:
            case RingEnd.BUSY:
                self.let_rest(agent, Rest.BUSY, self.settings.busy_s)
            case RingEnd.UNREACHABLE:
                self.let_rest(agent, Rest.UNREACHABLE, self.settings.unreachable_s)
            case _:
                self.let_rest(agent, Rest.SETTLING, SETTLE_S)

    def part(self, call: QueuedCall, why: TalkEnd) -> None:
        """End the agent's part in a call, if there is one."""
        attempt = call.attempt
        if attempt is None:
            return
        if not attempt.answered_ns:
            self.untie(attempt, RingEnd.STOPPED)
            return
        if call.state is CallState.HELD:
            attempt.held_ns += self.now_ns - attempt.held_since_ns
        self._forget(attempt)
        call.state = CallState.WAITING
        talk_ms = (self.now_ns - attempt.answered_ns) // MS
        self._talk_ms += (talk_ms - self._talk_ms) // 8  # the last few talks count most
        names = (call.call_no, call.queue.name, attempt.agent.name)
        self.do(AgentEnded(self.now_ns, *names, talk_ms, attempt.held_ns // MS, why))
        self.let_rest(attempt.agent, Rest.WRAP_UP, self.settings.wrap_up_s)

    def _forget(self, attempt: Attempt) -> None:
        """Cut the tie between call and agent: here and nowhere else."""
        del self.attempts[attempt.attempt_no]
        attempt.call.attempt = attempt.agent.attempt = None
        self.do(Release(attempt.attempt_no))

    def wait_again(self, call: QueuedCall, why: TalkEnd) -> None:
        """Put a call that an agent had at the head of its queue."""
        call.is_returned = True
        self.do(CallReturned(self.now_ns, call.call_no, call.queue.name, why))
        self.wait(call)

    def end(self, call: QueuedCall, end: TicketEnd, why: TalkEnd) -> None:
        """Let a call go: the only way out; no attempt and no timer of it is left."""
        was_waiting = call.state in (CallState.WAITING, CallState.RINGING)
        self.part(call, why)
        for kind in CALL_TIMERS:
            self.stop_timer(kind, call.call_no)
        del self.calls[call.call_no]
        wait_ms = ((call.first_answer_ns or self.now_ns) - call.arrived_ns) // MS
        names, facts = (call.call_no, call.queue.name), (call.first_answer_ns > 0, was_waiting)
        self.do(CallLeftQueue(self.now_ns, *names, wait_ms, end, *facts))
        self.do(EndTicket(call.call_no, end))

    def let_rest(self, agent: Agent, rest: Rest, seconds: float) -> None:
        """Give the agent no call for a while."""
        if seconds > 0:
            agent.rest = rest
            self.start_timer(TimerKind.REST, agent.name, seconds)
