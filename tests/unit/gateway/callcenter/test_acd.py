"""Who is rung, for whom, and what becomes of every unlucky case; on the machine alone."""

import pytest

from gateway.callcenter import events
from gateway.callcenter import signals as s
from gateway.callcenter.events import AgentState, RingEnd, TalkEnd
from gateway.callcenter.settings import AgentSettings, CallCenterSettings, QueueSettings
from gateway.sip.desk_port import TicketEnd
from risk.domain.enums import Language
from tests.builders.centre import FOUR_AGENTS, Centre


def a_centre(*agents: str, settings: CallCenterSettings = FOUR_AGENTS) -> Centre:
    centre = Centre(settings)
    for agent in agents:
        centre.give(s.SignedOn(agent))
    return centre


def talking(centre: Centre, call_no: str = "c1", queue: str = "trading") -> int:
    centre.give(s.Arrived(call_no, queue))
    attempt_no = centre.attempt(call_no)
    centre.give(s.Answered(attempt_no))
    return attempt_no


@pytest.mark.parametrize(
    ("card", "agent"),
    [
        (s.Arrived("c1", "trading"), "li"),  # the longest idle of li, wang, zhao, chen
        (s.Arrived("c1", "trading", Language.EN), "li"),
        (s.Arrived("c1", "vip"), "li"),
        (s.Arrived("c1", "general"), "zhao"),  # signed on first, but cannot trade
        (s.Arrived("c1", "general", Language.EN), "li"),
        (s.Arrived("c1", "general", Language.ZH, "00001"), "zhao"),
    ],
)
def test_the_longest_idle_agent_who_can_serve_is_rung(card: s.Arrived, agent: str) -> None:
    centre = a_centre("zhao", "li", "wang", "chen")
    centre.give(card)
    assert centre.rung() == [("c1", agent)]


def test_an_agent_of_a_branch_serves_its_callers_and_those_of_no_branch() -> None:
    centre = a_centre("chen")
    centre.give(s.Arrived("c1", "trading", Language.ZH, "00001"))
    assert centre.ended == [("c1", TicketEnd.NO_AGENT)]
    centre.give(s.Arrived("c2", "trading", Language.ZH, "00002"))
    assert centre.rung() == [("c2", "chen")]


def test_a_higher_priority_goes_first_and_a_returned_caller_before_all() -> None:
    centre = a_centre("li")
    attempt_no = talking(centre, "c1")
    centre.give(s.Arrived("c2", "trading"))
    centre.give(s.Arrived("c3", "vip"))
    centre.give(s.Arrived("c4", "trading", priority=50))
    centre.give(s.LinkLost(attempt_no))
    assert [call.call_no for call in centre.acd.floor.waiting()] == ["c1", "c4", "c3", "c2"]
    centre.wait(31)
    assert centre.rung()[-1] == ("c1", "li")


@pytest.mark.parametrize(
    ("card", "end"),
    [
        (s.Arrived("c9", "trading", is_open=False), TicketEnd.CLOSED),
        (s.Arrived("c9", "nowhere"), TicketEnd.NO_AGENT),
        (s.Arrived("c9", "vip"), TicketEnd.NO_AGENT),
        (s.Arrived("c9", "trading"), TicketEnd.FULL),
    ],
)
def test_a_caller_who_cannot_be_served_is_turned_away_at_once(
    card: s.Arrived, end: TicketEnd
) -> None:
    centre = a_centre("wang")
    for call_no in ("c1", "c2", "c3", "c4"):  # one rung for, three waiting
        centre.give(s.Arrived(call_no, "trading"))
    centre.give(card)
    assert centre.ended == [("c9", end)]
    assert type(centre.told[-1]) is events.CallTurnedAway


def test_a_queue_may_wait_for_agents_to_come() -> None:
    centre = a_centre()
    centre.give(s.Arrived("c1", "general"))
    centre.give(s.SignedOn("zhao"))
    assert centre.rung() == [("c1", "zhao")]


def test_the_longest_wait_ends_with_the_caller_back_in_the_flow() -> None:
    centre = a_centre()
    centre.give(s.Arrived("c1", "general"))
    centre.wait(59.9)
    assert centre.ended == []
    centre.wait(0.1)
    assert centre.ended == [("c1", TicketEnd.TOO_LONG)]


def test_a_wait_that_ends_while_it_rings_lets_it_ring_out() -> None:
    centre = a_centre()
    centre.give(s.Arrived("c1", "general"))
    centre.wait(50)
    centre.give(s.SignedOn("zhao"))
    centre.wait(15)
    assert centre.ended == []
    centre.wait(5)
    assert centre.ended == [("c1", TicketEnd.TOO_LONG)]


def test_an_overdue_wait_ends_with_the_agent_who_goes_away() -> None:
    centre = a_centre()
    centre.give(s.Arrived("c1", "general"))
    centre.wait(50)
    centre.give(s.SignedOn("zhao"))
    centre.wait(15)
    centre.give(s.WentAway("zhao"))
    assert centre.ended == [("c1", TicketEnd.TOO_LONG)]


