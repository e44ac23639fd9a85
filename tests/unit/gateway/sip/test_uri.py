"""URIs: parsed, refused, compared, and numbers taken from them."""

import pytest

from gateway.sip.errors import SipError
from gateway.sip.uri import Uri, is_same, masked, number_of, parse_uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:alice@example.com", Uri("sip", "alice", "example.com")),
        ("SIP:Alice@EXAMPLE.com", Uri("sip", "Alice", "example.com")),
        ("sip:example.com:5070", Uri("sip", host="example.com", port=5070)),
        ("sips:a@[2001:db8::1]:5061", Uri("sips", "a", "[2001:db8::1]", 5061)),
        ("sip:a:pw@h", Uri("sip", "a", "h", password="pw")),
        ("sip:h;lr;a=B", Uri("sip", host="h", params=(("lr", None), ("a", "B")))),
        ("sip:a@h?Subject=x", Uri("sip", "a", "h", headers="Subject=x")),
        ("sip:user;par=u%40x.net@h", Uri("sip", "user;par=u%40x.net", "h")),
        ("tel:+86-10-5555;ext=7", Uri("tel", "+86-10-5555", params=(("ext", "7"),))),
        ("isbn:2983792873", Uri("isbn", opaque="2983792873")),
    ],
)  # fmt: skip
def test_an_address_is_parsed(text: str, uri: Uri) -> None:
    assert parse_uri(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "", "sip", "sip:", ":x", "1sip:a@h", "sip:a@", "sip:@h", "sip:a b@h", "sip:a@h h",
        "sip:a@h:0", "sip:a@h:65536", "sip:a@h:port", "sip:a@h;", "sip:a@h;=x", "sip:%zz@h",
        "sip:a@h@i", "<sip:a@h>", " sip:a@h", "tel:", "tel:hello", 'data:"x"', "sip:a@h\r\nX: y",
        "sip:a@-h", "sip:a@h?",
    ],
)  # fmt: skip
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(SipError):
        parse_uri(text)


def test_an_endless_address_is_refused_before_it_is_read() -> None:
    with pytest.raises(SipError, match="2048") as refused:
        parse_uri("sip:" + "a" * 3000 + "@h")
    assert refused.value.status == 414


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [  # the examples of RFC 3261 §19.1.4
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", True),
        ("sip:a@h?to=x&priority=y", "sip:a@h?priority=y&to=x", True),
        ("SIP:ALICE@AtLanTa.CoM", "sip:alice@AtLanTa.CoM", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:a@h", "sips:a@h", False),
        ("tel:+86-10-5555", "tel:+86105555", True),
        ("tel:+86105555", "tel:+86105556", False),
    ],
)
def test_addresses_compare_as_the_rfc_says(one: str, other: str, same: bool) -> None:
    assert is_same(parse_uri(one), parse_uri(other)) is same


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("sip:13800138000@h", "13800138000"),
        ("sip:+86-138.0013(8000)@h;user=phone", "+8613800138000"),
        ("sip:+8613800138000;phone-context=x@h", "+8613800138000"),
        ("tel:+86-10-5555", "+86105555"),
        ("sip:alice%20smith@h", "alicesmith"),
        ("sip:%00%0d%0a@h", ""),
        ("sip:h", ""),
        ("sip:" + "9" * 100 + "@h", "9" * 32),
    ],
)
def test_a_number_is_taken_from_an_address(text: str, number: str) -> None:
    assert number_of(parse_uri(text)) == number


@pytest.mark.parametrize(
    ("number", "shown"), [("13800138000", "***8000"), ("8000", "***"), ("", "***")]
)
def test_logs_show_four_digits_at_most(number: str, shown: str) -> None:
    assert masked(number) == shown
