"""Times, languages, frames and addresses as they stand on the wire."""

import pytest

from gateway.web.guard import address_key
from gateway.web.messages import text_frame
from gateway.web.reply import headers
from gateway.web.wording import language_of, moment
from risk.domain.enums import Language
from risk.domain.ids import NS


def test_a_moment_is_china_time_to_the_microsecond() -> None:
    assert moment(1_795_399_200 * NS + 123_456_789) == "2026-11-23T10:00:00.123456+08:00"
    assert moment(0) == ""


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("fr, de;q=0.9", None),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("en-GB;q=0.3, zh;q=0.2", Language.EN),
        ("EN", Language.EN),
        ("en;q=x, zh;q=0.1", Language.ZH),
        ("en;q=0", None),
        ("x" * 10_000 + ",en", None),
    ],
)
def test_the_better_liked_language_is_taken(header: str, language: Language | None) -> None:
    assert language_of(header) is language


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_limit_counts_an_address_or_an_ipv6_network(address: str, key: str) -> None:
    assert address_key(address) == key


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_states_its_length_as_rfc_6455_says(length: int) -> None:
    frame = text_frame(b"x" * length)
    head = len(frame) - length
    stated = frame[1] if head == 2 else int.from_bytes(frame[2:head], "big")

    assert frame[0] == 0x81
    assert (stated, frame[head:]) == (length, b"x" * length)
    assert head == (2 if length < 126 else 4 if length < 65_536 else 10)


def test_a_header_value_with_a_line_end_is_a_bug() -> None:
    assert headers(Retry_After="1") == b"Retry-After: 1\r\n"
    with pytest.raises(AssertionError):
        headers(Location="/x\nSet-Cookie: a=b")
