"""Which connection a message goes over: the one its peer called by, while that is open."""

import pytest

from gateway.sip.message import Request
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.sip import OFFER, RTP, Exchange, a_request

CALLER = Hop("192.0.2.1", 51_234, "TCP")  # a port of its own, as every connection has
VIA = "Via: SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKone"
CONTACT = "<sip:alice@192.0.2.1:5070;transport=tcp>"


@pytest.fixture
def house() -> Exchange:
    house = Exchange()
    house.wire.connections.add(CALLER)
    return house


def _sent_to(house: Exchange) -> list[Hop]:
    hops = [hop for _, hop in house.wire.sent]
    house.wire.take()
    return hops


def _invite(house: Exchange, via: str = VIA, contact: str = CONTACT, **more: object) -> None:
    text = a_request(via=via, contact=contact, body=OFFER, **more)  # type: ignore[arg-type]
    house.wire.arrive(text, CALLER)


def _answer(house: Exchange, via: str = VIA) -> None:
    call = house.calls[-1]
    call.answer(RTP)
    house.wire.take()
    assert call.dialog is not None
    ack = a_request("ACK", via=via + "ack", to_tag=call.dialog.local.tag)
    house.wire.arrive(ack, CALLER)


def test_an_answer_goes_over_the_connection_its_request_came_by(house: Exchange) -> None:
    _invite(house)
    house.calls[0].ringing()
    assert _sent_to(house) == [CALLER, CALLER]


def test_an_answer_goes_where_the_via_says_once_the_connection_is_gone(house: Exchange) -> None:
    _invite(house)
    house.wire.take()
    house.wire.cut(CALLER)
    house.calls[0].ringing()
    assert _sent_to(house) == [Hop("192.0.2.1", 5070, "TCP")]


def test_our_request_goes_over_the_connection_then_to_the_contact(house: Exchange) -> None:
    _invite(house)
    _answer(house)
    call = house.calls[0]
    call.hold()
    assert _sent_to(house) == [CALLER]
    house.wire.cut(CALLER)
    assert house.ends == ["peer_gone"], "nobody will answer our INVITE"
    assert _sent_to(house) == [Hop("192.0.2.1", 5070, "TCP")]


def test_a_contact_elsewhere_is_called_there(house: Exchange) -> None:
    _invite(house, contact="<sip:alice@192.0.2.77:5070;transport=tcp>")
    _answer(house)
    house.calls[0].hangup()
    assert _sent_to(house) == [Hop("192.0.2.77", 5070, "TCP")]


def test_a_caller_behind_nat_is_only_reached_by_its_connection(house: Exchange) -> None:
    via = "Via: SIP/2.0/TCP 10.0.0.5:5060;branch=z9hG4bKone"
    _invite(house, via=via, contact="<sip:alice@10.0.0.5;transport=tcp>")
    _answer(house, via)
    house.calls[0].hangup()
    assert _sent_to(house) == [CALLER]


def test_a_route_back_to_the_proxy_goes_over_its_connection(house: Exchange) -> None:
    _invite(house, extra=("Record-Route: <sip:192.0.2.1;transport=tcp;lr>",))
    _answer(house)
    house.calls[0].hangup()
    assert _sent_to(house) == [CALLER]


def test_our_contact_and_via_name_the_transport(house: Exchange) -> None:
    _invite(house)
    _answer(house)
    house.calls[0].hold()
    invite = house.wire.sent[0][0]
    assert invite.headers.get("Contact") == "<sip:hotline@192.0.2.10:5060;transport=tcp>"
    assert invite.via.transport == "TCP"


def test_a_sips_call_gets_a_sips_contact(house: Exchange) -> None:
    _invite(house, uri="sips:95500@192.0.2.10")
    house.calls[0].ringing()
    contact = house.wire.sent[-1][0].headers.get("Contact")
    assert contact == "<sips:hotline@192.0.2.10:5060;transport=tcp>"


@pytest.mark.parametrize(("size", "transport"), [(200, "UDP"), (1000, "TCP")])
def test_what_is_too_large_for_a_datagram_goes_over_the_tcp_connection_there_is(
    size: int, transport: str
) -> None:
    house = Exchange()
    peer = Hop("192.0.2.1", 5060)
    house.wire.connections.add(peer._replace(transport="TCP"))
    note = ("X-Note", "n" * size)
    call = house.agent.place(Uri("sip", "b", "192.0.2.1"), "95500", peer, RTP, headers=[note])
    ((invite, hop),) = house.wire.sent
    assert isinstance(invite, Request)
    assert (hop.transport, invite.via.transport) == (transport, transport)
    house.reply(180, invite)
    house.wire.take()
    call.hangup()
    cancel, hop = house.wire.sent[0]
    assert (hop.transport, cancel.via) == (transport, invite.via)


def test_what_is_too_large_stays_a_datagram_without_a_connection() -> None:
    house = Exchange()
    peer = Hop("192.0.2.1", 5060)
    note = ("X-Note", "n" * 2000)
    house.agent.place(Uri("sip", "b", "192.0.2.1"), "95500", peer, RTP, headers=[note])
    assert house.wire.sent[0][1] == peer


def test_over_tcp_no_failure_is_repeated(house: Exchange) -> None:
    _invite(house)
    house.calls[0].refuse(486)
    house.wire.take()
    house.advance(40, step=1)
    assert house.wire.take() == []
    assert house.clock.getDelayedCalls() == []
