"""Early media and reliable provisional responses, as callee and as caller (RFC 3262)."""

import pytest

from gateway.media.port import RtpPeer
from gateway.sip.message import Request, Response
from gateway.sip.sdp import parse_sdp
from gateway.sip.uri import Uri
from tests.builders.sip import CALLER, OFFER, RTP, Exchange

SUPPORTED, REQUIRED = ("Supported: timer, 100rel",), ("Require: 100rel",)


@pytest.fixture
def house() -> Exchange:
    return Exchange()


def _rseq(house: Exchange, at: int = -1) -> int:
    response = house.wire.last[at]
    assert isinstance(response, Response)
    assert response.headers.get("Require") == "100rel"
    return int(response.headers.get("RSeq") or "")


def _prack(house: Exchange, call: object, rseq: int, cseq: int = 2, body: str = "") -> None:
    house.arrive_in(
        call, "PRACK", cseq=cseq, branch=f"z9hG4bKp{cseq}", body=body,  # type: ignore[arg-type]
        extra=(f"RAck: {rseq} 1 INVITE",),
    )  # fmt: skip


def test_early_media_is_an_unreliable_183_for_a_caller_who_knows_no_better(
    house: Exchange,
) -> None:
    call = house.invited()
    call.ringing()
    call.early_media(RTP)
    assert house.wire.take() == ["180", "183"]
    early = house.wire.last[1].body
    assert house.wire.last[1].headers.get("RSeq") is None
    call.answer(RTP)
    assert house.wire.take() == ["200"]
    assert house.wire.last[0].body == early


def test_a_reliable_183_is_repeated_until_its_prack_and_the_answer_waits_for_it(
    house: Exchange,
) -> None:
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    assert house.wire.take() == ["183"]
    rseq = _rseq(house)
    call.answer(RTP)
    assert house.wire.take() == [], "no 2xx before the PRACK (§3)"
    house.advance(3.6)
    assert house.wire.take() == ["183"] * 3  # 0.5 1.5 3.5 s
    _prack(house, call, rseq)
    assert house.wire.take() == ["200", "200"]
    assert [m.cseq.method for m in house.wire.last] == ["PRACK", "INVITE"]
    house.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKack")
    house.advance(40)
    assert house.wire.take() == []


def test_a_caller_who_requires_it_gets_every_ringing_reliably_one_after_the_other(
    house: Exchange,
) -> None:
    call = house.invited(extra=REQUIRED)
    call.ringing()
    call.early_media(RTP)
    assert house.wire.take() == ["180"], "the second waits for the PRACK of the first"
    rseq = _rseq(house)
    _prack(house, call, rseq)
    assert house.wire.take() == ["200", "183"]
    assert _rseq(house) == rseq + 1
    _prack(house, call, rseq + 1, cseq=3)
    call.answer(RTP)
    assert house.wire.take() == ["200", "200"]


def test_ringing_alone_does_not_hold_up_the_answer(house: Exchange) -> None:
    call = house.invited(extra=REQUIRED)
    call.ringing()
    house.wire.take()
    rseq = _rseq(house)
    call.answer(RTP)
    assert house.wire.take() == ["200"]
    _prack(house, call, rseq)
    assert house.wire.take() == ["200"], "a PRACK on its way is still taken"


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 UPDATE"])
def test_a_prack_of_something_else_gets_481_and_ends_nothing(rack: str) -> None:
    house = Exchange()
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    house.wire.take()
    rack = rack.format(rseq=_rseq(house))
    house.arrive_in(call, "PRACK", extra=(f"RAck: {rack}",))
    assert house.wire.take() == ["481"]
    house.advance(0.6)
    assert house.wire.take() == ["183"]


@pytest.mark.parametrize("rack", ["", "x", "1 1", "-1 1 INVITE", "1 1 INVITE x"])
def test_a_prack_that_cannot_be_read_gets_400(rack: str) -> None:
    house = Exchange()
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    house.wire.take()
    house.arrive_in(call, "PRACK", extra=(f"RAck: {rack}",))
    assert house.wire.take() == ["400"]


