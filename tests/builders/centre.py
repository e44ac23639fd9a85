"""A call centre around the ACD machine whose phones and clock are a test's; always checked."""

from collections import Counter

from gateway.callcenter.acd import Acd
from gateway.callcenter.events import AgentState
from gateway.callcenter.roster import CallState
from gateway.callcenter.settings import AgentSettings, CallCenterSettings, QueueSettings
from gateway.callcenter.signals import (
    Answered,
    Arrived,
    Connect,
    Effect,
    EndTicket,
    Input,
    PlayMusic,
    Release,
    Ring,
    SayPlace,
    StartTimer,
    StopTimer,
    TimerFired,
    TimerKey,
    TimerKind,
    TransferAnswered,
    TransferAsked,
)
from gateway.sip.desk_port import TicketEnd
from tests.oracles.acd_line import NaiveLine

NS = 1_000_000_000
START_NS = 1_800_000_000 * NS

FOUR_AGENTS = CallCenterSettings(
    queues=(
        QueueSettings(name="trading", number="1", skills=("trade",), waiting_max=3),
        QueueSettings(name="vip", number="2", skills=("trade", "vip"), priority=10),
        QueueSettings(name="general", number="3", waits_without_agents=True, wait_s_max=60),
    ),
    agents=(
        AgentSettings(name="li", number="101", phone="1001", skills=("trade", "vip")),
        AgentSettings(name="wang", number="102", phone="1002", skills=("trade",)),
        AgentSettings(name="zhao", number="103", phone="1003", languages=("zh",)),
        AgentSettings(
            name="chen", number="104", phone="1004", skills=("trade",), branch_code="00002"
        ),
    ),
    wrap_up_s=10,
)


class Centre:
    """Gives inputs to the machine and carries its effects out in memory, checking each."""

    def __init__(self, settings: CallCenterSettings = FOUR_AGENTS) -> None:
        self.settings = settings
        self.acd = Acd(settings)
        self.naive = NaiveLine(settings)
        self.now_ns = START_NS
        self.timers: dict[TimerKey, int] = {}
        self.phones: dict[str, int] = {}  # agent -> attempt
        self.rings: list[Ring] = []
        self.joined: dict[str, int] = {}  # call -> attempt
        self.tickets: set[str] = set()
        self.ended: list[tuple[str, TicketEnd]] = []
        self.told: list[object] = []
        self.counted: Counter[str] = Counter()

    def give(self, given: Input) -> list[Effect]:
        """Give an input, do what it asks for, check that everything is in order."""
        if isinstance(given, Arrived):
            self.tickets.add(given.call_no)
            self.naive.hear_of(given)
        elif isinstance(given, TransferAsked):
            self.naive.hear_of_transfer(given.number)
        effects = self.acd.take(given, self.now_ns)
        if isinstance(given, Answered) and given.attempt_no not in self.acd.floor.attempts:
            assert Release(given.attempt_no) in effects, "an answer nobody waits for stays open"
        for effect in effects:
            self._do(effect)
        self.check()
        return effects

    def _do(self, effect: Effect) -> None:
        match effect:
            case StartTimer(key, after_s):
                self.timers[key] = self.now_ns + int(after_s * NS)
            case StopTimer(key):
                del self.timers[key]
            case Ring(attempt_no, agent, _):
                assert agent not in self.phones, f"{agent} has two calls"
                self.phones[agent] = attempt_no
                self.rings.append(effect)
            case Release(attempt_no):
                self.phones = {a: n for a, n in self.phones.items() if n != attempt_no}
                self.joined = {c: n for c, n in self.joined.items() if n != attempt_no}
            case Connect(attempt_no, call_no):
                assert attempt_no in self.phones.values()
                assert call_no in self.tickets
                self.joined[call_no] = attempt_no
            case PlayMusic(call_no):
                assert call_no in self.tickets
                self.joined.pop(call_no, None)
            case EndTicket(call_no, end):
                self.tickets.remove(call_no)
                self.ended.append((call_no, end))
                assert call_no not in self.joined
            case SayPlace() | TransferAnswered():
                pass
            case event:
                self.told.append(event)
                self.counted[type(event).__name__] += 1
                self.naive.told(event)

    def wait(self, seconds: float) -> None:
        """Let time pass; timers fire in their order."""
        until_ns = self.now_ns + int(seconds * NS)
        while self.timers and min(self.timers.values()) <= until_ns:
            key = min(self.timers, key=lambda key: self.timers[key])
            self.now_ns = max(self.now_ns, self.timers.pop(key))
            self.give(TimerFired(key))
        self.now_ns = until_ns

    def check(self) -> None:
        """Check what must hold after every input."""
        floor = self.acd.floor
        assert set(self.timers) == floor.timers
        assert set(floor.calls) == self.tickets
        assert self.naive.next_pair() is None, "somebody waits for an agent who is free"
        owners = {k.owner for k in self.timers if k.kind is not TimerKind.REST}
        assert owners <= set(floor.calls), "a timer of a call that is over"
        for call in floor.calls.values():
            kinds = {k.kind for k in self.timers if k.owner == call.call_no}
            is_tied = call.state is not CallState.WAITING
            assert is_tied == (call.attempt is not None)
            match call.state:
                case CallState.WAITING:
                    assert TimerKind.WAIT in kinds, "a wait without end"
                    assert TimerKind.RING not in kinds, "a ring that is over is timed"
                case CallState.RINGING:
                    assert TimerKind.RING in kinds, "a ring without end"
                case _:
                    assert not kinds
            assert (call.call_no in self.joined) == (call.state is CallState.TALKING)
            assert self.naive_waits(call.call_no) == (call.state is CallState.WAITING)
        for agent in floor.agents.values():
            attempt = agent.attempt
            assert self.phones.get(agent.name) == (attempt.attempt_no if attempt else None)
            if attempt is not None:
                assert floor.calls[attempt.call.call_no].attempt is attempt
                assert floor.attempts[attempt.attempt_no] is attempt
                assert attempt.answered_ns or agent.is_at_work, "it rings for nobody"
            is_timed = TimerKey(TimerKind.REST, agent.name) in self.timers
            assert is_timed == (agent.rest is not None), "a rest without end, or an end of none"
            assert agent.told is agent.state
        self._check_counts()

    def naive_waits(self, call_no: str) -> bool:
        """Return whether the plain line holds the call."""
        return any(caller.card.call_no == call_no for caller in self.naive.line)

    def _check_counts(self) -> None:
        floor, count = self.acd.floor, self.counted
        assert count["CallQueued"] == count["CallLeftQueue"] + len(floor.calls)
        assert len(self.ended) == count["CallLeftQueue"] + count["CallTurnedAway"]
        talking = sum(bool(attempt.answered_ns) for attempt in floor.attempts.values())
        ringing = len(floor.attempts) - talking
        assert count["AgentRung"] == count["RingEnded"] + count["AgentConnected"] + ringing
        assert count["AgentConnected"] == count["AgentEnded"] + talking

    def state(self, agent: str) -> AgentState:
        """Return what an agent is doing."""
        return self.acd.floor.agents[agent].state

    def attempt(self, call_no: str) -> int:
        """Return the attempt of a call that rings or talks."""
        attempt = self.acd.floor.calls[call_no].attempt
        assert attempt is not None
        return attempt.attempt_no

    def rung(self) -> list[tuple[str, str]]:
        """Return call and agent of every ring so far."""
        return [(ring.call_no, ring.agent) for ring in self.rings]

    def last_told(self, kind: type) -> object:
        """Return the last event of a kind."""
        return next(event for event in reversed(self.told) if type(event) is kind)