@pytest.mark.parametrize(
    ("why", "state", "after_s"),
    [
        (RingEnd.NO_ANSWER, AgentState.RESTING, 1),
        (RingEnd.DECLINED, AgentState.RESTING, 1),
        (RingEnd.BUSY, AgentState.RESTING, 10),
        (RingEnd.UNREACHABLE, AgentState.RESTING, 30),
        (RingEnd.NO_MEDIA, AgentState.RESTING, 1),
    ],
)
def test_the_next_agent_is_rung_and_the_first_let_alone_for_a_while(
    why: RingEnd, state: AgentState, after_s: int
) -> None:
    centre = a_centre("li", "wang")
    centre.give(s.Arrived("c1", "trading"))
    centre.give(s.NotAnswered(centre.attempt("c1"), why))
    assert centre.rung() == [("c1", "li"), ("c1", "wang")]
    assert centre.state("li") is state
    centre.wait(after_s)
    assert centre.state("li") is AgentState.READY


def test_two_missed_rings_send_an_agent_away_until_the_agent_says_so() -> None:
    centre = a_centre("li")
    centre.give(s.Arrived("c1", "trading"))
    centre.wait(20 + 1 + 20 + 1)
    assert centre.rung() == [("c1", "li"), ("c1", "li")]
    assert centre.state("li") is AgentState.AWAY
    centre.give(s.WentReady("li"))
    assert centre.rung()[2:] == [("c1", "li")]


@pytest.mark.parametrize(
    ("said", "why"),
    [(s.AgentHungUp, RingEnd.DECLINED), (s.LinkLost, RingEnd.UNREACHABLE)],
)
def test_a_ring_also_ends_when_the_phone_goes_in_another_way(
    said: type[s.AgentHungUp] | type[s.LinkLost], why: RingEnd
) -> None:
    centre = a_centre("li", "wang")
    centre.give(s.Arrived("c1", "trading"))
    centre.give(said(centre.attempt("c1")))
    ended = centre.last_told(events.RingEnded)
    assert isinstance(ended, events.RingEnded)
    assert (ended.agent, ended.why) == ("li", why)
    assert centre.rung()[-1] == ("c1", "wang")


def test_missed_rings_count_only_in_a_row() -> None:
    centre = a_centre("li")
    centre.give(s.Arrived("c1", "trading"))
    centre.wait(21)  # missed one, and is rung again
    centre.give(s.Answered(centre.attempt("c1")))
    centre.give(s.AgentHungUp(centre.attempt("c1")))
    centre.wait(10)
    centre.give(s.Arrived("c2", "trading"))
    centre.wait(21)
    assert centre.state("li") is AgentState.RINGING


def test_an_answer_after_the_caller_left_is_hung_up() -> None:
    centre = a_centre("li")
    centre.give(s.Arrived("c1", "trading"))
    attempt_no = centre.attempt("c1")
    centre.give(s.CallerGone("c1"))
    assert centre.give(s.Answered(attempt_no)) == [s.Release(attempt_no)]
    assert centre.state("li") is AgentState.RESTING


def test_a_talk_is_followed_by_wrap_up_which_the_agent_may_end() -> None:
    centre = a_centre("li")
    attempt_no = talking(centre)
    centre.wait(42)
    centre.give(s.AgentHungUp(attempt_no))
    assert centre.ended == [("c1", TicketEnd.SERVED)]
    assert centre.state("li") is AgentState.WRAP_UP
    ended = centre.last_told(events.AgentEnded)
    assert isinstance(ended, events.AgentEnded)
    assert (ended.talk_ms, ended.held_ms, ended.why) == (42_000, 0, TalkEnd.AGENT_HUNG_UP)
    centre.give(s.WentReady("li"))
    assert centre.state("li") is AgentState.READY


def test_hold_is_counted_and_a_second_word_of_it_ignored() -> None:
    centre = a_centre("li")
    attempt_no = talking(centre)
    centre.give(s.HoldChanged(attempt_no, True))
    assert centre.give(s.HoldChanged(attempt_no, True)) == []
    centre.wait(7)
    centre.give(s.HoldChanged(attempt_no, False))
    centre.wait(3)
    centre.give(s.HoldChanged(attempt_no, True))
    centre.wait(2)
    centre.give(s.CallerGone("c1"))
    ended = centre.last_told(events.AgentEnded)
    assert isinstance(ended, events.AgentEnded)
    assert (ended.talk_ms, ended.held_ms) == (12_000, 9_000)
    held = [event.is_held for event in centre.told if isinstance(event, events.AgentHeld)]
    assert held == [True, False, True]


def test_a_lost_link_puts_the_caller_at_the_head_with_an_apology() -> None:
    centre = a_centre("li", "wang")
    attempt_no = talking(centre)
    effects = centre.give(s.LinkLost(attempt_no))
    assert s.PlayMusic("c1", with_apology=True) in effects
    assert centre.rung() == [("c1", "li"), ("c1", "wang")]
    centre.give(s.Answered(centre.attempt("c1")))
    connected = centre.last_told(events.AgentConnected)
    assert isinstance(connected, events.AgentConnected)
    assert (connected.agent, connected.is_first) == ("wang", False)
    centre.wait(29)
    assert centre.state("li") is AgentState.RESTING  # the phone may still be gone
    centre.wait(1)
    assert centre.state("li") is AgentState.READY


