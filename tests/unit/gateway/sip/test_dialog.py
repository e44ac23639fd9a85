"""Dialogs: route sets, strict routers, and the order of requests."""

import pytest

from gateway.sip.dialog import Dialog
from gateway.sip.errors import SipError
from gateway.sip.headers import Via
from gateway.sip.message import Request, Response, parse_message
from gateway.sip.wire import Hop
from tests.builders.sip import a_request

SOURCE = Hop("192.0.2.1", 5060)
VIA = Via("UDP", "192.0.2.10", 5060, (("branch", "z9hG4bKours"),))


def _invite(**request: object) -> Request:
    invite = parse_message(a_request(**request).encode())  # type: ignore[arg-type]
    assert isinstance(invite, Request)
    return invite


def _callee(*routes: str, **request: object) -> Dialog:
    extra = tuple(f"Record-Route: {route}" for route in routes)
    return Dialog.of_invite(_invite(extra=extra, **request), "ours", SOURCE)


def test_the_callee_swaps_the_ends_and_counts_its_own_requests() -> None:
    dialog = _callee()
    bye, again = dialog.request("BYE", VIA), dialog.request("OPTIONS", VIA)
    assert (str(bye.sender), str(bye.to)) == (
        "<sip:95500@192.0.2.10>;tag=ours",
        "<sip:13800138000@192.0.2.1>;tag=alice",
    )
    assert (bye.cseq.number, again.cseq.number) == (1, 2)
    assert str(bye.uri) == "sip:alice@192.0.2.1:5060"


def test_loose_routes_stay_in_order_for_the_callee_and_turn_round_for_the_caller() -> None:
    routes = ("<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>")
    bye = _callee(*routes).request("BYE", VIA)
    assert bye.headers.get_all("Route") == list(routes)
    invite = _invite()
    text = a_request(extra=tuple(f"Record-Route: {r}" for r in routes), to_tag="bob")
    answer = parse_message(text.replace(text.split("\r\n")[0], "SIP/2.0 200 OK").encode())
    assert isinstance(answer, Response)
    caller = Dialog.of_answer(invite, answer, SOURCE)
    assert caller.request("BYE", VIA).headers.get_all("Route") == list(reversed(routes))
    assert caller.next_hop == ("192.0.2.51", 5060, "UDP")


def test_a_strict_router_gets_the_request_uri_and_the_target_goes_last() -> None:
    bye = _callee("<sip:192.0.2.50>", "<sip:192.0.2.51;lr>").request("BYE", VIA)
    assert str(bye.uri) == "sip:192.0.2.50"
    assert bye.headers.get_all("Route") == ["<sip:192.0.2.51;lr>", "<sip:alice@192.0.2.1:5060>"]


def test_the_ack_has_the_number_of_its_invite() -> None:
    dialog = _callee()
    dialog.request("BYE", VIA)
    assert dialog.ack(7, VIA).cseq == (7, "ACK")
    assert dialog.request("OPTIONS", VIA).cseq.number == 2


@pytest.mark.parametrize(
    ("contact", "hop"),
    [
        ("<sip:a@192.0.2.1:5099>", ("192.0.2.1", 5099)),
        ("<sip:a@198.51.100.9>", ("198.51.100.9", 5060)),
        ("<sip:a@name.example.com:5099>", SOURCE.address),
        ("<sip:a@[2001:db8::1]>", SOURCE.address),
    ],
)
def test_requests_go_to_a_numeric_contact_else_to_where_it_called_from(
    contact: str, hop: tuple[str, int]
) -> None:
    assert _callee(contact=contact).next_hop.address == hop


@pytest.mark.parametrize(("number", "taken"), [(2, True), (1, False), (0, False), (99, True)])
def test_only_a_higher_number_is_taken(number: int, taken: bool) -> None:
    dialog = _callee()
    assert dialog.takes(_invite(cseq=number)) is taken


def test_an_old_invite_without_a_contact_is_reached_at_its_from() -> None:
    dialog = Dialog.of_invite(_invite(contact=None, via="Via: SIP/2.0/UDP h"), "ours", SOURCE)
    assert str(dialog.remote_target) == "sip:13800138000@192.0.2.1"
    with pytest.raises(SipError):
        _callee(contact=None)


@pytest.mark.parametrize(
    ("contact", "peer", "hop"),
    [
        ("10.0.0.5:5080", "198.51.100.7", ("198.51.100.7", 30_000, "UDP")),  # behind NAT
        ("172.31.0.5", "198.51.100.7", ("198.51.100.7", 30_000, "UDP")),
        ("10.0.0.5:5080", "10.0.0.1", ("10.0.0.5", 5080, "UDP")),  # all in one private network
        ("203.0.113.9", "198.51.100.7", ("203.0.113.9", 5060, "UDP")),
        ("203.0.113.9", "10.0.0.1", ("203.0.113.9", 5060, "UDP")),
    ],
)
def test_a_phone_behind_nat_gets_its_requests_where_it_was_reached(
    contact: str, peer: str, hop: tuple[str, int, str]
) -> None:
    text = a_request(contact=f"<sip:agent1@{contact}>", to_tag="bob")
    answer = parse_message(text.replace(text.split("\r\n")[0], "SIP/2.0 200 OK").encode())
    assert isinstance(answer, Response)
    dialog = Dialog.of_answer(_invite(), answer, Hop(peer, 30_000))
    assert dialog.next_hop == hop
    assert str(dialog.request("BYE", VIA).uri) == f"sip:agent1@{contact}"
