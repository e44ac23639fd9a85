"""The desk with phones in memory: what callers hear, what phones are asked, what is left over."""

import msgspec
import pytest
from twisted.internet.defer import Deferred

from gateway.callcenter import events
from gateway.callcenter.events import AgentState, RingEnd, TalkEnd
from gateway.callcenter.settings import QueueSettings
from gateway.media.port import Codec
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import TicketEnd
from gateway.sip.uri import Uri
from risk.domain.enums import Language
from tests.builders.call_desk import PEER, TWO_AGENTS, DeskRoom

BUSY = CloseReason.REFUSED
DRAFT = {"side_word": "buy", "symbol": "600000", "qty": "200"}


class AskedReferral:
    """A REFER of an agent's phone; notes what the phone is told."""

    def __init__(self, number: str, told: list[str]) -> None:
        self.to = Uri("sip", user=number, host="192.0.2.10")
        self._told = told

    def progress(self, status: int) -> None:
        self._told.append(f"{self.to.user}: {status}")


def test_a_caller_hears_music_then_the_agent_and_goes_back_to_the_flow() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    leg = room.call()
    assert leg.heard == ["music"]
    room.phones.calls["1001"].answer()
    room.turn()
    (agent_leg,) = room.media.legs
    assert (leg.heard, leg.other) == ([], agent_leg)
    assert room.answers == ["li"]
    room.phones.calls["1001"].close(CloseReason.REMOTE_BYE)
    room.turn()
    assert room.ends == [("c1", TicketEnd.SERVED)]
    assert (leg.other, leg.heard, leg.is_closed) == (None, [], False)
    room.assert_empty()


def test_the_agents_leg_follows_the_phone() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    _, call = room.talk()
    (leg,) = room.media.legs
    assert leg.peer == PEER
    moved = PEER._replace(port=5000)
    call.happen("on_peer", moved)
    call.happen("on_key", "5")
    assert (leg.peer, leg.infos) == (moved, "5")


def test_the_agents_phone_shows_who_calls_and_is_offered_the_callers_codec_only() -> None:
    room = DeskRoom()
    room.sign_on("1002")
    room.call(
        account_no="100200301234", is_verified=True, draft=DRAFT, branch_code="00001",
        path=("a", "main", "order.price", "order.qty"), language=Language.ZH,
    )  # fmt: skip
    ((phone, said),) = room.phones.placed
    assert phone == "1002"
    assert said["codecs"] == (Codec.PCMU,)
    assert said["ani"] == "13800138000"
    assert said["display"] == "verified, account ending 1234 was buying 600000 200"
    headers = dict(said["headers"])  # type: ignore[call-overload]
    assert headers["X-Hotline-Account"] == "****1234"
    assert headers["X-Hotline-Draft"] == "side_word=buy; symbol=600000; qty=200"
    assert headers["X-Hotline-Path"] == "main order.price order.qty"
    assert "100200301234" not in repr(said)


def test_the_whole_card_is_told_when_the_agent_is_rung() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.call(account_no="100200301234", draft=DRAFT)
    (shown,) = [event for event in room.told if isinstance(event, events.CallerShown)]
    assert (shown.agent, shown.card.account_no, shown.card.draft) == ("li", "100200301234", DRAFT)


def test_places_are_told_and_music_goes_on() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.talk("c1")
    second = room.call("c2", language=Language.EN)
    assert second.heard == ["agent.place 1 3 en", "music"]
    third = room.call("c3", is_slow=True)
    assert third.heard == ["agent.place 2 6 zh slowly", "music"]
    assert room.places == [(1, 180), (2, 360)]
    for _ in range(int(TWO_AGENTS.place_every_s)):
        room.sound(room.media.legs[0])
        room.turn(1)
    assert room.places[2:] == [(1, 180), (2, 360)]


def test_a_caller_who_hangs_up_while_it_rings_ends_the_ring() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.call()
    room.callers["c1"][1].close(CloseReason.REMOTE_BYE)
    room.turn()
    assert room.phones.calls["1001"].hangups == 1
    assert room.ends == [("c1", TicketEnd.CALLER_GONE)]
    room.assert_empty()


def test_a_caller_who_hangs_up_while_the_agents_leg_is_opened_leaves_no_call() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.media.held_back = Deferred()
    room.call()
    room.callers["c1"][1].close(CloseReason.REMOTE_BYE)
    room.turn()
    room.media.held_back.callback(None)
    assert room.phones.placed == []
    room.assert_empty()


