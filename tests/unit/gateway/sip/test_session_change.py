"""Changes of running calls in virtual time: hold both ways, UPDATE, our INVITEs, and glare."""

import pytest

from gateway.media.port import RtpPeer
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Request
from gateway.sip.sdp import parse_sdp
from gateway.sip.uri import Uri
from tests.builders.sip import CALLER, OFFER, RTP, Exchange


@pytest.fixture
def house() -> Exchange:
    return Exchange()


def _direction(body: bytes) -> str:
    direction = parse_sdp(body).streams[0].direction
    return direction.value if direction else ""


def _taken(house: Exchange, *kinds: str) -> Request:
    """Expect these messages on the wire and return the first, a request of ours."""
    assert house.wire.take() == list(kinds)
    request = house.wire.last[0]
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("offer", "answered", "is_held"),
    [
        (OFFER + "a=sendonly\r\n", "recvonly", True),
        (OFFER + "a=inactive\r\n", "inactive", True),
        (OFFER.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"), "inactive", True),
        (OFFER + "a=recvonly\r\n", "sendonly", False),
        (OFFER, "sendrecv", False),
    ],
)
def test_the_far_end_may_hold_us_and_resume(offer: str, answered: str, is_held: bool) -> None:
    house, told, peers = Exchange(), list[bool](), list[RtpPeer]()
    call = house.answered()
    call.on_hold(told.append)
    call.on_peer(peers.append)
    house.arrive_in(call, "INVITE", body=offer)
    assert house.wire.take() == ["200"]
    assert _direction(house.wire.last[0].body) == answered
    house.arrive_in(call, "ACK", branch="z9hG4bKa2")
    house.arrive_in(call, "INVITE", cseq=3, branch="z9hG4bKi3", body=OFFER)
    assert _direction(house.wire.last[0].body) or house.wire.take() == ["200"]
    assert told == ([True, False] if is_held else [])
    assert {peer.host for peer in peers} == {"192.0.2.1"}, "audio never goes to 0.0.0.0"


