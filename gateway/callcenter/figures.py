"""Figures of a day per queue and agent, from the desk's events, each by its stated formula.

O offered = queued; A answered; B abandoned = the caller hung up before an answer; index T within
the service level time, index s within the short-abandon time. A caller who was turned away at the
door is blocked, not offered. Not here: metrics for alarms (gateway.callcenter.metrics).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from gateway.callcenter import events
from gateway.callcenter.events import AgentState, DeskEvent
from gateway.sip.desk_port import TicketEnd
from risk.domain.ids import is_same_day

MS: Final = 1_000_000
_BUSY: Final = (AgentState.TALKING, AgentState.WRAP_UP)
_AVAILABLE: Final = (AgentState.READY, AgentState.RINGING, AgentState.RESTING)


def _ratio(part: int, whole: int) -> float | None:
    """Return part of whole, None when there is nothing to divide by."""
    return part / whole if whole else None


@dataclass(slots=True)
class QueueFigures:
    """Counts of one queue in one day; the ratios are None without calls."""

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0  # A_T
    abandoned: int = 0
    abandoned_in_time: int = 0  # B_T
    abandoned_short: int = 0  # B_s
    blocked: int = 0
    rung: int = 0
    answer_wait_ms: int = 0
    talk_ms: int = 0  # hold included

    @property
    def service_level_1(self) -> float | None:
        """A_T / A: of those answered; hides who gave up."""
        return _ratio(self.answered_in_time, self.answered)

    @property
    def service_level_2(self) -> float | None:
        """(A_T + B_T) / (A + B)."""
        return _ratio(
            self.answered_in_time + self.abandoned_in_time, self.answered + self.abandoned
        )

    @property
    def service_level_3(self) -> float | None:
        """A_T / (O - B_s): the 80/20 of the trade, and the one to be held to."""
        return _ratio(self.answered_in_time, self.offered - self.abandoned_short)

    @property
    def abandonment(self) -> float | None:
        """(B - B_s) / (O - B_s)."""
        return _ratio(self.abandoned - self.abandoned_short, self.offered - self.abandoned_short)

    @property
    def connect_rate(self) -> float | None:
        """Answers by rings: how often a rung agent answered."""
        return _ratio(self.answered, self.rung)

    @property
    def speed_of_answer_s(self) -> float | None:
        """ASA: mean wait of those answered."""
        mean_ms = _ratio(self.answer_wait_ms, self.answered)
        return None if mean_ms is None else mean_ms / 1000

    @property
    def blocking(self) -> float | None:
        """Turned away at the door, of all who came."""
        return _ratio(self.blocked, self.blocked + self.offered)


class DeskFigures:
    """All queues and agents of the present day in China; a new day begins with zeros."""

    def __init__(self, service_level_s: float, short_abandon_s: float) -> None:
        self._level_ms, self._short_ms = service_level_s * 1000, short_abandon_s * 1000
        self.queues: defaultdict[str, QueueFigures] = defaultdict(QueueFigures)
        self._state_ms: defaultdict[str, Counter[AgentState]] = defaultdict(Counter)
        self._since: dict[str, tuple[AgentState, int]] = {}
        self._day_ns = 0

    def note(self, event: DeskEvent) -> None:
        """Take one event; subscribe it to the desk's bus."""
        if not is_same_day(event.at_ns, self._day_ns):
            self._begin_day(event.at_ns)
        match event:
            case events.CallQueued(_, _, queue, _):
                self.queues[queue].offered += 1
            case events.CallTurnedAway(_, _, queue, _):
                self.queues[queue].blocked += 1
            case events.AgentRung(_, _, queue, _, _):
                self.queues[queue].rung += 1
            case events.AgentConnected(_, _, queue, _, wait_ms, True):
                figures = self.queues[queue]
                figures.answered += 1
                figures.answered_in_time += wait_ms <= self._level_ms
                figures.answer_wait_ms += wait_ms
            case events.AgentEnded(_, _, queue, _, talk_ms, _, _):
                self.queues[queue].talk_ms += talk_ms
            case events.CallLeftQueue(_, _, queue, wait_ms, TicketEnd.CALLER_GONE, False):
                figures = self.queues[queue]
                figures.abandoned += 1
                figures.abandoned_in_time += wait_ms <= self._level_ms
                figures.abandoned_short += wait_ms <= self._short_ms
            case events.AgentChanged(at_ns, agent, state, _):
                self._pass_time(agent, at_ns)
                self._since[agent] = (state, at_ns)

    def _begin_day(self, at_ns: int) -> None:
        self._day_ns = at_ns
        self.queues.clear()
        self._state_ms.clear()
        self._since = {agent: (state, at_ns) for agent, (state, _) in self._since.items()}

    def _pass_time(self, agent: str, at_ns: int) -> None:
        if agent in self._since:
            state, since_ns = self._since[agent]
            self._state_ms[agent][state] += (at_ns - since_ns) // MS
            self._since[agent] = (state, at_ns)

    def state_ms(self, agent: str, at_ns: int) -> dict[AgentState, int]:
        """Return how long the agent was in each state today, until `at_ns`."""
        self._pass_time(agent, at_ns)
        return dict(self._state_ms[agent])

    def occupancy(self, agent: str, at_ns: int) -> float | None:
        """(talk + hold + wrap-up) / (that + available); breaks count for nothing."""
        spent_ms = self.state_ms(agent, at_ns)
        busy_ms = sum(spent_ms.get(state, 0) for state in _BUSY)
        return _ratio(busy_ms, busy_ms + sum(spent_ms.get(state, 0) for state in _AVAILABLE))

    def handling_s(self, at_ns: int) -> float | None:
        """AHT: (talk + hold + wrap-up) of all agents by answered calls of all queues."""
        spent_ms = sum(
            self.state_ms(agent, at_ns).get(state, 0)
            for agent in list(self._since)
            for state in _BUSY
        )
        mean_ms = _ratio(spent_ms, sum(figures.answered for figures in self.queues.values()))
        return None if mean_ms is None else mean_ms / 1000