def test_an_answer_that_crosses_the_hang_up_in_the_same_turn_is_hung_up() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    leg = room.call()
    room.callers["c1"][1].close(CloseReason.REMOTE_BYE)
    room.phones.calls["1001"].answer()  # before the desk's next turn
    room.turn()
    assert leg.other is None
    assert room.desk.agent_states()["li"] is AgentState.RESTING
    room.assert_empty()


def test_ringing_agents_are_changed_for_the_next_until_one_answers() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    room.call()
    room.phones.calls["1001"].close(CloseReason.REFUSED, 486)
    room.turn()
    assert [phone for phone, _ in room.phones.placed] == ["1001", "1002"]
    why = [event.why for event in room.told if isinstance(event, events.RingEnded)]
    assert why == [RingEnd.BUSY]


def test_a_timer_that_fires_beside_the_end_of_its_ring_does_not_end_the_next() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    ring_s = TWO_AGENTS.ring_s
    room.clock.callLater(ring_s, lambda: room.phones.calls["1001"].close(BUSY, 486))
    room.call()
    room.clock.advance(ring_s)  # the phone says busy in the very moment the ring would end
    room.turn()
    whys = [event.why for event in room.told if isinstance(event, events.RingEnded)]
    assert whys == [RingEnd.BUSY]
    assert not room.phones.calls["1002"].is_closed


def test_a_phone_that_is_not_registered_any_more_is_not_reached() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.phones.registered.clear()
    room.call()
    why = [event.why for event in room.told if isinstance(event, events.RingEnded)]
    assert why == [RingEnd.UNREACHABLE]
    assert room.phones.placed == []


def test_a_phone_that_does_not_even_ring_is_given_up_soon() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    room.phones.first_status = 0
    room.call()
    room.phones.first_status = 180
    room.turn(TWO_AGENTS.react_s + 1)
    assert [phone for phone, _ in room.phones.placed] == ["1001", "1002"]
    room.turn(TWO_AGENTS.react_s + 1)
    whys = [event.why for event in room.told if isinstance(event, events.RingEnded)]
    assert whys == [RingEnd.UNREACHABLE]


def test_a_call_that_cannot_be_sent_ends_its_ring_at_once() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.phones.is_broken = True
    room.call()
    whys = [event.why for event in room.told if isinstance(event, events.RingEnded)]
    assert whys == [RingEnd.UNREACHABLE]
    assert all(leg.is_closed for leg in room.media.legs)


def test_without_media_the_caller_keeps_waiting_and_is_served_later() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.media.is_refusing = True
    room.call()
    assert room.phones.placed == []
    room.media.is_refusing = False
    room.turn(2)
    assert len(room.phones.placed) == 1


def test_hold_by_the_agent_gives_the_caller_music() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    leg, call = room.talk()
    call.happen("on_hold", True)
    room.turn()
    assert (leg.other, leg.heard) == (None, ["music"])
    room.turn(60)  # no sound of a phone on hold is no loss
    call.happen("on_hold", False)
    room.turn()
    assert (leg.other, leg.heard) == (room.media.legs[0], [])


def test_an_agent_who_falls_silent_is_lost_and_the_caller_first_in_the_queue() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    leg, call = room.talk("c1")
    room.call("c2")
    for _ in range(20):
        room.sound(room.media.legs[0])
        room.turn(1)
    assert leg.other is not None
    room.turn(12)
    assert call.hangups == 1
    assert leg.heard == ["agent.place 1 3 zh", "music"]
    assert [no for no, _, _ in room.desk.waiting()] == ["c1", "c2"]
    (ended,) = [event for event in room.told if isinstance(event, events.AgentEnded)]
    assert ended.why is TalkEnd.LINK_LOST


def test_a_lost_worker_on_the_agents_side_apologises_to_the_caller() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    leg, _ = room.talk()
    room.lose_media(room.media.legs[0])
    room.turn()
    assert leg.heard == ["agent.lost zh", "music"]
    room.phones.calls["1002"].answer()
    room.turn()
    assert room.answers == ["li", "wang"]


def test_keys_of_the_agent_pass_the_caller_on_to_a_queue() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    room.call("c0")  # keeps li busy
    leg, call = room.talk("c1", "1002")
    room.phones.calls["1001"].close(CloseReason.REFUSED, 486)
    room.media.legs[1].press("7*12*12#")
    room.turn()
    assert call.hangups == 1
    assert leg.other is None
    (returned,) = [event for event in room.told if isinstance(event, events.CallReturned)]
    assert (returned.call_no, returned.queue) == ("c1", "complaints")


