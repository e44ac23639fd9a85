"""Whenever a PIN is asked and however long its keys are held: not a sample of it is recorded.

The oracle is a plain loop over samples; the machine is a leg's jitter buffer, its mask and its
recording, over a disk that writes at any pace.
"""

from pathlib import Path
from typing import Final, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media import g711, rtp
from gateway.media.leg import SECURE_TAIL_S, LegAudio
from gateway.media.recording import LEAD_IN_MS, Recording
from gateway.media.recording_disk import DiskWriter, Job, RecordingDisk
from tests.builders.recordings import sides_of

SILENCE: Final = 0xD5
SOUND: Final = 0x11
FRAME_S: Final = 0.02
JITTER_FRAMES: Final = 3
STARTED_NS: Final = 1_795_000_000_000_000_000


class Field(NamedTuple):
    """A secret field: frames before it, its length, and how long before it keys were typed."""

    before: int
    length: int
    ahead: int  # frames; 0 is none


FIELDS: Final = st.lists(
    st.builds(Field, st.integers(0, 200), st.integers(1, 120), st.sampled_from([0, 0, 5, 60, 150])),
    min_size=1,
    max_size=4,
)


class Lazy(RecordingDisk):
    """Keeps the jobs and does them when told: a disk that is slow, but in order."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []

    def put(self, job: Job) -> bool:
        self.jobs.append(job)
        return True

    def work(self) -> None:
        writer = DiskWriter()
        for job in self.jobs:
            writer.do(job)


def record(fields: list[Field], path: Path) -> tuple[bytes, list[tuple[int, int, int]]]:
    """Record a far end that always speaks; return its side, and each field's frames."""
    leg, disk = LegAudio(lambda bits: 1, jitter_ms=20 * JITTER_FRAMES), Lazy()
    leg.follow(True)
    recording = Recording(disk, 1, str(path), STARTED_NS)
    frame, secret = 0, list[tuple[int, int, int]]()

    def pass_frames(count: int) -> None:
        nonlocal frame
        for _ in range(count):
            packet = rtp.RtpPacket(8, False, frame % 65_536, 160 * frame, 7, bytes([SOUND]) * 160)
            leg.receive(rtp.build(packet), frame * FRAME_S)
            heard = leg.next_heard()
            is_secure = leg.is_secure(frame * FRAME_S)
            recording.add_left(bytes([SILENCE]) * 160 if is_secure else heard)
            recording.add_right(heard)
            frame += 1

    for before, length, ahead in fields:
        pass_frames(before)
        leg.secure(True, frame * FRAME_S)
        if ahead and ahead <= frame:
            recording.silence_left_since(STARTED_NS + (frame - ahead) * 20_000_000)
            secret.append((frame - ahead, frame, frame + length))
        else:
            recording.silence_lead_in()
            secret.append((frame, frame, frame + length))
        pass_frames(length)
        leg.secure(False, frame * FRAME_S)
    pass_frames(100)
    recording.finish()
    disk.work()
    return sides_of(path)[0], secret


def naive(frames: int, secret: list[tuple[int, int, int]]) -> tuple[list[bool], list[bool]]:
    """Return for each frame whether it must be silent, and whether it must be heard."""
    lead, tail = LEAD_IN_MS // 20, round(SECURE_TAIL_S / FRAME_S)
    silent, heard = [False] * frames, [True] * frames
    for first, begin, end in secret:
        for n in range(frames):
            if first - lead <= n < end + tail:
                silent[n] = True
            # The mask may be so much wider, no more: half frames, and the jitter buffer at its end.
            if first - lead - 1 <= n < end + tail + JITTER_FRAMES + 1:
                heard[n] = False
        assert first <= begin <= end
    for n in range(JITTER_FRAMES):
        heard[n] = False  # nothing has left the jitter buffer yet
    return silent, heard


@given(FIELDS)
@settings(max_examples=150, deadline=None)
def test_secret_fields_are_silent_and_nothing_else_is(
    tmp_path_factory: object, fields: list[Field]
) -> None:
    path = tmp_path_factory.mktemp("calls") / "1.wav"  # type: ignore[attr-defined]
    left, secret = record(fields, path)
    frames = [left[at : at + 160] for at in range(0, len(left), 160)]
    silent, heard = naive(len(frames), secret)
    for n, frame in enumerate(frames):
        if silent[n]:
            assert set(frame) == {SILENCE}, f"frame {n} of {secret}"
        if heard[n]:
            assert set(frame) == {SOUND}, f"frame {n} of {secret}"


def test_the_sound_of_this_test_is_none() -> None:
    assert bytes([SILENCE]) == g711.ALAW_SILENCE
    assert SOUND != SILENCE
