"""The ladder tells a call in lines, and never more than it may."""

from gateway.sip.ladder import ROWS_MAX, Ladder
from gateway.sip.message import Request, parse_message
from gateway.sip.responses import response_to
from tests.builders.sip import OFFER, a_request


def test_a_ladder_shows_when_which_way_and_what() -> None:
    invite = parse_message(a_request(body=OFFER).encode())
    assert isinstance(invite, Request)
    ladder = Ladder(100.0)
    ladder.received(100.0, invite)
    ladder.sent(100.25, response_to(invite, 180, "t"))
    ladder.remark(101.5, "closed: cancelled")
    assert ladder.text() == (
        "    0.000  <--  INVITE (SDP)\n"
        "    0.250  -->  180 Ringing to INVITE\n"
        "    1.500       closed: cancelled"
    )


def test_a_foreign_reason_cannot_break_the_lines() -> None:
    text = "SIP/2.0 200 O\x1b[2J\x00K\r\n" + a_request().split("\r\n", 1)[1]
    response = parse_message(text.encode())
    ladder = Ladder(0.0)
    ladder.received(0.0, response)
    assert ladder.lines() == [r"    0.000  <--  200 O\x1b[2J\x00K to INVITE"]


def test_an_endless_call_is_only_counted_in_the_end() -> None:
    ladder = Ladder(0.0)
    for n in range(ROWS_MAX + 7):
        ladder.remark(n, "x")
    assert (len(ladder.lines()), ladder.lines()[-1]) == (ROWS_MAX + 1, "7 more")
