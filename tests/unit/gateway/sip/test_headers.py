"""Structured header values: Via, name-addr, CSeq and lists."""

import contextlib
import time

import pytest

from gateway.sip.errors import SipError
from gateway.sip.headers import (
    CSeq,
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_params,
    parse_via,
    quoted,
    split_commas,
)
from gateway.sip.uri import Uri

BOB = Uri("sip", "bob", "h")


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b" <sip:x@h>, c', ['"a, b" <sip:x@h>', "c"]),
        ("<sip:a,b@h>,<sip:c@h>", ["<sip:a,b@h>", "<sip:c@h>"]),
        (r'"a\", b" <sip:x@h>, c', [r'"a\", b" <sip:x@h>', "c"]),
        ("a,,b", ["a", "", "b"]),
        ("a,", ["a", ""]),
    ],
)
def test_lists_are_split_outside_quotes_and_brackets(value: str, pieces: list[str]) -> None:
    assert split_commas(value) == pieces


@pytest.mark.parametrize("value", ['"a, b', "<sip:a, b", 'x", y', ",".join("a" * 200)])
def test_unbalanced_and_endless_lists_are_refused(value: str) -> None:
    with pytest.raises(SipError):
        split_commas(value)


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/UDP 192.0.2.1", Via("UDP", "192.0.2.1")),
        ("SIP/2.0/tcp h:5070;branch=z9hG4bKx", Via("TCP", "h", 5070, (("branch", "z9hG4bKx"),))),
        ("SIP / 2.0 / UDP  h : 5060 ; a = b ; c", Via("UDP", "h", 5060, (("a", "b"), ("c", None)))),
        ("SIP/2.0/UDP [2001:db8::9]:5060", Via("UDP", "[2001:db8::9]", 5060)),
        ('SIP/2.0/UDP h;x="a;b"', Via("UDP", "h", None, (("x", '"a;b"'),))),
    ],
)
def test_a_via_is_parsed(text: str, via: Via) -> None:
    assert parse_via(text) == via


@pytest.mark.parametrize(
    "text",
    ["", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0/UDP h;;x", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h x",
     "SIP/2.0/UDP h;a=", "HTTP/2.0/UDP h"],
)  # fmt: skip
def test_a_broken_via_is_refused(text: str) -> None:
    with pytest.raises(SipError):
        parse_via(text)


@pytest.mark.parametrize(
    ("text", "seen", "reply"),
    [  # a request from 192.0.2.9:4444
        ("SIP/2.0/UDP 192.0.2.9", "SIP/2.0/UDP 192.0.2.9", ("192.0.2.9", 5060)),
        ("SIP/2.0/UDP 192.0.2.9:5070", "SIP/2.0/UDP 192.0.2.9:5070", ("192.0.2.9", 5070)),
        ("SIP/2.0/UDP host", "SIP/2.0/UDP host;received=192.0.2.9", ("192.0.2.9", 5060)),
        ("SIP/2.0/UDP host;rport", "SIP/2.0/UDP host;received=192.0.2.9;rport=4444",
         ("192.0.2.9", 4444)),
        ("SIP/2.0/UDP host;maddr=192.0.2.66;received=192.0.2.66",
         "SIP/2.0/UDP host;maddr=192.0.2.66;received=192.0.2.9", ("192.0.2.9", 5060)),
    ],
)  # fmt: skip
def test_answers_go_to_where_the_request_came_from(
    text: str, seen: str, reply: tuple[str, int]
) -> None:
    via = parse_via(text)
    assert str(via.seen_from("192.0.2.9", 4444)) == seen
    assert via.reply_address("192.0.2.9", 4444) == reply


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:bob@h>", NameAddr(BOB)),
        ("sip:bob@h;tag=1", NameAddr(BOB, (("tag", "1"),))),
        ("Bob Smith <sip:bob@h>;tag=1", NameAddr(BOB, (("tag", "1"),), "Bob Smith")),
        (r'"B \"x\" <y>"<sip:bob@h> ; q = 0.5', NameAddr(BOB, (("q", "0.5"),), r'"B \"x\" <y>"')),
        ("<sip:bob@h>;tag", NameAddr(BOB, (("tag", None),))),
    ],
)  # fmt: skip
def test_an_address_with_a_name_is_parsed(text: str, address: NameAddr) -> None:
    assert parse_name_addr(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "bob", "<sip:bob@h", '"Bob <sip:bob@h>', "Bob, Al <sip:bob@h>", "< sip:bob@h >",
     "sip:bob@h?x=y", "<sip:bob@h>;;", "<sip:bob@h> x", "sip:bob@h;tag=a b"],
)  # fmt: skip
def test_a_broken_address_is_refused(text: str) -> None:
    with pytest.raises(SipError):
        parse_name_addr(text)


@pytest.mark.parametrize(
    ("text", "cseq"), [("1 INVITE", CSeq(1, "INVITE")), ("0009   \t BYE", CSeq(9, "BYE"))]
)
def test_a_cseq_is_parsed(text: str, cseq: CSeq) -> None:
    assert parse_cseq(text) == cseq


@pytest.mark.parametrize("text", ["", "1", "INVITE", "-1 BYE", "2147483648 BYE", "1 A B", "１ BYE"])
def test_a_broken_cseq_is_refused(text: str) -> None:
    with pytest.raises(SipError):
        parse_cseq(text)


@pytest.mark.parametrize(
    "value",
    ["a " * 8000 + "\x01<sip:a@h>", ";a" * 4000 + "=", '"' + "\\" * 16_000, "<" * 16_000 + ","],
)
def test_long_nonsense_costs_little_time(value: str) -> None:
    start_s = time.process_time()
    for parse in (parse_name_addr, parse_via, parse_params, split_commas):
        with contextlib.suppress(SipError):
            parse(value)  # type: ignore[operator]
    assert time.process_time() - start_s < 0.2


@pytest.mark.parametrize(
    ("display", "written"),
    [("", ""), ("张 伟", '"张 伟"'), ('a "b" \\', r'"a \"b\" \\"'), ("a\r\nX: y", '"aX: y"')],
)
def test_a_display_name_is_quoted_and_cannot_leave_its_quotes(display: str, written: str) -> None:
    assert quoted(display) == written
    if written:
        read = parse_name_addr(f"{written} <sip:a@h>")
        assert (read.display, str(read.uri)) == (written, "sip:a@h")
