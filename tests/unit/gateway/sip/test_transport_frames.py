"""Messages in a stream: any split gives the same messages, and what cannot be cut ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip.errors import SipError
from gateway.sip.message import MESSAGE_BYTES_MAX, parse_message
from gateway.sip.transport_frames import FrameReader
from tests.builders.sip import OFFER, a_request

INVITE = a_request(body=OFFER).encode()
BYE = a_request("BYE", to_tag="x").encode()


@given(
    st.lists(st.sampled_from([INVITE, BYE, b"\r\n\r\n", b"\r\n"]), max_size=6),
    st.lists(st.integers(1, 400), max_size=40),
)
def test_any_split_gives_the_same_messages(parts: list[bytes], sizes: list[int]) -> None:
    stream, reader, messages = b"".join(parts), FrameReader(), list[bytes]()
    for size in [*sizes, len(stream) + 1]:
        messages += reader.feed(stream[:size])
        stream = stream[size:]
    assert messages == [part for part in parts if part in (INVITE, BYE)]
    assert not reader.is_lost
    assert not reader.is_amid


def test_a_compact_and_folded_length_is_read() -> None:
    message = INVITE.replace(b"Content-Length:", b"l :\r\n ")
    assert FrameReader().feed(message + BYE) == [message, BYE]


@pytest.mark.parametrize(
    "message",
    [
        INVITE.replace(b"Content-Length", b"X-Length"),
        INVITE.replace(b"Content-Length: ", b"Content-Length: -"),
        INVITE.replace(b"Content-Length", b"l: 3\r\nContent-Length"),
        INVITE.replace(b"Content-Length: ", b"Content-Length: 999999"),
        INVITE.replace(b"Content-Length: ", b"Content-Length: 9999999999"),
    ],
)
def test_a_message_without_a_length_of_use_is_the_last_one_and_malformed(message: bytes) -> None:
    reader = FrameReader()
    (last,) = reader.feed(message + BYE)
    assert reader.is_lost
    assert last.endswith(b"\r\n\r\n")
    assert reader.feed(BYE) == []
    with pytest.raises(SipError):
        parse_message(last, is_stream=True)


def test_headers_without_an_end_are_not_collected_for_ever() -> None:
    reader = FrameReader()
    line = b"X: " + b"x" * 97 + b"\r\n"
    for _ in range(MESSAGE_BYTES_MAX // len(line)):
        assert reader.feed(line) == []
        assert not reader.is_lost
    assert reader.feed(line) == []
    assert reader.is_oversized
    assert reader.is_lost


def test_a_ping_is_counted_and_a_message_that_has_begun_is_amid() -> None:
    reader = FrameReader()
    assert reader.feed(b"\r\n\r\n\r\n\r\n" + BYE[:50]) == []
    assert (reader.pings, reader.is_amid) == (2, True)
    assert reader.feed(BYE[50:]) == [BYE]
    assert not reader.is_amid
