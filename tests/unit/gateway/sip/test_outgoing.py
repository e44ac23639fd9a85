"""Outgoing calls in virtual time: answer, refusal, CANCEL races, forks and silence."""

import pytest

from gateway.media.port import Codec, RtpPeer
from gateway.sip.message import Request
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.uri import Uri
from tests.builders.sip import CALLER, OFFER, RTP, Exchange, a_request


class Dialled:
    """One outgoing call and the far end's answers to it."""

    def __init__(self, **settings: object) -> None:
        self.house = Exchange(**settings)
        self.ends: list[str] = []
        self.peers: list[RtpPeer] = []
        to = Uri("sip", "13800138000", "192.0.2.1")
        self.call: OutgoingCall = self.house.agent.place(to, "95500", CALLER, RTP)
        self.call.on_closed(lambda reason: self.ends.append(reason.value))
        self.call.on_answered(self.peers.append)
        assert self.house.wire.take() == ["INVITE"]
        invite = self.house.wire.last[0]
        assert isinstance(invite, Request)
        self.invite = invite

    def reply(
        self, status: int, request: Request | None = None, tag: str = "bob", body: str = "",
        contact: str = "<sip:bob@192.0.2.2:5080>",
    ) -> None:  # fmt: skip
        request = request or self.invite
        lines = [
            f"SIP/2.0 {status} Whatever",
            f"Via: {request.via}",
            f"From: {request.sender}",
            f"To: {request.to};tag={tag}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            f"Contact: {contact}",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        ]
        self.house.wire.arrive("\r\n".join(lines) + "\r\n\r\n" + body)

    def took(self) -> list[str]:
        return self.house.wire.take()


@pytest.fixture
def dialled() -> Dialled:
    return Dialled()


def test_an_answer_is_acknowledged_at_its_contact(dialled: Dialled) -> None:
    dialled.reply(180)
    dialled.reply(200, body=OFFER)
    ack, hop = dialled.house.wire.sent[0]
    assert isinstance(ack, Request)
    assert (ack.method, str(ack.uri), hop) == (
        "ACK", "sip:bob@192.0.2.2:5080", ("192.0.2.2", 5080, "UDP"),
    )  # fmt: skip
    assert ack.via.branch != dialled.invite.via.branch
    assert dialled.peers == [RtpPeer("192.0.2.1", 49_170, Codec.PCMA, 101)]


def test_a_repeated_answer_gets_its_ack_again(dialled: Dialled) -> None:
    dialled.reply(200, body=OFFER)
    dialled.reply(200, body=OFFER)
    assert dialled.took() == ["ACK", "ACK"]
    assert len(dialled.peers) == 1


def test_the_far_end_hangs_up(dialled: Dialled) -> None:
    dialled.reply(200, body=OFFER)
    dialled.took()
    dialled.house.wire.arrive(
        a_request("BYE", call_id=dialled.call.sip_call_id, to=f"<{dialled.invite.sender.uri}>",
                  to_tag=dialled.invite.sender.tag, sender="<sip:b@192.0.2.2>;tag=bob")
    )  # fmt: skip
    assert dialled.took() == ["200"]
    assert dialled.ends == ["remote_bye"]


@pytest.mark.parametrize("status", [401, 404, 486, 503, 603])
def test_a_refusal_ends_the_call_and_is_acknowledged_each_time(status: int) -> None:
    dialled = Dialled()
    dialled.reply(status)
    dialled.reply(status)
    assert dialled.took() == ["ACK", "ACK"]
    ack = dialled.house.wire.last[0]
    assert ack.via == dialled.invite.via
    assert (dialled.ends, dialled.call.status) == (["refused"], status)
    dialled.house.advance(33, step=1)
    assert dialled.house.clock.getDelayedCalls() == []


def test_silence_is_repeated_at_doubling_intervals_then_given_up() -> None:
    dialled = Dialled(unanswered_s=100.0)
    dialled.house.advance(40)
    assert dialled.took() == ["INVITE"] * 6  # 0.5 1.5 3.5 7.5 15.5 31.5 s
    assert (dialled.ends, dialled.call.status) == (["no_answer"], 0)
    assert len(dialled.house.agent.transactions) == 0


def test_hanging_up_a_ringing_call_cancels_it(dialled: Dialled) -> None:
    dialled.reply(180)
    dialled.call.hangup()
    assert dialled.took() == ["CANCEL"]
    cancel = dialled.house.wire.last[0]
    assert isinstance(cancel, Request)
    assert cancel.via.branch == dialled.invite.via.branch
    dialled.reply(200, cancel)
    dialled.reply(487)
    assert dialled.took() == ["ACK"]
    assert dialled.ends == ["cancelled"]
    dialled.house.advance(70, step=1)
    assert dialled.house.clock.getDelayedCalls() == []


def test_a_cancel_waits_for_the_first_provisional_response(dialled: Dialled) -> None:
    dialled.call.hangup()
    assert dialled.took() == []
    dialled.reply(100)
    assert dialled.took() == ["CANCEL"]


def test_an_answer_that_crosses_our_cancel_is_hung_up(dialled: Dialled) -> None:
    dialled.reply(180)
    dialled.call.hangup()
    dialled.took()
    dialled.reply(200, body=OFFER)
    assert dialled.took() == ["ACK", "BYE"]
    assert dialled.peers == []


def test_a_cancelled_call_without_any_final_response_is_forgotten(dialled: Dialled) -> None:
    dialled.reply(180)
    dialled.call.hangup()
    dialled.house.advance(70, step=0.5)
    assert len(dialled.house.agent.transactions) == 0
    assert dialled.house.clock.getDelayedCalls() == []


def test_nothing_is_left_of_a_cancelled_call_when_the_transport_goes(dialled: Dialled) -> None:
    dialled.reply(180)
    dialled.call.hangup()
    dialled.house.wire.lose()
    assert dialled.house.clock.getDelayedCalls() == []


def test_an_answer_with_a_second_via_is_not_for_us(dialled: Dialled) -> None:
    via = f"Via: {dialled.invite.via}"
    headers = (
        f"{via}\r\nVia: SIP/2.0/UDP 255.255.255.255\r\nFrom: {dialled.invite.sender}\r\n"
        f"To: <sip:b@h>;tag=x\r\nCall-ID: {dialled.invite.call_id}\r\nCSeq: 1 INVITE"
    )
    dialled.house.wire.arrive(f"SIP/2.0 486 Busy Here\r\n{headers}\r\n\r\n")
    assert (dialled.took(), dialled.ends) == ([], [])


def test_a_call_that_only_rings_is_cancelled_in_the_end() -> None:
    dialled = Dialled(unanswered_s=20.0)
    dialled.reply(180)
    dialled.house.advance(21, step=1)
    assert dialled.took()[0] == "CANCEL"
    assert dialled.ends == ["no_answer"]


def test_a_second_fork_that_answers_is_hung_up(dialled: Dialled) -> None:
    dialled.reply(200, body=OFFER)
    dialled.reply(200, body=OFFER, tag="carol")
    assert dialled.took() == ["ACK", "ACK", "BYE"]
    assert dialled.ends == []


@pytest.mark.parametrize("body", ["", "v=0\r\nnonsense", OFFER.replace("AVP 8 0", "AVP 9")])
def test_an_answer_of_no_use_is_acknowledged_and_hung_up(body: str) -> None:
    dialled = Dialled()
    dialled.reply(200, body=body)
    assert dialled.took() == ["ACK", "BYE"]
    assert dialled.ends == ["session_unacceptable"]


def test_an_answer_without_a_usable_contact_ends_the_call(dialled: Dialled) -> None:
    dialled.reply(200, body=OFFER, contact="<mailto:bob@h>")
    assert dialled.ends == ["session_unacceptable"]


def test_a_closed_transport_fails_the_call() -> None:
    house = Exchange()
    house.wire.is_closed = True
    call = house.agent.place(Uri("sip", "x", "192.0.2.1"), "95500", CALLER, RTP)
    ends: list[str] = []
    call.on_closed(lambda reason: ends.append(reason.value))
    assert ends == ["no_answer"]
    assert house.agent.call_count == 0


def test_bye_without_an_answer_is_given_up_after_half_a_minute(dialled: Dialled) -> None:
    dialled.reply(200, body=OFFER)
    dialled.call.hangup()
    dialled.house.advance(33)
    assert dialled.took().count("BYE") == 11  # 0 0.5 1.5 3.5 7.5 11.5 ... 31.5 s
    assert dialled.ends == ["local_bye"]
    assert len(dialled.house.agent.transactions) == 0