def test_a_transfer_nobody_can_take_is_told_the_agent_and_changes_nothing() -> None:
    room = DeskRoom()
    room.sign_on("1002")
    leg, call = room.talk("c1", "1002")
    room.media.legs[0].press("*12#")
    room.turn()
    assert room.media.legs[0].heard == ["agent.not_passed en"]
    assert (leg.other, call.hangups) == (room.media.legs[0], 0)


@pytest.mark.parametrize("hours", [(), ("mon-sun 00:00-24:00",)])
def test_a_caller_is_passed_on_only_to_a_queue_that_is_open(hours: tuple[str, ...]) -> None:
    """The first queue's name is the second's number: neither is taken for the other."""
    closed = "mon 00:00-00:01"
    settings = msgspec.structs.replace(
        TWO_AGENTS,
        queues=(
            QueueSettings(name="2", number="1"),
            QueueSettings(name="evening", number="2", hours=hours or (closed,)),
        ),
    )
    room = DeskRoom(settings)
    room.sign_on("1001", "1002")
    room.call("c1", queue="2")
    room.phones.calls["1001"].answer()
    room.turn()
    room.media.legs[0].press("*12#")
    room.turn()
    returned = [event.queue for event in room.told if isinstance(event, events.CallReturned)]
    assert returned == (["evening"] if hours else [])


def test_the_transfer_button_is_told_what_becomes_of_it() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    _, call = room.talk("c1", "1001")
    told: list[str] = []
    for number in ("999", "103", "102"):
        call.happen("on_refer", AskedReferral(number, told))
        room.turn()
    assert told == ["999: 603", "103: 603", "102: 200"]
    assert call.hangups == 1
    assert room.callers["c1"][0].heard == ["music"]
    assert [phone for phone, _ in room.phones.placed] == ["1001", "1002"]


def test_a_second_button_press_is_refused_while_the_first_is_open() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    _, call = room.talk("c1", "1001")
    told: list[str] = []
    call.happen("on_refer", AskedReferral("102", told))
    call.happen("on_refer", AskedReferral("2", told))
    room.turn()
    assert told == ["2: 603", "102: 200"]


def test_a_flow_may_take_its_caller_back() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    leg = room.call()
    room.callers["c1"][2].leave()
    room.turn()
    assert room.ends == [("c1", TicketEnd.LEFT)]
    assert leg.heard == []
    room.callers["c1"][2].leave()
    room.turn()
    assert room.ends == [("c1", TicketEnd.LEFT)]
    room.assert_empty()


def test_a_line_that_names_no_queue_gets_the_first() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.call("c1", queue="")
    (queued,) = [event for event in room.told if isinstance(event, events.CallQueued)]
    assert queued.queue == "trading"


def test_a_bug_in_a_callback_costs_nobody_else_anything() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    room.bus.subscribe(lambda event: 1 // 0)
    leg = room.call()
    room.callers["c1"][2].on_answered(lambda _: 1 // 0)
    room.phones.calls["1001"].answer()
    room.turn()
    assert leg.other is not None


def test_stopping_ends_talks_rings_and_waits_and_every_timer() -> None:
    room = DeskRoom()
    room.sign_on("1001", "1002")
    room.talk("c1", "1001")
    room.call("c2")
    room.call("c3")
    room.desk.stop()
    assert {end for _, end in room.ends} == {TicketEnd.DESK_STOPPED}
    assert room.desk.timer_count == 0
    assert room.clock.getDelayedCalls() == []
    room.assert_empty()


def test_a_caller_who_comes_after_the_stop_is_let_go_at_once() -> None:
    room = DeskRoom()
    room.desk.stop()
    room.call()
    assert room.ends == [("c1", TicketEnd.DESK_STOPPED)]
    assert room.desk.call_count == 0


def test_agents_say_themselves_whether_they_want_calls() -> None:
    room = DeskRoom()
    room.sign_on("1001")
    assert room.desk.agent_wishes("1001", False)
    room.turn()
    assert room.desk.agent_states()["li"] is AgentState.AWAY
    assert not room.desk.agent_wishes("9999", True)
    room.call()
    assert room.ends == [("c1", TicketEnd.NO_AGENT)]