def test_a_prack_twice_gets_its_answer_twice(house: Exchange) -> None:
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    house.wire.take()
    for _ in range(2):
        _prack(house, call, _rseq(house))
    assert house.wire.take() == ["200", "200"]


def test_a_caller_who_never_acknowledges_is_refused_in_the_end(house: Exchange) -> None:
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    house.advance(33, step=0.5)
    assert "504" in house.wire.take()
    assert (house.ends, call.is_closed) == (["ack_timeout"], True)


def test_an_offer_in_the_prack_is_answered_in_its_200(house: Exchange) -> None:
    call, peers = house.invited(extra=SUPPORTED), list[RtpPeer]()
    call.on_peer(peers.append)
    call.early_media(RTP)
    house.wire.take()
    _prack(house, call, _rseq(house), body=OFFER.replace("49170", "49180"))
    assert house.wire.take() == ["200"]
    assert parse_sdp(house.wire.last[0].body).streams[0].port == RTP[1]
    assert [peer.port for peer in peers] == [49_180]


def test_an_offer_left_to_us_goes_with_the_183_and_the_prack_brings_the_answer(
    house: Exchange,
) -> None:
    call, peers = house.invited(body="", extra=SUPPORTED), list[RtpPeer]()
    call.on_peer(peers.append)
    call.early_media(RTP)
    assert house.wire.take() == ["183"]
    assert parse_sdp(house.wire.last[0].body).streams[0].formats == ("8", "0", "101")
    _prack(house, call, _rseq(house), body=OFFER)
    assert [peer.port for peer in peers] == [49_170]
    call.answer(RTP)
    assert house.wire.take() == ["200", "200"]
    assert house.wire.last[1].body == b"", "offer and answer are complete"
    house.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKack")
    assert not call.is_closed


@pytest.mark.parametrize("body", ["", "v=0\r\nnonsense"])
def test_a_prack_without_the_answer_that_is_due_ends_the_call(body: str) -> None:
    house = Exchange()
    call = house.invited(body="", extra=SUPPORTED)
    call.early_media(RTP)
    house.wire.take()
    _prack(house, call, _rseq(house), body=body)
    assert house.wire.take()[-1] == "488"
    assert house.ends == ["session_unacceptable"]


def test_a_caller_who_gives_up_stops_the_repeating(house: Exchange) -> None:
    call = house.invited(extra=SUPPORTED)
    call.early_media(RTP)
    house.wire.take()
    house.wire.arrive(house.request("CANCEL"))
    assert house.wire.take() == ["200", "487"]
    house.wire.arrive(house.request("ACK", to_tag="x"))
    house.advance(70, step=1)
    assert house.wire.take() == []
    assert house.clock.getDelayedCalls() == []


class Dialling:
    """A call of ours, and what it told."""

    def __init__(self, **settings: object) -> None:
        self.house = Exchange(**settings)
        self.told: list[object] = []
        self.call = self.house.agent.place(Uri("sip", "b", "192.0.2.1"), "95500", CALLER, RTP)
        self.call.on_ringing(lambda: self.told.append("ringing"))
        self.call.on_early(lambda peer: self.told.append(("early", peer.port)))
        self.call.on_answered(lambda peer: self.told.append(("answered", peer.port)))
        self.call.on_closed(lambda reason: self.told.append(reason.value))
        self.invite = self.took("INVITE")[0]

    def took(self, *kinds: str) -> list[Request]:
        assert self.house.wire.take() == list(kinds)
        return [m for m in self.house.wire.last if isinstance(m, Request)]

    def progress(self, status: int, rseq: int = 0, body: str = "", tag: str = "far") -> None:
        extra = ("Require: 100rel", f"RSeq: {rseq}") if rseq else ()
        self.house.reply(status, self.invite, body=body, tag=tag, extra=extra)


def test_we_say_that_we_know_reliable_responses() -> None:
    assert "100rel" in (Dialling().invite.headers.get("Supported") or "")


