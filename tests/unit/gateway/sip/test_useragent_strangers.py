"""Requests that begin no call: wrong methods, extensions, loops, floods and full houses."""

import pytest
from prometheus_client import REGISTRY

from gateway.sip.message import Response
from gateway.sip.responses import ALLOW
from gateway.sip.wire import Hop
from tests.builders.sip import OFFER, Exchange, a_request


def _answer(house: Exchange, text: str) -> Response:
    house.wire.arrive(text)
    assert len(house.wire.take()) == 1
    response = house.wire.last[0]
    assert isinstance(response, Response)
    return response


@pytest.mark.parametrize(
    ("text", "status", "header"),
    [
        (a_request("OPTIONS"), 200, ("Allow", ALLOW)),
        (a_request("REGISTER"), 405, ("Allow", ALLOW)),
        (a_request("SUBSCRIBE", to_tag="x"), 405, ("Server", "hotline")),
        (a_request("HACK"), 501, ("Allow", ALLOW)),
        (a_request("BYE"), 481, None),
        (a_request("INFO"), 481, None),
        (a_request("PRACK"), 481, None),
        (a_request(extra=("Session-Expires: 80", "Supported: timer"), body=OFFER), 422,
         ("Min-SE", "90")),
        (a_request("BYE", to_tag="x"), 481, None),
        (a_request("OPTIONS", to_tag="x"), 481, None),
        (a_request(to_tag="x", body=OFFER), 481, None),
        (a_request(uri="http://x/"), 416, None),
        (a_request(extra=("Require: timer, path, x",)), 420, ("Unsupported", "path, x")),
        (a_request(extra=("Content-Type: text/x",), body="x"), 415, ("Accept", "application/sdp")),
        (a_request(extra=("Accept: text/plain",)), 406, None),
        (a_request(contact=None), 400, None),
        (a_request(contact="<sip:a@h>, <sip:b@h>"), 400, None),
        (a_request(contact="<mailto:a@h>"), 400, None),
        (a_request(body="v=0\r\nnonsense"), 400, None),
        (a_request(body=OFFER.replace("AVP 8 0", "AVP 9")), 488, None),
        (a_request(via="\r\n".join(f"Via: SIP/2.0/UDP h{n};branch=z9hG4bK{n}" for n in range(71))),
         483, None),
    ],
)  # fmt: skip
def test_a_stranger_gets_the_answer_of_the_rfc(
    text: str, status: int, header: tuple[str, str] | None
) -> None:
    house = Exchange()
    answer = _answer(house, text)
    assert answer.status == status
    if header is not None:
        assert answer.headers.get(header[0]) == header[1]
    assert house.calls == []
    assert answer.to.tag != ""


def test_an_accept_list_with_sdp_in_it_is_fine() -> None:
    house = Exchange()
    house.invited(extra=("Accept: text/plain, application/sdp;level=1",))
    assert len(house.calls) == 1


def test_the_same_invite_over_two_paths_is_a_loop() -> None:
    house = Exchange()
    house.invited()
    assert _answer(house, a_request(branch="z9hG4bKother", body=OFFER)).status == 482


def test_a_full_house_refuses_with_retry_after() -> None:
    house = Exchange(calls_max=1)
    house.invited()
    answer = _answer(house, a_request(call_id="two", branch="z9hG4bK2", body=OFFER))
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    house.calls[0].refuse(486)
    house.wire.take()
    house.wire.arrive(a_request(call_id="three", branch="z9hG4bK3", body=OFFER))
    assert house.wire.take() == ["100"]


def test_too_many_transactions_are_answered_without_keeping_more() -> None:
    house = Exchange(transactions_max=16)
    for n in range(20):
        house.wire.arrive(a_request("OPTIONS", branch=f"z9hG4bK{n}", call_id=str(n)))
    assert house.wire.take() == ["200"] * 16 + ["503"] * 4
    assert len(house.agent.transactions) == 16
    house.advance(33, step=1)
    assert len(house.agent.transactions) == 0


def test_nobody_is_served_before_the_gateway_is_ready() -> None:
    house = Exchange()
    house.is_ready = False
    answer = _answer(house, a_request(body=OFFER))
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    assert _answer(house, a_request("OPTIONS")).status == 503


def test_a_call_to_nobody_in_particular_takes_the_number_from_to() -> None:
    assert Exchange().invited(uri="sip:192.0.2.10").dnis == "95500"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"\xff" * 100,
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"ACK sip:x SIP/2.0\r\nVia: y\r\n\r\n",
    ],
)
def test_what_cannot_be_answered_is_dropped_and_counted(data: bytes) -> None:
    house = Exchange()
    before = _dropped()
    house.wire.arrive(data)
    assert house.wire.take() == []
    assert _dropped() == before + 1


def test_an_answer_to_nothing_of_ours_and_a_stray_ack_are_dropped() -> None:
    house = Exchange()
    before = _dropped()
    house.wire.arrive(a_request("ACK", to_tag="x"))
    text = a_request("BYE").split("\r\n", 1)[1]
    house.wire.arrive("SIP/2.0 200 OK\r\n" + text)
    assert house.wire.take() == []
    assert _dropped() == before + 2


def test_a_malformed_request_is_answered_along_its_via() -> None:
    house = Exchange()
    text = a_request("OPTIONS").replace("CSeq: 1 OPTIONS", "CSeq: one OPTIONS")
    house.wire.arrive(text, Hop("192.0.2.1", 9999))
    ((_, to),) = house.wire.sent
    assert to == ("192.0.2.1", 9999, "UDP")
    (data,) = house.wire.datagrams
    assert data.startswith(b"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.1:5060")
    assert b"CSeq: one OPTIONS" in data


def _dropped() -> float:
    reasons = ("flood", "oversized", "unreadable", "stray_response", "stray_ack", "keepalive")
    name = "hotline_sip_dropped_total"
    return sum(REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0 for reason in reasons)
