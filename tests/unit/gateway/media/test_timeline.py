"""Packets on the 20 ms time line: late, lost, swapped and bunched."""

import pytest

from gateway.media import g711, rtp
from gateway.media.timeline import Timeline

SILENT = g711.ALAW_SILENCE * 160
DELAY_FRAMES = 3


def frame(n: int) -> bytes:
    return bytes([n + 1]) * 160


def line_of(first: int = 0) -> tuple[Timeline, list[bytes]]:
    """A line with one frame, which is the next to be taken."""
    line = Timeline(20 * DELAY_FRAMES)
    line.put(first, frame(0))
    return line, [line.take() for _ in range(DELAY_FRAMES)]


def play(order: list[int | None], first: int = 0) -> list[bytes]:
    """Put one packet (None for none) in each 20 ms; return what is heard after the delay."""
    line, heard = Timeline(20 * DELAY_FRAMES), list[bytes]()
    for n in order:
        if n is not None:
            line.put((first + 160 * n) % rtp.TS_MOD, frame(n))
        heard.append(line.take())
    heard += [line.take() for _ in range(DELAY_FRAMES)]
    assert heard[:DELAY_FRAMES] == [SILENT] * DELAY_FRAMES
    return heard[DELAY_FRAMES:]


@pytest.mark.parametrize(
    ("order", "heard"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([0, 2, 1, 3], [0, 1, 2, 3]),  # swapped
        ([0, 1, 1, 2], [0, 1, 2, None]),  # repeated
        ([0, None, None, None, 1, 2, 3], [0, 1, 2, 3, None, None, None]),  # late, in time
        ([0, 2, 3, 4, 5], [0, None, 2, 3, 4]),  # lost
        ([0, 2, 3, 4, 5, 6, 1], [0, None, 2, 3, 4, 5, 6]),  # too late: its place is over
        ([0, None, None, 3, 4], [0, None, None, 3, 4]),  # silence between words
    ],
)
@pytest.mark.parametrize("first", [0, rtp.TS_MOD - 200])
def test_each_packet_is_heard_in_its_place(
    order: list[int | None], heard: list[int | None], first: int
) -> None:
    assert play(order, first) == [SILENT if n is None else frame(n) for n in heard]


def test_nothing_is_heard_before_the_first_packet() -> None:
    assert Timeline(60).take() == SILENT


def test_after_a_pause_without_packets_the_next_word_is_whole() -> None:
    line, _ = line_of()
    assert line.take() == frame(0)
    assert {line.take() for _ in range(100)} == {SILENT}
    heard = []
    for n in range(101, 105):
        line.put(160 * n, frame(n))
        heard.append(line.take())
    heard += [line.take() for _ in range(DELAY_FRAMES)]
    assert b"".join(heard).strip(g711.ALAW_SILENCE) == b"".join(map(frame, range(101, 105)))


def test_a_clock_that_stands_still_in_a_pause_loses_no_sound() -> None:
    line, _ = line_of()
    assert line.take() == frame(0)
    assert {line.take() for _ in range(50)} == {SILENT}
    heard = []
    for n in range(1, 5):
        line.put(160 * n, frame(n))
        heard.append(line.take())
    heard += [line.take() for _ in range(DELAY_FRAMES)]
    assert b"".join(heard).strip(g711.ALAW_SILENCE) == b"".join(map(frame, range(1, 5)))


@pytest.mark.parametrize("jump", [rtp.TS_MOD // 2, 200_000, -200_000])
def test_a_new_clock_begins_a_new_line(jump: int) -> None:
    line, _ = line_of()
    line.put(jump % rtp.TS_MOD, frame(9))
    assert [line.take() for _ in range(DELAY_FRAMES + 1)][-1] == frame(9)


def test_a_burst_does_not_make_the_sound_late_for_ever() -> None:
    line, _ = line_of()
    for n in range(1, 40):
        line.put(160 * n, frame(n))
    line.settle()
    heard = [line.take() for _ in range(2 * DELAY_FRAMES)]
    assert heard[:DELAY_FRAMES] == [frame(n) for n in range(40 - DELAY_FRAMES, 40)]
    assert heard[DELAY_FRAMES:] == [SILENT] * DELAY_FRAMES


def test_packets_of_other_lengths_are_heard_whole() -> None:
    line = Timeline(0)
    line.put(1000, b"\x11" * 80)
    line.put(1080, b"\x22" * 240)
    assert line.take() == b"\x11" * 80 + b"\x22" * 80
    assert line.take() == b"\x22" * 160


def test_a_slower_network_is_waited_for_longer() -> None:
    line, heard = Timeline(20 * DELAY_FRAMES), list[bytes]()
    for n in range(40):  # from the twentieth on each packet comes ten frames later than before
        if n == 20:
            heard += [line.take() for _ in range(10)]
        line.put(160 * n, frame(n))
        heard.append(line.take())
    heard += [line.take() for _ in range(DELAY_FRAMES)]
    assert [one for one in heard if one != SILENT] == [frame(n) for n in range(40)]
