"""Figures against a day of calls counted by hand."""

import pytest

from gateway.callcenter import events as e
from gateway.callcenter.events import AgentState, TalkEnd
from gateway.callcenter.figures import DeskFigures
from gateway.sip.desk_port import TicketEnd

START_NS = 1_800_000_000 * 10**9
S = 10**9
DAY = 86_400


def a_day() -> DeskFigures:
    """Offered 10: 6 answered (4 within 20 s), 3 abandoned (after 2, 12 and 50 s), 1 too long."""
    figures = DeskFigures(service_level_s=20, short_abandon_s=5)
    calls = [(n, wait_s) for n, wait_s in enumerate((0, 5, 20, 20, 21, 54))]
    for call_no, wait_s in calls:
        ring(figures, f"a{call_no}", wait_s)
        figures.note(e.AgentConnected(START_NS, f"a{call_no}", "q", "li", wait_s * 1000, True))
        ended = e.AgentEnded(START_NS, f"a{call_no}", "q", "li", 60_000, 0, TalkEnd.AGENT_HUNG_UP)
        figures.note(ended)
        leave(figures, f"a{call_no}", wait_s, TicketEnd.CALLER_GONE, was_answered=True)
    for n, wait_s in enumerate((2, 12, 50)):
        ring(figures, f"b{n}", wait_s)
        leave(figures, f"b{n}", wait_s, TicketEnd.CALLER_GONE)
    figures.note(e.CallQueued(START_NS, "x", "q", 1))
    leave(figures, "x", 300, TicketEnd.TOO_LONG)
    for _ in range(2):
        figures.note(e.CallTurnedAway(START_NS, "y", "q", TicketEnd.FULL))
    return figures


def ring(figures: DeskFigures, call_no: str, wait_s: int) -> None:
    figures.note(e.CallQueued(START_NS, call_no, "q", 1))
    figures.note(e.AgentRung(START_NS, call_no, "q", "li", wait_s * 1000))


def leave(
    figures: DeskFigures, call_no: str, wait_s: int, end: TicketEnd, was_answered: bool = False
) -> None:
    figures.note(
        e.CallLeftQueue(START_NS, call_no, "q", wait_s * 1000, end, was_answered, not was_answered)
    )


def test_every_ratio_follows_its_formula() -> None:
    queue = a_day().queues["q"]
    assert (queue.offered, queue.answered, queue.abandoned, queue.blocked) == (10, 6, 3, 2)
    assert queue.service_level_1 == pytest.approx(4 / 6)
    assert queue.service_level_2 == pytest.approx((4 + 2) / 9)
    assert queue.service_level_3 == pytest.approx(4 / (10 - 1))
    assert queue.abandonment == pytest.approx((3 - 1) / (10 - 1))
    assert queue.connect_rate == pytest.approx(6 / 9)
    assert queue.speed_of_answer_s == pytest.approx((0 + 5 + 20 + 20 + 21 + 54) / 6)
    assert queue.blocking == pytest.approx(2 / 12)


def test_a_second_agent_of_the_same_call_is_not_a_second_answer() -> None:
    figures = a_day()
    figures.note(e.AgentConnected(START_NS, "a0", "q", "wang", 90_000, False))
    assert figures.queues["q"].answered == 6


def test_without_calls_there_is_no_ratio() -> None:
    queue = DeskFigures(20, 5).queues["q"]
    assert queue.service_level_3 is None
    assert queue.speed_of_answer_s is None


def test_occupancy_counts_talk_and_wrap_up_against_time_available() -> None:
    figures = DeskFigures(20, 5)
    steps = [
        (0, AgentState.READY), (100, AgentState.RINGING), (110, AgentState.TALKING),
        (200, AgentState.WRAP_UP), (240, AgentState.AWAY), (1_000, AgentState.READY),
    ]  # fmt: skip
    before = AgentState.OFFLINE
    for at_s, state in steps:
        figures.note(e.AgentChanged(START_NS + at_s * S, "li", state, before))
        before = state
    figures.note(e.AgentConnected(START_NS + 1_000 * S, "c", "q", "li", 0, True))
    now_ns = START_NS + 1_030 * S
    busy_s, available_s = 90 + 40, 100 + 10 + 30
    assert figures.occupancy("li", now_ns) == pytest.approx(busy_s / (busy_s + available_s))
    assert figures.handling_s(now_ns) == pytest.approx(busy_s)


def test_a_new_day_begins_with_zeros_and_the_states_as_they_are() -> None:
    figures = a_day()
    figures.note(e.AgentChanged(START_NS, "li", AgentState.READY, AgentState.OFFLINE))
    tomorrow_ns = START_NS + DAY * S
    figures.note(e.CallTurnedAway(tomorrow_ns, "z", "q", TicketEnd.CLOSED))
    assert figures.queues["q"].offered == 0
    assert figures.state_ms("li", tomorrow_ns + 5 * S) == {AgentState.READY: 5_000}
