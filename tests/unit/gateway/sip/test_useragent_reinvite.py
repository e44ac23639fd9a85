"""Requests within an incoming call in virtual time: re-INVITE, hold, a moved peer."""

import pytest

from gateway.media.port import Codec, RtpPeer
from gateway.sip.sdp import parse_sdp
from tests.builders.sip import OFFER, RTP, Exchange


@pytest.fixture
def house() -> Exchange:
    return Exchange()


def test_a_reinvite_gets_the_unchanged_session_and_may_move_the_peer(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.wire.take()
    first = house.wire.last[0].body
    house.arrive_in(call, "ACK", cseq=1)
    peers: list[RtpPeer] = []
    call.on_peer(peers.append)
    house.arrive_in(call, "INVITE", body=OFFER.replace("49170", "49180"))
    assert house.wire.take() == ["200"]
    assert house.wire.last[0].body == first
    assert peers[0].port == 49_180
    house.arrive_in(call, "ACK", cseq=2, branch="z9hG4bKack2")
    house.advance(40)
    assert house.wire.take() == []


def test_a_reinvite_moves_where_our_requests_go(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "INVITE", body=OFFER, contact="<sip:alice@192.0.2.88:5066>")
    house.arrive_in(call, "ACK", cseq=2, branch="z9hG4bKack2")
    house.wire.take()
    call.hangup()
    assert house.wire.sent[0][1] == ("192.0.2.88", 5066, "UDP")


def test_an_ack_of_something_else_does_not_end_the_repeating(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.arrive_in(call, "ACK", cseq=7)
    house.wire.take()
    house.advance(0.6)
    assert house.wire.take() == ["200"]


def test_an_ack_on_the_branch_of_its_invite_counts_as_well(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKone")
    house.wire.take()
    house.advance(40)
    assert house.wire.take() == []


def test_a_reinvite_that_crosses_our_bye_gets_481(house: Exchange) -> None:
    call = house.answered()
    call.hangup()
    house.wire.take()
    house.arrive_in(call, "INVITE", body=OFFER)
    assert house.wire.take() == ["481"]


def test_hold_is_answered_with_the_mirrored_direction_and_a_new_version(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "INVITE", body=OFFER + "a=sendonly\r\n")
    house.wire.take()
    answer = parse_sdp(house.wire.last[0].body)
    assert answer.streams[0].direction is not None
    assert (answer.streams[0].direction.value, answer.version) == ("recvonly", 2)


def test_a_reinvite_without_an_offer_gets_our_session_as_one(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "INVITE")
    assert house.wire.take() == ["200"]
    offer = parse_sdp(house.wire.last[0].body)
    assert offer.streams[0].formats[0] == "8"
    house.arrive_in(call, "ACK", body=OFFER)
    assert not call.is_closed


def test_a_reinvite_we_cannot_do_changes_nothing(house: Exchange) -> None:
    call = house.answered()
    video = OFFER.replace("m=audio 49170 RTP/AVP 8 0 101", "m=audio 49170 RTP/AVP 9")
    house.arrive_in(call, "INVITE", body=video)
    assert house.wire.take() == ["488"]
    assert not call.is_closed
    assert call.peer == RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 101)


def test_a_reinvite_that_requires_an_extension_is_told_which(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "INVITE", body=OFFER, extra=("Require: path, timer",))
    assert house.wire.take() == ["420"]
    assert house.wire.last[0].headers.get("Unsupported") == "path"
    assert not call.is_closed


def test_a_reinvite_before_the_first_answer_is_asked_to_wait(house: Exchange) -> None:
    call = house.invited()
    house.arrive_in(call, "INVITE", body=OFFER)
    assert house.wire.take() == ["500"]
    assert 0 <= int(house.wire.last[0].headers.get("Retry-After") or "") <= 10
