"""Packets late by less than the jitter buffer, in any order, some lost: each is heard in place."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media import g711, rtp
from gateway.media.timeline import Timeline

SILENT = g711.ALAW_SILENCE * 160
FRAMES = 40


def frame(n: int) -> bytes:
    return n.to_bytes(2, "big") * 80


@given(
    delay_frames=st.integers(1, 10),
    first=st.integers(0, rtp.TS_MOD - 1),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_the_far_end_is_heard_as_it_spoke(
    delay_frames: int, first: int, data: st.DataObject
) -> None:
    late = st.integers(0, delay_frames)
    arrivals = [(0, 0)]  # the first packet makes the line: by definition it is in time
    for n in range(1, FRAMES):
        if data.draw(st.booleans(), label="lost") and data.draw(st.booleans()):
            continue
        arrivals += [(n + data.draw(late), n)] * data.draw(st.sampled_from([1, 1, 1, 2]))
    arrivals.sort()
    line, heard = Timeline(20 * delay_frames), list[bytes]()
    for tick in range(FRAMES + delay_frames):
        for arrival, n in arrivals:
            if arrival == tick:
                line.put((first + 160 * n) % rtp.TS_MOD, frame(n))
        heard.append(line.take())
        line.settle()
    arrived = {n for _, n in arrivals}
    spoken = [frame(n) if n in arrived else SILENT for n in range(FRAMES)]
    assert heard == [SILENT] * delay_frames + spoken


@given(st.lists(st.tuples(st.integers(0, rtp.TS_MOD - 1), st.binary(max_size=400)), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_timestamps_and_lengths_break_the_line_or_fill_the_memory(
    packets: list[tuple[int, bytes]],
) -> None:
    line = Timeline(60)
    for timestamp, alaw in packets:
        line.put(timestamp, alaw)
        assert len(line.take()) == 160
        line.settle()
        assert len(line._line) <= 3 * 480
