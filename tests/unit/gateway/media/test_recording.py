"""Recordings: two sides on one line, silence where a PIN is typed, gaps instead of waiting."""

import errno
import hashlib
import os
import random
import threading
from pathlib import Path

import pytest

from gateway.media import g711, wav
from gateway.media.recording import Recording
from gateway.media.recording_disk import (
    Begin,
    DiskWriter,
    Failed,
    Finish,
    Finished,
    Job,
    Outcome,
    RecordingDisk,
    SilenceLeft,
    Sound,
    read_recording,
    recover_recordings,
)
from tests.builders.recordings import sides_of

STARTED_NS = 1_795_000_000_000_000_000
SILENCE = 0xD5
LEAD_IN = 250 * 8


class AtOnce(RecordingDisk):
    """Does each job where it is put; refuses the sounds whose turn is in `refused`."""

    def __init__(self, refused: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        super().__init__()
        self.writer, self.refused = DiskWriter(), refused
        self.sounds, self.outcomes = 0, list[Outcome]()

    def put(self, job: Job) -> bool:
        if isinstance(job, Sound):
            self.sounds += 1
            if self.sounds in self.refused:
                return False
        outcome = self.writer.do(job)
        if outcome is not None:
            self.outcomes.append(outcome)
        return True


def a_side(seed: int, frames: int) -> list[bytes]:
    """Sound without a byte of silence."""
    rng = random.Random(seed)
    return [bytes(rng.choice(b"\x10\x20\x30\x90\xa0") for _ in range(160)) for _ in range(frames)]


def recorded(
    tmp_path: Path, disk: RecordingDisk, left: list[bytes], right: list[bytes]
) -> Recording:
    recording = Recording(disk, 1, str(tmp_path / "day" / "call.wav"), STARTED_NS)
    for one, other in zip(left, right, strict=True):
        recording.add_left(one)
        recording.add_right(other)
    return recording


def test_both_sides_are_in_the_file_sample_by_sample(tmp_path: Path) -> None:
    disk, left, right = AtOnce(), a_side(1, 333), a_side(2, 333)
    recorded(tmp_path, disk, left, right).finish()
    path = tmp_path / "day" / "call.wav"
    assert sides_of(path) == (b"".join(left), b"".join(right))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert disk.outcomes == [Finished(1, digest, 6660, 0)]
    assert read_recording(path) == (str(path), digest, 6660, STARTED_NS)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_goes_to_the_disk_a_second_at_a_time(tmp_path: Path) -> None:
    disk = AtOnce()
    recorded(tmp_path, disk, a_side(1, 500), a_side(2, 500))
    assert 8 <= disk.sounds <= 10


def test_secure_silences_a_quarter_second_before_it_began(tmp_path: Path) -> None:
    disk, left, right = AtOnce(), a_side(1, 100), a_side(2, 100)
    recording = recorded(tmp_path, disk, left, right)
    recording.silence_lead_in()
    recording.finish()
    heard, sent = sides_of(tmp_path / "day" / "call.wav")
    whole = b"".join(left)
    assert heard == whole[:-LEAD_IN] + bytes([SILENCE]) * LEAD_IN
    assert sent == b"".join(right)


@pytest.mark.parametrize("since_ms", [-5000, 0, 100, 400, 2500, 5900])
def test_keys_typed_ahead_are_silenced_also_where_they_are_on_disk(
    tmp_path: Path, since_ms: int
) -> None:
    disk, left, right = AtOnce(), a_side(1, 300), a_side(2, 300)
    recording = recorded(tmp_path, disk, left, right)
    recording.silence_left_since(STARTED_NS + since_ms * 1_000_000)
    after = a_side(3, 100)
    for frame in after:
        recording.add_left(frame)
        recording.add_right(frame)
    recording.finish()
    heard, sent = sides_of(tmp_path / "day" / "call.wav")
    kept = max(0, since_ms - 250) * 8
    whole = b"".join(left)
    assert heard == whole[:kept] + bytes([SILENCE]) * (48_000 - kept) + b"".join(after)
    assert sent == b"".join(right + after)


def test_sound_that_the_disk_has_no_room_for_is_a_named_gap(tmp_path: Path) -> None:
    disk, left, right = AtOnce(refused={2, 3, 5}), a_side(1, 300), a_side(2, 300)
    recorded(tmp_path, disk, left, right).finish()
    path = tmp_path / "day" / "call.wav"
    heard, _ = sides_of(path)
    whole = b"".join(left)
    missing = bytes(a == SILENCE and a != b for a, b in zip(heard, whole, strict=True))
    (finished,) = disk.outcomes
    assert isinstance(finished, Finished)
    assert finished.gap_ms == sum(missing) // 8 == 3000
    first = missing.index(1) // 8
    assert f"missing: {first}-{first + 2000} ms, ".encode() in path.read_bytes()
    assert len(heard) == len(whole)


def test_a_file_that_exists_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "day" / "call.wav"
    path.parent.mkdir()
    path.write_bytes(b"evidence")
    disk = AtOnce()
    recorded(tmp_path, disk, a_side(1, 300), a_side(2, 300)).finish()
    assert disk.outcomes == [Failed(1, os.strerror(errno.EEXIST))]
    assert path.read_bytes() == b"evidence"


@pytest.mark.parametrize("lost_tail", [0, 1])
def test_the_file_of_a_host_that_died_is_completed_from_its_size(
    tmp_path: Path, lost_tail: int
) -> None:
    writer = DiskWriter()
    path = tmp_path / "calls" / "a" / "1.wav"
    writer.do(Begin(1, str(path), STARTED_NS))
    writer.do(Sound(1, 0, b"\x11\x22" * 16_000))
    assert recover_recordings(tmp_path) == []  # the writer still holds it
    os.close(writer._files[1].fd)  # as the kernel does for a process that died
    os.truncate(path, path.stat().st_size - lost_tail)
    (found,) = recover_recordings(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == (str(path), digest, 2000 - lost_tail, STARTED_NS)
    assert recover_recordings(tmp_path) == []


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "music.wav").write_bytes(b"RIFF and so on" * 20)
    (tmp_path / "short.wav").write_bytes(b"")
    assert recover_recordings(tmp_path) == []
    with pytest.raises(wav.NoRecording):
        read_recording(tmp_path / "short.wav")


def test_a_slow_disk_never_makes_the_clock_wait(tmp_path: Path) -> None:
    may_go, begun = threading.Event(), threading.Event()
    writer = DiskWriter()

    def slowly(job: Job) -> Outcome | None:
        begun.set()
        may_go.wait(10)
        return writer.do(job)

    disk = RecordingDisk(slowly, waiting_bytes_max=64_000)
    left = a_side(1, 600)
    recording = recorded(tmp_path, disk, left, left)  # returns although nothing is written
    assert begun.wait(10)
    assert disk.take_outcomes() == []
    may_go.set()
    recording.finish()
    disk.stop(10)
    (outcome,) = disk.take_outcomes()
    assert isinstance(outcome, Finished)
    assert outcome.ms == 12_000
    assert 7_000 < outcome.gap_ms < 9_000  # four of twelve seconds found room
    assert b"missing: " in (tmp_path / "day" / "call.wav").read_bytes()


class Full:
    """A writer whose `os.pwrite` refuses from time to time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        real = os.pwrite

        def pwrite(fd: int, data: bytes, at: int) -> int:
            if self.is_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(fd, bytes(data)[:1000], at)  # and writes only a part

        monkeypatch.setattr(os, "pwrite", pwrite)


def test_a_full_disk_that_gets_room_again_leaves_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, writer, path = Full(monkeypatch), DiskWriter(), tmp_path / "1.wav"
    writer.do(Begin(1, str(path), STARTED_NS))
    for second in range(4):
        full.is_full = second in (1, 2)
        assert writer.do(Sound(1, second * 16_000, bytes([second]) * 16_000)) is None
    outcome = writer.do(Finish(1, 64_000))
    assert isinstance(outcome, Finished)
    assert (outcome.ms, outcome.gap_ms) == (4000, 2000)
    assert sides_of(path)[0] == b"\0" * 8000 + bytes([SILENCE]) * 16_000 + b"\x03" * 8000
    assert b"missing: 1000-3000 ms" in path.read_bytes()


def test_a_disk_full_to_the_end_is_told_and_the_file_can_be_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, writer, path = Full(monkeypatch), DiskWriter(), tmp_path / "1.wav"
    writer.do(Begin(1, str(path), STARTED_NS))
    writer.do(Sound(1, 0, b"\x11" * 16_000))
    full.is_full = True
    assert writer.do(Finish(1, 16_000)) == Failed(1, os.strerror(errno.ENOSPC))
    full.is_full = False
    assert [found.ms for found in recover_recordings(tmp_path)] == [1000]


def test_a_pin_that_could_not_be_silenced_at_once_is_silenced_before_the_file_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, writer, path = Full(monkeypatch), DiskWriter(), tmp_path / "1.wav"
    writer.do(Begin(1, str(path), STARTED_NS))
    writer.do(Sound(1, 0, b"\x11" * 16_000))
    full.is_full = True
    writer.do(SilenceLeft(1, 0, 8000))
    full.is_full = False
    writer.do(Finish(1, 16_000))
    assert sides_of(path) == (g711.ALAW_SILENCE * 8000, b"\x11" * 8000)


def test_a_path_that_cannot_be_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    writer = DiskWriter()
    outcome = writer.do(Begin(1, "a\0b.wav", STARTED_NS))
    assert outcome == Failed(1, "embedded null byte")
    assert writer.do(Sound(1, 0, b"\x11" * 16)) is None
    assert writer.do(Begin(2, str(tmp_path / "2.wav"), STARTED_NS)) is None


def test_a_host_whose_recordings_nobody_writes_does_not_go_on() -> None:
    def fail(job: Job) -> None:
        raise ZeroDivisionError

    hooked, threading.excepthook = threading.excepthook, lambda _: None
    try:
        disk = RecordingDisk(fail)
        disk.put(Finish(1, 0))
        assert disk._thread is not None
        disk._thread.join(10)
        with pytest.raises(RuntimeError, match="has ended"):
            disk.take_outcomes()
    finally:
        threading.excepthook = hooked
