"""Incoming calls in virtual time: answer, refuse, CANCEL, BYE, and lost ACKs."""

import weakref

import pytest

from gateway.media.port import Codec, RtpPeer
from gateway.sip.calls import CloseReason
from gateway.sip.message import Response
from gateway.sip.sdp import parse_sdp
from tests.builders.sip import CALLER, OFFER, RTP, Exchange, a_request


def _broken(_: object) -> None:
    raise RuntimeError("a bug")


@pytest.fixture
def house() -> Exchange:
    return Exchange()


def test_a_call_is_numbered_and_knows_who_calls_whom(house: Exchange) -> None:
    call = house.invited()
    assert (call.call_no, call.ani, call.dnis) == ("call-1", "+8613800138000", "95500")
    assert call.sip_call_id == "one@192.0.2.1"
    assert call.peer == RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 101)


def test_ringing_and_answer_carry_contact_tag_and_our_audio(house: Exchange) -> None:
    call = house.invited()
    call.ringing()
    call.answer(RTP)
    assert house.wire.take() == ["180", "200"]
    ringing, ok = house.wire.last
    assert isinstance(ok, Response)
    assert ringing.to.tag == ok.to.tag != ""
    assert ok.headers.get("Contact") == "<sip:hotline@192.0.2.10:5060>"
    answer = parse_sdp(ok.body)
    assert (answer.address, answer.streams[0].port) == RTP
    assert answer.streams[0].formats == ("8", "101")


def test_a_repeated_invite_gets_the_last_answer_and_no_second_call(house: Exchange) -> None:
    call = house.invited()
    call.ringing()
    house.wire.take()
    house.wire.arrive(a_request(body=OFFER))
    assert house.wire.take() == ["180"]
    assert len(house.calls) == 1