def test_a_reliable_ringing_is_acknowledged_once_and_told_once() -> None:
    dialling = Dialling()
    dialling.progress(180, rseq=7)
    (prack,) = dialling.took("PRACK")
    assert prack.headers.get("RAck") == "7 1 INVITE"
    assert (prack.to.tag, prack.cseq.number) == ("far", 2)
    dialling.progress(180, rseq=7)
    dialling.progress(180, rseq=9)
    assert dialling.took() == [], "repeated, and out of order"
    dialling.progress(183, rseq=8)
    assert dialling.took("PRACK")[0].cseq.number == 3
    assert dialling.told == ["ringing"]


def test_a_reliable_183_with_an_answer_is_the_answer_and_the_200_needs_none() -> None:
    dialling = Dialling()
    dialling.progress(183, rseq=1, body=OFFER)
    dialling.took("PRACK")
    dialling.progress(200)
    (ack,) = dialling.took("ACK")
    assert ack.cseq.number == 1
    assert dialling.told == [("early", 49_170), ("answered", 49_170)]
    dialling.call.hangup()
    assert dialling.took("BYE")[0].cseq.number == 3, "behind the PRACK"


def test_an_unreliable_183_may_still_change() -> None:
    dialling = Dialling()
    dialling.progress(183, body=OFFER)
    dialling.progress(200, body=OFFER.replace("49170", "49180"))
    assert dialling.told == [("early", 49_170), ("answered", 49_180)]


def test_another_fork_answers_than_the_one_that_was_heard() -> None:
    dialling = Dialling()
    dialling.progress(183, rseq=1, body=OFFER, tag="one")
    dialling.progress(180, rseq=50, tag="two")
    pracks = dialling.took("PRACK", "PRACK")
    assert [(p.to.tag, p.headers.get("RAck")) for p in pracks] == [
        ("one", "1 1 INVITE"), ("two", "50 1 INVITE"),
    ]  # fmt: skip
    dialling.progress(200, body=OFFER.replace("49170", "49180"), tag="two")
    (ack,) = dialling.took("ACK")
    assert ack.to.tag == "two"
    assert dialling.told[-1] == ("answered", 49_180)


def test_an_early_answer_of_no_use_cancels_the_call() -> None:
    dialling = Dialling()
    dialling.progress(183, rseq=1, body=OFFER.replace("AVP 8 0", "AVP 9"))
    assert dialling.took("CANCEL", "PRACK")
    assert dialling.told == ["session_unacceptable"]


def test_the_far_end_may_update_an_early_session() -> None:
    dialling = Dialling()
    dialling.progress(183, rseq=1, body=OFFER)
    dialling.took("PRACK")
    invite = dialling.invite
    dialling.house.wire.arrive(
        dialling.house.request(
            "UPDATE", call_id=invite.call_id, sender="<sip:b@192.0.2.1>;tag=far",
            to=f"<{invite.sender.uri}>", to_tag=invite.sender.tag, body=OFFER,
            extra=("Contact: <sip:b@192.0.2.1>",),
        )
    )  # fmt: skip
    dialling.took("200")


def test_a_far_end_that_says_bye_while_it_rings_is_given_up_once() -> None:
    dialling = Dialling()
    dialling.progress(180)
    invite = dialling.invite
    for n in range(2):
        dialling.house.wire.arrive(
            dialling.house.request(
                "BYE", branch=f"z9hG4bKbye{n}", cseq=1 + n, call_id=invite.call_id,
                sender="<sip:b@192.0.2.1>;tag=far", to=f"<{invite.sender.uri}>",
                to_tag=invite.sender.tag,
            )
        )  # fmt: skip
    assert dialling.house.wire.take() == ["200", "CANCEL", "200"]
    assert dialling.told == ["ringing", "remote_bye"]


def test_more_forks_than_anybody_needs_cost_no_memory() -> None:
    dialling = Dialling()
    for n in range(40):
        dialling.progress(180, rseq=1, tag=f"t{n}")
    assert dialling.house.wire.take() == ["PRACK"] * 8


def test_a_call_that_rings_reliably_and_is_given_up_leaves_nothing() -> None:
    dialling = Dialling()
    dialling.progress(180, rseq=1)
    dialling.call.hangup()
    dialling.house.advance(70, step=1)
    assert dialling.house.clock.getDelayedCalls() == []
    assert len(dialling.house.agent.transactions) == 0