def test_we_hold_and_resume_and_both_are_acknowledged(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    invite = _taken(house, "INVITE")
    assert _direction(invite.body) == "sendonly"
    house.reply(200, invite, body=OFFER + "a=recvonly\r\n")
    ack = _taken(house, "ACK")
    assert (ack.cseq.number, ack.via.branch == invite.via.branch) == (invite.cseq.number, False)
    house.reply(200, invite, body=OFFER)
    assert house.wire.take() == ["ACK"], "a repeated answer is acknowledged again"
    call.unhold()
    invite = _taken(house, "INVITE")
    assert _direction(invite.body) == "sendrecv"
    assert parse_sdp(invite.body).version > 2


def test_an_offer_of_the_far_end_does_not_end_our_hold(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    invite = _taken(house, "INVITE")
    house.reply(200, invite, body=OFFER + "a=recvonly\r\n")
    house.wire.take()
    house.arrive_in(call, "UPDATE", body=OFFER, extra=("Contact: <sip:alice@192.0.2.1>",))
    assert house.wire.take() == ["200"]
    assert _direction(house.wire.last[0].body) == "sendonly"


def test_wishes_while_one_is_open_become_one_offer_of_the_last(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    first = _taken(house, "INVITE")
    call.unhold()
    call.hold()
    call.unhold()
    assert house.wire.take() == []
    house.reply(200, first, body=OFFER + "a=recvonly\r\n")
    assert house.wire.take() == ["ACK", "INVITE"]
    assert _direction(house.wire.last[1].body) == "sendrecv"


def test_a_refused_hold_leaves_the_session_as_it_was(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    house.reply(488, _taken(house, "INVITE"))
    assert house.wire.take() == ["ACK"]
    assert not call.session.is_holding
    assert not call.is_closed
    house.arrive_in(call, "INVITE", body=OFFER)
    assert _direction(house.wire.sent[0][0].body) == "sendrecv"


def test_a_new_address_of_ours_is_offered(house: Exchange) -> None:
    call = house.answered()
    call.reinvite(("192.0.2.11", 41_000))
    offer = parse_sdp(_taken(house, "INVITE").body)
    assert (offer.address, offer.streams[0].port) == ("192.0.2.11", 41_000)


def test_crossing_invites_give_way_and_ours_comes_again_later(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    ours = _taken(house, "INVITE")
    house.arrive_in(call, "INVITE", body=OFFER)
    assert house.wire.take() == ["491"]
    house.reply(491, ours)
    house.wire.take()
    house.advance(4.1)
    again = [m for m, _ in house.wire.sent if isinstance(m, Request) and m.method == "INVITE"]
    assert [m.cseq.number for m in again][:1] == [ours.cseq.number + 1]
    assert _direction(again[0].body) == "sendonly"


def test_who_called_waits_longer_after_a_glare_than_who_was_called() -> None:
    house = Exchange()
    called = house.answered()
    calling = house.agent.place(Uri("sip", "b", "192.0.2.1"), "95500", CALLER, RTP)
    assert {called.glare_s for _ in range(500)} <= {n / 100 for n in range(201)}
    assert {calling.glare_s for _ in range(500)} <= {n / 100 for n in range(210, 401)}


def test_a_glare_without_an_end_is_given_up(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    invites = 0
    for _ in range(400):
        for message, _hop in list(house.wire.sent):
            if isinstance(message, Request) and message.method == "INVITE":
                invites += 1
                house.reply(491, message)
        house.wire.take()
        house.advance(0.2)
    assert invites == 11
    assert not call.is_closed


def test_our_invite_waits_for_the_ack_of_our_answer(house: Exchange) -> None:
    call = house.invited()
    call.answer(RTP)
    house.wire.take()
    call.hold()
    assert house.wire.take() == []
    house.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKack")
    assert house.wire.take() == ["INVITE"]


def test_an_update_with_an_offer_is_answered_and_without_one_refreshes_the_target(
    house: Exchange,
) -> None:
    call, peers = house.answered(), list[RtpPeer]()
    call.on_peer(peers.append)
    contact = "Contact: <sip:alice@192.0.2.88:5066>"
    house.arrive_in(call, "UPDATE", body=OFFER.replace("49170", "49190"), extra=(contact,))
    assert house.wire.take() == ["200"]
    assert peers[0].port == 49_190
    house.arrive_in(call, "UPDATE", cseq=3, branch="z9hG4bKu3", extra=(contact,))
    assert house.wire.take() == ["200"]
    assert house.wire.last[0].body == b""
    call.hangup()
    assert house.wire.sent[0][1].address == ("192.0.2.88", 5066)


def test_an_update_that_crosses_our_offer_gets_491_and_before_our_answer_500(
    house: Exchange,
) -> None:
    contact = ("Contact: <sip:alice@192.0.2.1>",)
    call = house.answered()
    call.hold()
    house.wire.take()
    house.arrive_in(call, "UPDATE", body=OFFER, extra=contact)
    assert house.wire.take() == ["491"]
    early = house.invited(call_id="two", branch="z9hG4bKtwo")
    house.arrive_in(early, "UPDATE", call_id="two", branch="z9hG4bKu2", body=OFFER, extra=contact)
    assert house.wire.take() == ["500"]
    assert house.wire.last[0].headers.get("Retry-After") is not None


@pytest.mark.parametrize("status", [408, 481])
def test_a_far_end_that_knows_nothing_of_the_call_ends_it(status: int) -> None:
    house = Exchange()
    call = house.answered()
    call.hold()
    house.reply(status, _taken(house, "INVITE"))
    assert house.wire.take() == ["ACK", "BYE"]
    assert house.ends == ["peer_gone"]


def test_a_far_end_that_does_not_answer_our_invite_ends_the_call(house: Exchange) -> None:
    house.answered().hold()
    house.advance(33, step=0.5)
    assert house.ends == ["peer_gone"]


def _closed(house: Exchange, call: IncomingCall) -> None:
    house.arrive_in(call, "BYE", cseq=9, branch="z9hG4bKbye9")


def test_a_call_that_ends_amid_a_change_leaves_nothing_behind(house: Exchange) -> None:
    call = house.answered()
    call.hold()
    invite = _taken(house, "INVITE")
    house.reply(100, invite)
    _closed(house, call)
    house.advance(70, step=1)
    assert house.ends == ["remote_bye"]
    assert house.clock.getDelayedCalls() == []
    assert len(house.agent.transactions) == 0
