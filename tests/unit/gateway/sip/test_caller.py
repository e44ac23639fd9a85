"""Who calls whom: numbers made comparable, claims and assertions, what a diversion tells."""

import pytest

from gateway.sip.caller import Caller, caller_of, e164
from gateway.sip.errors import SipError
from gateway.sip.message import Request, parse_message
from tests.builders.sip import a_request


def _said(*headers: str, **request: object) -> Request:
    message = parse_message(a_request(extra=headers, **request).encode())  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("13800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),  # long-distance prefix of a mobile
        ("8613800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("01055556666", "+861055556666"),
        ("861055556666", "+861055556666"),
        ("+8601055556666", "+861055556666"),  # 0 kept after the country code
        ("008601055556666", "+861055556666"),
        ("075525556666", "+8675525556666"),
        ("03123456789", "+863123456789"),
        ("00442071838750", "+442071838750"),
        ("+442071838750", "+442071838750"),
        ("95500", "95500"),
        ("10086", "10086"),
        ("4008095500", "4008095500"),
        ("55556666", "55556666"),  # a line without its area: nobody knows which
        ("1055556666", "1055556666"),
        ("12800138000", "12800138000"),  # no mobile begins so
        ("8001", "8001"),
        ("alice", "alice"),
        ("00", "00"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_a_number_is_brought_to_its_international_form(number: str, expected: str) -> None:
    assert e164(number) == expected
    assert e164(e164(number)) == expected


@pytest.mark.parametrize(
    ("headers", "sender", "expected"),
    [
        (('P-Asserted-Identity: "A" <sip:+8613900139000@c>',), "13800138000", "+8613900139000"),
        (("P-Asserted-Identity: <sip:c>, <tel:+86-139-0013-9000>",), "x", "+8613900139000"),
        (("Remote-Party-ID: <sip:013900139000@c>;party=calling",), "x", "+8613900139000"),
        (("Remote-Party-ID: <sip:013900139000@c>;party=called",), "8001", "8001"),
        (("P-Asserted-Identity: <sip:anonymous@c>",), "8001", "8001"),
        ((), "13800138000", "+8613800138000"),
        ((), "anonymous", ""),
    ],
)
def test_an_asserted_number_wins_over_the_claimed_one(
    headers: tuple[str, ...], sender: str, expected: str
) -> None:
    request = _said(*headers, sender=f"<sip:{sender}@h>;tag=a")
    assert caller_of(request, "one", is_trusted=True).ani == expected


def test_a_stranger_asserts_nothing() -> None:
    request = _said(
        "P-Asserted-Identity: <sip:+8613900139000@c>",
        "Remote-Party-ID: <sip:+8613900139000@c>;privacy=full",
        "Diversion: <sip:4008095500@c>",
        "History-Info: <sip:1@c>;index=1, <sip:2@c>;index=1.1",
    )
    assert caller_of(request) == Caller("+8613800138000", "95500")


@pytest.mark.parametrize(
    ("headers", "is_withheld"),
    [
        (("Privacy: id",), True),
        (("Privacy: critical;User",), True),
        (("Privacy: header, critical",), True),
        (("Privacy: none",), False),
        (("Privacy: session",), False),
        (("Remote-Party-ID: <sip:1@c>;privacy=full",), True),
        (('Remote-Party-ID: <sip:1@c>;privacy="Name"',), True),
        (("Remote-Party-ID: <sip:1@c>;privacy=off",), False),
        ((), False),
    ],
)
def test_a_withheld_number_is_known_as_such(headers: tuple[str, ...], is_withheld: bool) -> None:
    assert caller_of(_said(*headers), is_trusted=True).is_withheld is is_withheld


def test_an_anonymous_caller_withholds_even_without_a_privacy_header() -> None:
    request = _said(sender='"Anonymous" <sip:Anonymous@anonymous.invalid>;tag=a')
    assert caller_of(request) == Caller("", "95500", is_withheld=True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Diversion: <sip:02@c>;reason=no-answer", "Diversion: <tel:01>"), ("01", "02")),
        (("Diversion: <sip:02@c>, <sip:01@c>;counter=1",), ("01", "02")),
        (
            ("History-Info: <sip:9@c>;index=1.10, <sip:2@c>;index=1.2, <sip:1@c>;index=1",),
            ("1", "2"),
        ),
        (("History-Info: <sip:1@c>;index=1",), ()),
        (("Diversion: <sip:7@c>", "History-Info: <sip:1@c>;index=1,<sip:2@c>;index=1.1"), ("7",)),
        (("Diversion: " + ", ".join(f"<sip:{n}@c>" for n in range(99, 0, -1)),),
         tuple(str(n) for n in range(1, 11))),
    ],
)  # fmt: skip
def test_the_number_dialled_at_first_stands_in_front(
    headers: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert caller_of(_said(*headers), is_trusted=True).diversion == expected


@pytest.mark.parametrize(
    ("uri", "to", "dnis"),
    [
        ("sip:4008095500@192.0.2.10", "<sip:1@h>", "4008095500"),
        ("sip:192.0.2.10", "<sip:95500@h>", "95500"),
        ("sip:192.0.2.10", "<sip:192.0.2.10>", "7"),
    ],
)
def test_the_dialled_number_is_of_request_uri_then_to_then_diversion(
    uri: str, to: str, dnis: str
) -> None:
    request = _said("Diversion: <sip:7@c>", uri=uri, to=to)
    assert caller_of(request, is_trusted=True).dnis == dnis


def test_a_broken_assertion_is_told_to_its_carrier() -> None:
    with pytest.raises(SipError, match="address"):
        caller_of(_said("Diversion: <sip:7@c"), is_trusted=True)