def test_an_unacknowledged_answer_is_repeated_then_hung_up(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.wire.take()
    sent_at: list[tuple[str, float]] = []
    for tenth in range(1, 330):
        house.clock.advance(0.1)
        sent_at += [(kind, tenth / 10) for kind in house.wire.take()]
    repeats = [at for kind, at in sent_at if kind == "200"]
    assert repeats[:5] == pytest.approx([0.5, 1.5, 3.5, 7.5, 11.5], abs=0.25)
    assert sent_at[len(repeats)][0] == "BYE"
    assert house.ends == ["ack_timeout"]


def test_the_ack_ends_the_repeating(house: Exchange) -> None:
    house.answered()
    house.advance(40)
    assert house.wire.take() == []
    assert house.ends == []


def test_bye_of_the_caller_closes_the_call(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "BYE")
    assert house.wire.take() == ["200"]
    assert house.ends == ["remote_bye"]
    house.arrive_in(call, "BYE")
    assert house.wire.take() == ["200"], "a repeated BYE gets the same answer"
    house.arrive_in(call, "BYE", branch="z9hG4bKother", cseq=3)
    assert house.wire.take() == ["481"], "the dialog is gone"


def test_our_hangup_sends_bye_once_and_repeats_it_until_answered(house: Exchange) -> None:
    call = house.answered()
    call.hangup()
    call.hangup()
    assert house.wire.take() == ["BYE"]
    bye = house.wire.last[0]
    assert str(bye.headers.get("To")).endswith("tag=alice")
    house.advance(0.6)
    assert house.wire.take() == ["BYE"]
    house.wire.arrive(
        f"SIP/2.0 200 OK\r\nVia: {bye.via}\r\nFrom: {bye.sender}\r\nTo: {bye.to}\r\n"
        f"Call-ID: {bye.call_id}\r\nCSeq: {bye.cseq}\r\nContent-Length: 0\r\n\r\n"
    )
    house.advance(40)
    assert house.wire.take() == []
    assert house.ends == ["local_bye"]
    assert len(house.agent.transactions) == 0


def test_hangup_before_the_ack_waits_for_it(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.wire.take()
    call.hangup()
    assert house.wire.take() == [], "BYE may not overtake the 200 (RFC 3261 §15)"
    assert house.ends == ["local_bye"]
    house.arrive_in(call, "ACK", cseq=1)
    assert house.wire.take() == ["BYE"]


def test_crossing_byes_both_get_200(house: Exchange) -> None:
    call = house.answered()
    call.hangup()
    house.wire.take()
    house.arrive_in(call, "BYE")
    assert house.wire.take() == ["200"]
    assert house.ends == ["local_bye"]


def test_cancel_ends_a_ringing_call_with_487(house: Exchange) -> None:
    call = house.invited()
    call.ringing()
    house.wire.take()
    house.wire.arrive(a_request("CANCEL"))
    assert house.wire.take() == ["200", "487"]
    assert house.wire.last[0].to.tag == house.wire.last[1].to.tag
    assert house.ends == ["cancelled"]
    call.answer(RTP)
    assert house.wire.take() == [], "too late"


def test_487_is_repeated_until_its_ack(house: Exchange) -> None:
    house.invited()
    house.wire.arrive(a_request("CANCEL"))
    house.wire.take()
    house.advance(1.6)
    assert house.wire.take() == ["487", "487"]
    house.wire.arrive(a_request("ACK", to_tag="whatever"))
    house.advance(40)
    assert house.wire.take() == []
    assert len(house.agent.transactions) == 0


def test_cancel_after_the_answer_changes_nothing(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.wire.take()
    house.wire.arrive(a_request("CANCEL"))
    assert house.wire.take() == ["200"]
    assert not call.is_closed


def test_cancel_of_nothing_gets_481(house: Exchange) -> None:
    house.wire.arrive(a_request("CANCEL"))
    assert house.wire.take() == ["481"]


def test_a_refused_call_hears_why(house: Exchange) -> None:
    call = house.invited()
    call.refuse(486, "Busy")
    call.refuse(404)
    call.answer(RTP)
    assert house.wire.take() == ["486"]
    last = house.wire.last[0]
    assert isinstance(last, Response)
    assert last.reason == "Busy"
    assert house.ends == ["refused"]


def test_a_call_that_nobody_decides_about_ends(house: Exchange) -> None:
    house.invited()
    house.advance(61, step=1)
    assert "480" in house.wire.take()
    assert house.ends == ["no_answer"]


def test_a_call_that_lasts_too_long_is_hung_up() -> None:
    house = Exchange(call_s_max=30.0)
    house.answered()
    house.advance(31, step=1)
    assert house.wire.take()[0] == "BYE"
    assert house.ends == ["too_long"]


def test_bye_in_the_early_dialog_ends_the_invite_too(house: Exchange) -> None:
    call = house.invited()
    call.ringing()
    house.wire.take()
    house.arrive_in(call, "BYE")
    assert house.wire.take() == ["200", "487"]
    assert house.ends == ["remote_bye"]


def test_a_late_offer_is_answered_with_ours_and_the_ack_brings_the_answer(
    house: Exchange,
) -> None:
    call = house.invited(body="")
    peers: list[RtpPeer] = []
    call.on_peer(peers.append)
    assert call.offer is None
    call.answer(RTP)
    house.wire.take()
    offer = parse_sdp(house.wire.last[0].body)
    assert offer.streams[0].formats == ("8", "0", "101")
    house.arrive_in(call, "ACK", cseq=1, body=OFFER)
    assert peers == [RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 101)]
    assert not call.is_closed


def test_a_late_offer_without_an_answer_ends_the_call(house: Exchange) -> None:
    call = house.invited(body="")
    call.answer(RTP)
    house.wire.take()
    house.arrive_in(call, "ACK", cseq=1)
    assert house.wire.take() == ["BYE"]
    assert house.ends == [CloseReason.SESSION_UNACCEPTABLE.value]


def test_a_request_out_of_order_gets_500(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "OPTIONS", cseq=9)
    house.arrive_in(call, "BYE", cseq=5)
    assert house.wire.take() == ["200", "500"]
    assert not call.is_closed


def test_a_stranger_who_knows_only_the_call_id_cannot_end_a_call(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "BYE", sender="<sip:mallory@192.0.2.9>;tag=mallory")
    assert house.wire.take() == ["481"]
    assert not call.is_closed


def test_every_call_ends_when_the_transport_is_lost(house: Exchange) -> None:
    house.answered()
    house.invited(call_id="two", branch="z9hG4bKtwo")
    house.wire.lose()
    assert house.ends == ["transport_lost", "transport_lost"]
    assert house.agent.call_count == 0
    assert house.clock.getDelayedCalls() == []


def test_hang_up_all_ends_answered_and_ringing_calls(house: Exchange) -> None:
    house.answered()
    house.invited(call_id="two", branch="z9hG4bKtwo")
    house.agent.hang_up_all()
    assert sorted(house.wire.take()) == ["480", "BYE"]
    assert sorted(house.ends) == ["local_bye", "refused"]


def test_a_failure_in_the_flow_costs_only_that_call(house: Exchange) -> None:
    house.on_call = _broken
    house.wire.arrive(a_request(body=OFFER))
    assert house.wire.take() == ["500"]
    assert house.ends == ["refused"]


def test_a_failure_in_a_closing_callback_leaves_the_call_closed(house: Exchange) -> None:
    call = house.answered()
    heard: list[CloseReason] = []
    call.on_closed(_broken)
    call.on_closed(heard.append)
    call.hangup()
    assert house.wire.take() == ["BYE"]
    assert heard == [CloseReason.LOCAL_BYE]


def test_a_bug_behind_a_request_is_answered_with_500(house: Exchange) -> None:
    call = house.answered()
    call.request_received = _broken  # type: ignore[method-assign]
    house.arrive_in(call, "OPTIONS")
    assert house.wire.take() == ["500"]


def test_closing_leaves_nothing_behind(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "BYE")
    house.advance(40, step=1)
    assert (house.agent.call_count, len(house.agent.transactions)) == (0, 0)
    assert house.clock.getDelayedCalls() == []


def test_bye_goes_to_the_contact_unless_the_caller_is_behind_nat(house: Exchange) -> None:
    call = house.answered(contact="<sip:alice@192.0.2.77:5099>")
    call.hangup()
    assert house.wire.sent[0][1] == ("192.0.2.77", 5099, "UDP")
    house.wire.take()
    house.wire.arrive(
        a_request(call_id="two", branch="z9hG4bKtwo", body=OFFER, contact="<sip:a@10.0.0.5>",
                  via="Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKtwo;rport"),
        source=CALLER._replace(port=31_000),
    )  # fmt: skip
    call = house.calls[-1]
    call.answer(RTP)
    house.arrive_in(call, "ACK", cseq=1, call_id="two")
    call.hangup()
    assert [hop for _, hop in house.wire.sent][-1] == ("192.0.2.1", 31_000, "UDP")


def test_a_record_route_is_followed(house: Exchange) -> None:
    routes = ("Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>",)
    call = house.answered(extra=routes)
    call.hangup()
    bye, hop = house.wire.sent[0]
    assert hop == ("192.0.2.50", 5060, "UDP")
    assert bye.headers.get_all("Route") == ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]


def test_an_ended_call_is_freed_without_the_collector(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "BYE")
    gone = weakref.ref(call)
    house.calls.clear()
    del call
    assert gone() is None, "a circle of references is left"