@pytest.mark.parametrize(
    ("number", "agents", "rung"),
    [
        ("3", ("wang", "zhao"), "zhao"),  # a queue
        ("103", ("wang", "zhao"), "zhao"),  # an agent
        ("104", ("wang", "zhao"), None),  # who is not there
        ("2", ("wang", "zhao"), None),  # nobody can serve vip
        ("102", ("wang", "zhao"), None),  # the agent's own
        ("999", ("wang", "zhao"), None),
    ],
)
def test_a_caller_is_passed_on_only_to_somebody_who_is_there(
    number: str, agents: tuple[str, ...], rung: str | None
) -> None:
    centre = a_centre(*agents)
    attempt_no = talking(centre)
    effects = centre.give(s.TransferAsked(attempt_no, number))
    assert s.TransferAnswered(attempt_no, rung is not None) in effects
    assert centre.rung()[1:] == ([] if rung is None else [("c1", rung)])


def test_a_queue_that_is_closed_takes_no_transfer() -> None:
    centre = a_centre("li", "zhao")
    attempt_no = talking(centre)
    effects = centre.give(s.TransferAsked(attempt_no, "3", is_open=False))
    assert effects == [s.TransferAnswered(attempt_no, False)]


def test_a_phone_that_is_unregistered_while_it_rings_rings_no_more() -> None:
    centre = a_centre("li", "wang")
    centre.give(s.Arrived("c1", "trading"))
    centre.give(s.SignedOff("li"))
    assert centre.rung() == [("c1", "li"), ("c1", "wang")]
    assert centre.state("li") is AgentState.OFFLINE


def test_a_talk_outlives_the_registration_of_its_phone() -> None:
    centre = a_centre("li")
    talking(centre)
    centre.give(s.SignedOff("li"))
    assert centre.state("li") is AgentState.TALKING
    centre.give(s.CallerGone("c1"))
    centre.wait(60)
    assert centre.state("li") is AgentState.OFFLINE


def test_a_break_outlives_the_registration_but_missed_rings_do_not() -> None:
    centre = a_centre("li", "wang")
    centre.give(s.WentAway("li"))
    centre.give(s.Arrived("c1", "trading"))
    centre.wait(42)  # wang misses two rings
    for agent in ("li", "wang"):
        centre.give(s.SignedOff(agent))
        centre.give(s.SignedOn(agent))
    assert centre.state("li") is AgentState.AWAY
    assert centre.state("wang") is AgentState.RINGING


def test_with_ready_on_login_off_an_agent_waits_for_the_own_word() -> None:
    settings = CallCenterSettings(
        queues=(QueueSettings(name="q", number="1"),),
        agents=(AgentSettings(name="li", number="101", phone="1001"),),
        ready_on_login=False,
    )
    centre = a_centre("li", settings=settings)
    assert centre.state("li") is AgentState.AWAY
    centre.give(s.WentReady("li"))
    assert centre.state("li") is AgentState.READY


def test_a_place_that_was_not_told_while_it_rang_is_told_after_it() -> None:
    centre = a_centre("li")
    centre.give(s.Arrived("c1", "trading"))
    centre.wait(0)  # the place is due at once, and it rings
    centre.give(s.NotAnswered(centre.attempt("c1"), RingEnd.BUSY))
    assert centre.timers[s.TimerKey(s.TimerKind.PLACE, "c1")] == centre.now_ns


def test_places_are_told_at_intervals_and_count_the_own_queue_only() -> None:
    centre = a_centre("li")
    talking(centre)
    centre.give(s.Arrived("c2", "vip"))
    centre.give(s.Arrived("c3", "trading"))
    centre.give(s.Arrived("c4", "trading"))
    said: list[s.SayPlace] = []
    for key in [key for key in centre.timers if key.kind is s.TimerKind.PLACE]:
        del centre.timers[key]
        effects = centre.give(s.TimerFired(key))
        said += [effect for effect in effects if isinstance(effect, s.SayPlace)]
    assert [(word.call_no, word.place) for word in said] == [("c2", 1), ("c3", 1), ("c4", 2)]
    assert said[2].wait_s == 2 * 180


def test_the_expected_wait_follows_the_length_of_talks() -> None:
    centre = a_centre("li")
    for n in range(8):
        attempt_no = talking(centre, f"c{n}")
        centre.wait(20)
        centre.give(s.AgentHungUp(attempt_no))
        centre.give(s.WentReady("li"))
    talking(centre, "last")
    centre.give(s.Arrived("next", "trading"))
    waits = centre.acd.floor.calls["next"]
    assert 60 < centre.acd.floor.expected_wait_s(waits) < 90  # 180 s were guessed
