"""Who is rung next, by plain lists kept from what the desk tells; knows nothing of its machine.

Callers stand in a line, agents on a bench: whoever became free first sits in front.
"""

from typing import NamedTuple

from gateway.callcenter import events
from gateway.callcenter.events import AgentState, TalkEnd
from gateway.callcenter.settings import CallCenterSettings
from gateway.callcenter.signals import Arrived


class Caller(NamedTuple):
    """One who waits."""

    card: Arrived
    queue: str
    arrival_no: int
    is_returned: bool
    wanted_agent: str


class NaiveLine:
    """The line and the bench."""

    def __init__(self, settings: CallCenterSettings) -> None:
        self.queues = {queue.name: queue for queue in settings.queues}
        self.agents = {agent.name: agent for agent in settings.agents}
        self.line: list[Caller] = []
        self.bench: list[str] = []
        self.rung: dict[str, Caller] = {}
        self._arrivals: dict[str, tuple[Arrived, int]] = {}
        self._asked = ""

    def hear_of(self, card: Arrived) -> None:
        """A caller comes."""
        self._arrivals[card.call_no] = (card, len(self._arrivals))

    def hear_of_transfer(self, number: str) -> None:
        """An agent keys this number."""
        self._asked = next((a.name for a in self.agents.values() if a.number == number), "")

    def next_pair(self) -> tuple[str, str] | None:
        """Return call and agent who should be brought together now."""
        self.line = [
            c if c.wanted_agent in self.bench else c._replace(wanted_agent="") for c in self.line
        ]
        for caller in sorted(self.line, key=self._rank):
            for agent in self.bench:
                if self._fits(caller, agent):
                    return caller.card.call_no, agent
        return None

    def _rank(self, caller: Caller) -> tuple[int, int, int]:
        weight = self.queues[caller.queue].priority + caller.card.priority
        return (0 if caller.is_returned else 1, -weight, caller.arrival_no)

    def _fits(self, caller: Caller, name: str) -> bool:
        if caller.wanted_agent:
            return caller.wanted_agent == name
        agent = self.agents[name]
        for skill in self.queues[caller.queue].skills:
            if skill not in agent.skills:
                return False
        if caller.card.language.name.lower() not in agent.languages:
            return False
        return "" in (agent.branch_code, caller.card.branch_code) or (
            agent.branch_code == caller.card.branch_code
        )

    def told(self, event: object) -> None:
        """Follow one event of the desk; AssertionError when the wrong pair is brought together."""
        match event:
            case events.CallQueued(_, call_no, queue, _):
                card, arrival_no = self._arrivals[call_no]
                self.line.append(Caller(card, queue, arrival_no, False, ""))
            case events.AgentRung(_, call_no, _, agent, _):
                assert self.next_pair() == (call_no, agent)
                self.rung[call_no] = next(c for c in self.line if c.card.call_no == call_no)
                self.line.remove(self.rung[call_no])
            case events.RingEnded(_, call_no, _, _, _):
                self.line.append(self.rung.pop(call_no)._replace(wanted_agent=""))
            case events.CallReturned(_, call_no, queue, why):
                wanted = self._asked if why is TalkEnd.TRANSFERRED else ""
                card, arrival_no = self._arrivals[call_no]
                self.line.append(Caller(card, queue, arrival_no, True, wanted))
            case events.CallLeftQueue(_, call_no):
                self.line = [c for c in self.line if c.card.call_no != call_no]
            case events.AgentChanged(_, agent, state, _):
                if agent in self.bench:
                    self.bench.remove(agent)
                if state is AgentState.READY:
                    self.bench.append(agent)
