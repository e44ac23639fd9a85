"""RTP packets and the figures of a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.media.rtp import ReceivedStream, RtpPacket, build, parse, signed_distance

PACKETS = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.booleans(),
    st.integers(0, 65_535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=400),
)


@given(PACKETS)
def test_a_built_packet_is_parsed_to_itself(packet: RtpPacket) -> None:
    assert parse(build(packet)) == packet


@given(st.binary(max_size=1600))
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


@pytest.mark.parametrize(
    ("first", "rest", "payload"),
    [
        (0x82, b"AAAABBBBsound", b"sound"),  # two contributing sources
        (0x90, b"\xbe\xde\x00\x01EXTRsound", b"sound"),  # a header extension of one word
        (0xA0, b"sound\x00\x00\x03", b"sound"),  # three bytes of padding
        (0xB1, b"CSRC\xbe\xde\x00\x00sound\x01", b"sound"),  # all of them
        (0x80, b"", b""),
    ],
)
def test_what_surrounds_the_payload_is_taken_off(first: int, rest: bytes, payload: bytes) -> None:
    data = bytes([first, 8]) + bytes(10) + rest
    packet = parse(data)
    assert packet is not None
    assert packet.payload == payload


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (0x40, b"sound"),  # version 1
        (0x8F, b"short"),  # fifteen sources that are not there
        (0x90, b"\xbe\xde"),  # half an extension
        (0x90, b"\xbe\xde\xff\xff"),  # an extension longer than the packet
        (0xA0, b"sound\x00"),  # padding of zero bytes
        (0xA0, b"\xff"),  # padding longer than the packet
        (0x80, bytes(1500)),  # too long
    ],
)
def test_broken_packets_are_none(first: int, rest: bytes) -> None:
    assert parse(bytes([first, 8]) + bytes(10) + rest) is None


@pytest.mark.parametrize(
    ("later", "earlier", "expected"), [(5, 3, 2), (3, 5, -2), (1, 65_535, 2), (65_535, 1, -2)]
)
def test_distance_goes_the_short_way_round(later: int, earlier: int, expected: int) -> None:
    assert signed_distance(later, earlier, 65_536) == expected


def a_stream(seqs: list[int], ssrc: int = 1, late_s: float = 0.0) -> ReceivedStream:
    stream = ReceivedStream()
    for n, seq in enumerate(seqs):
        packet = RtpPacket(8, False, seq % 65_536, 160 * seq % 2**32, ssrc, b"")
        stream.note(packet, 0.02 * seq + (late_s if n % 2 else 0.0))
    return stream


@pytest.mark.parametrize(
    ("seqs", "lost"),
    [
        ([1, 2, 3], 0),
        ([1, 3, 2], 0),
        ([1, 2, 5], 2),
        ([1, 2, 2, 3], 0),
        ([65_534, 65_535, 65_536, 65_539], 2),
        ([1, 2, 20_000, 20_001], 0),  # a jump is a new stream
    ],
)
def test_losses_are_counted_by_number(seqs: list[int], lost: int) -> None:
    stream = a_stream(seqs)
    assert stream.lost == lost
    assert stream.received == len(seqs)


def test_losses_of_an_earlier_source_are_kept() -> None:
    stream = a_stream([1, 4])
    stream.note(RtpPacket(8, False, 100, 0, 2, b""), 1.0)
    stream.note(RtpPacket(8, False, 102, 320, 2, b""), 1.04)
    assert stream.lost == 3


def test_an_even_stream_has_no_jitter_and_an_uneven_one_has() -> None:
    assert a_stream(list(range(100))).jitter_ms < 1e-6
    assert 8 < a_stream(list(range(200)), late_s=0.010).jitter_ms < 11


def test_events_with_standing_timestamps_are_no_jitter() -> None:
    stream = a_stream([1, 2])
    for n in range(10):
        stream.note(RtpPacket(101, False, 3 + n, 320, 1, b""), 0.06 + 0.02 * n, is_timed=False)
    assert stream.jitter_ms < 1e-6
    assert stream.lost == 0
