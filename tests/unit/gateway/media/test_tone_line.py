"""Packets as the search for key tones takes them: in order, parted where nothing was sent."""

import pytest

from gateway.media import g711, rtp
from gateway.media.rtp import RtpPacket
from gateway.media.tone_line import FRAMES_PER_TICK_MAX, PAUSE_SAMPLES, WAITING_MAX, ToneLine

PAUSE = g711.ALAW_SILENCE * PAUSE_SAMPLES


def put(line: ToneLine, timestamp: int, alaw: bytes, marker: bool = False) -> None:
    line.put(RtpPacket(8, marker, 0, timestamp % rtp.TS_MOD, 7, alaw), alaw)


def taken(line: ToneLine) -> bytes:
    whole = b""
    while frames := line.take():
        assert {len(frame) for frame in frames} == {160}
        assert len(frames) <= FRAMES_PER_TICK_MAX
        whole += b"".join(frames)
    return whole


@pytest.mark.parametrize("first", [0, rtp.TS_MOD - 170])
def test_packets_of_any_length_follow_each_other(first: int) -> None:
    line = ToneLine()
    put(line, first, b"\x11" * 80)
    put(line, first + 80, b"\x22" * 240)
    put(line, first + 320, b"\x33" * 100)
    assert taken(line) == b"\x11" * 80 + b"\x22" * 240
    put(line, first + 420, b"\x44" * 60)
    assert taken(line) == b"\x33" * 100 + b"\x44" * 60


@pytest.mark.parametrize(
    ("timestamp", "marker", "between"),
    [
        (160, False, b""),
        (320, False, PAUSE[:160]),  # one lost
        (160 + 8000, False, PAUSE),  # a second without packets
        (160, True, PAUSE),  # a pause in which the far end's clock stood still
        (10_000_000, False, PAUSE),  # a new clock
    ],
)
def test_what_was_not_sent_is_silence(timestamp: int, marker: bool, between: bytes) -> None:
    line = ToneLine()
    put(line, 0, b"\x11" * 160)
    put(line, timestamp, b"\x22" * 160, marker)
    assert taken(line) == b"\x11" * 160 + between + b"\x22" * 160


def test_late_and_repeated_packets_are_left_out() -> None:
    line = ToneLine()
    for timestamp in (0, 320, 160, 320, 0):
        put(line, timestamp, b"\x11" * 160)
    assert taken(line) == b"\x11" * 160 + PAUSE[:160] + b"\x11" * 160


def test_what_nobody_takes_does_not_fill_the_memory() -> None:
    line = ToneLine()
    for n in range(10_000):
        put(line, n * 10_000, b"\x11" * 160)
    assert len(line._line) <= WAITING_MAX + PAUSE_SAMPLES + 160
