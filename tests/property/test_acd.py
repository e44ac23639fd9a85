"""Whatever order things happen in: no agent is stuck, no call is left over, the right one is next.

Each input, also one that comes too late or makes no sense, is followed by all checks of
tests.builders.centre, among them a plain line of callers that says who must be rung.
"""

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.callcenter import signals as s
from gateway.callcenter.events import RingEnd
from gateway.callcenter.roster import CallState
from gateway.sip.desk_port import TicketEnd
from risk.domain.enums import Language
from tests.builders.centre import FOUR_AGENTS, Centre

AGENTS = [agent.name for agent in FOUR_AGENTS.agents]
QUEUES = ["trading", "vip", "general", "no such queue"]
NUMBERS = ["1", "2", "3", "101", "102", "103", "104", "999"]
BRANCHES = ["", "00001", "00002"]
RUNS, INPUTS_PER_RUN = 10_000, 25

Pick = Callable[[int], int]  # a number below the one given


class Day:
    """Makes inputs out of picks, on calls and attempts that are there, over, or never were."""

    def __init__(self, pick: Pick) -> None:
        self.pick = pick
        self.centre = Centre()
        self._call_count = 0

    def any_of(self, things: list[object]) -> object:
        return things[self.pick(len(things))]

    def call_no(self) -> str:
        return f"c{self.pick(self._call_count + 1)}"

    def attempt_no(self) -> int:
        alive = list(self.centre.acd.floor.attempts)
        if alive and self.pick(4):
            return alive[self.pick(len(alive))]
        return self.pick(40)

    def one_input(self) -> None:
        match self.pick(16):
            case 0 | 1 | 2:
                self.arrive()
            case 3:
                self.centre.give(s.CallerGone(self.call_no()))
            case 4:
                self.centre.give(s.TakenBack(self.call_no()))
            case 5 | 6:
                self.centre.give(s.SignedOn(AGENTS[self.pick(4)]))
            case 7:
                what = [s.SignedOff, s.WentAway, s.WentReady][self.pick(3)]
                self.centre.give(what(AGENTS[self.pick(4)]))
            case 8 | 9:
                self.centre.give(s.Answered(self.attempt_no()))
            case 10:
                why = list(RingEnd)[self.pick(len(RingEnd))]
                self.centre.give(s.NotAnswered(self.attempt_no(), why))
            case 11:
                what = [s.AgentHungUp, s.LinkLost][self.pick(2)]
                self.centre.give(what(self.attempt_no()))
            case 12:
                self.centre.give(s.HoldChanged(self.attempt_no(), bool(self.pick(2))))
            case 13:
                number = NUMBERS[self.pick(len(NUMBERS))]
                is_open = bool(self.pick(5))
                self.centre.give(s.TransferAsked(self.attempt_no(), number, is_open))
            case 14:
                self.centre.wait([0.0, 0.5, 5.0, 25.0, 90.0, 400.0][self.pick(6)])
            case _:
                kind = list(s.TimerKind)[self.pick(len(s.TimerKind))]
                key = s.TimerKey(kind, self.call_no())
                if key not in self.centre.timers:  # one that is not running
                    self.centre.give(s.TimerFired(key))

    def arrive(self) -> None:
        self._call_count += 1
        self.centre.give(
            s.Arrived(
                f"c{self._call_count}",
                QUEUES[self.pick(len(QUEUES))],
                list(Language)[self.pick(2)],
                BRANCHES[self.pick(3)],
                self.pick(2),
                bool(self.pick(8)),
            )
        )

    def end(self) -> None:
        """Nobody does anything any more: all waits end by themselves, and all rests."""
        centre = self.centre
        centre.wait(7_200)
        assert all(
            call.state in (CallState.TALKING, CallState.HELD)
            for call in centre.acd.floor.calls.values()
        )
        assert not centre.timers
        for attempt in list(centre.acd.floor.attempts):
            centre.give(s.AgentHungUp(attempt))
        centre.wait(7_200)
        assert not centre.tickets
        assert not centre.phones
        assert not centre.timers


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=120))
def test_no_order_of_events_leaves_an_agent_stuck_or_a_call_behind(numbers: list[int]) -> None:
    picks = iter(numbers)
    day = Day(lambda below: next(picks, 0) % below)
    for _ in range(len(numbers) // 2):
        day.one_input()
    day.end()


def test_ten_thousand_random_days_end_in_order() -> None:
    ends: set[TicketEnd] = set()
    for seed in range(RUNS):
        rng = random.Random(seed)
        day = Day(rng.randrange)
        for name in AGENTS[: rng.randrange(5)]:
            day.centre.give(s.SignedOn(name))
        for _ in range(INPUTS_PER_RUN):
            day.one_input()
        day.end()
        ends.update(end for _, end in day.centre.ended)
    assert ends == set(TicketEnd) - {TicketEnd.DESK_STOPPED}, "some way out was never taken"


def test_stopping_at_any_moment_ends_everything_at_once() -> None:
    for seed in range(500):
        rng = random.Random(seed)
        day = Day(rng.randrange)
        for name in AGENTS:
            day.centre.give(s.SignedOn(name))
        for _ in range(rng.randrange(60)):
            day.one_input()
        day.centre.give(s.DeskStopped())
        assert (day.centre.tickets, day.centre.phones, day.centre.timers) == (set(), {}, {})
