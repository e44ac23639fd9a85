"""Writes recordings from one thread of a media host, so that no disk ever stalls the 20 ms clock.

Jobs wait in a queue of limited bytes; sound that does not fit, or that the disk refuses,
becomes a gap: silence, counted and named in the file. A complete file is synced before it is told.
Not here: what goes into a recording (gateway.media.recording) and the file's format (…wav).
"""

import fcntl
import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from gateway.media import g711, wav

WAITING_BYTES_MAX: Final = 32 * 1024 * 1024  # 300 calls for 7 s
BLOCK_BYTES: Final = 256 * 1024
LOOK_S: Final = 0.05
STOP_S_MAX: Final = 1.5  # less than a worker's time to end
DATA_BYTES_MAX: Final = 1 << 31  # 37 hours: WAV counts bytes in 32 bits


class Begin(NamedTuple):
    """Make the file; it must not exist."""

    recording_no: int
    path: str
    started_ns: int


class Sound(NamedTuple):
    """Interleaved sound for a place in the file."""

    recording_no: int
    at_byte: int
    alaw: bytes


class SilenceLeft(NamedTuple):
    """Overwrite the left side of samples `start` to `end` with silence."""

    recording_no: int
    start: int
    end: int


class Finish(NamedTuple):
    """Complete the file, which should have so many bytes of sound."""

    recording_no: int
    data_bytes: int


class Finished(NamedTuple):
    """A file is complete."""

    recording_no: int
    sha256: str
    ms: int
    gap_ms: int


class Failed(NamedTuple):
    """A file could not be made."""

    recording_no: int
    why: str


Job = Begin | Sound | SilenceLeft | Finish
Outcome = Finished | Failed


class _File:
    """A file as the writer thread knows it."""

    def __init__(self, begin: Begin) -> None:
        path = Path(begin.path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.started_ns, self.end, self.gaps = begin.started_ns, 0, list[wav.Gap]()
        self._unsilenced: list[SilenceLeft] = []
        try:
            # While the lock is held `recover_recordings` of another process leaves it alone.
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(self.fd, wav.header(begin.started_ns), 0)
        except OSError:
            os.close(self.fd)
            path.unlink()
            raise

    def sound(self, at_byte: int, alaw: bytes) -> None:
        self.fill_to(at_byte)
        _write(self.fd, alaw, wav.HEADER_BYTES + at_byte)
        self.end = at_byte + len(alaw)

    def fill_to(self, at_byte: int) -> None:
        """Write silence where earlier sound is missing."""
        if self.end >= at_byte:
            return
        start = self.end
        for at in range(start, at_byte, BLOCK_BYTES):
            size = min(BLOCK_BYTES, at_byte - at)
            _write(self.fd, g711.ALAW_SILENCE * size, wav.HEADER_BYTES + at)
        self.end = at_byte
        self.gaps.append(wav.Gap(start // wav.BYTES_PER_MS, at_byte // wav.BYTES_PER_MS))

    def silence_left(self, job: SilenceLeft) -> None:
        """Do it now or, when the disk refuses, before the file is complete."""
        self._unsilenced.append(job)
        self._silence()

    def _silence(self) -> None:
        while self._unsilenced:
            self._silence_one(self._unsilenced[-1])
            self._unsilenced.pop()

    def _silence_one(self, job: SilenceLeft) -> None:
        at, stop = 2 * job.start, min(2 * job.end, self.end)
        while at < stop:
            size = min(BLOCK_BYTES, stop - at)
            block = bytearray(os.pread(self.fd, size, wav.HEADER_BYTES + at))
            block[0::2] = g711.ALAW_SILENCE * len(block[0::2])
            _write(self.fd, block, wav.HEADER_BYTES + at)
            at += size

    def finish(self, recording_no: int, data_bytes: int) -> Finished:
        self._silence()
        missing_ms = 0
        try:
            self.fill_to(data_bytes)
        except OSError:  # still no room: the file ends before its call does
            missing_ms = (data_bytes - self.end) // wav.BYTES_PER_MS
        gap_ms = missing_ms + sum(gap.end_ms - gap.start_ms for gap in self.gaps)
        close_file(self.fd, self.started_ns, self.end, self.gaps)
        return Finished(recording_no, _sha256(self.fd), self.end // wav.BYTES_PER_MS, gap_ms)


def close_file(fd: int, started_ns: int, data_bytes: int, gaps: list[wav.Gap]) -> None:
    """Write tail and header of an open file and sync it. Raises OSError."""
    end, tail = wav.HEADER_BYTES + data_bytes, wav.tail(gaps)
    try:
        _write(fd, tail, end)
    except OSError:  # no room for the comment: the sound counts more
        tail = b""
    os.ftruncate(fd, end + len(tail))
    _write(fd, wav.header(started_ns, data_bytes, len(tail)), 0)
    os.fsync(fd)


def _write(fd: int, data: bytes | bytearray, at: int) -> None:
    """Write all of it. Raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _sha256(fd: int) -> str:
    digest, at = hashlib.sha256(), 0
    while block := os.pread(fd, BLOCK_BYTES, at):
        digest.update(block)
        at += len(block)
    return digest.hexdigest()


class DiskWriter:
    """The writer's side of the queue: does one job after the other, blocking as disks do."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}

    def do(self, job: Job) -> Outcome | None:
        """Carry out a job; what it fails at is told in the outcome of its file."""
        if isinstance(job, Begin):
            try:
                self._files[job.recording_no] = _File(job)
            except OSError as e:
                return Failed(job.recording_no, e.strerror or "the file could not be made")
            except ValueError as e:  # a NUL in the path
                return Failed(job.recording_no, str(e))
            return None
        file = self._files.get(job.recording_no)
        if file is None:
            return None
        try:
            return self._do_on(file, job)
        except OSError as e:  # sound is lost: the next that can be written tells of the gap
            if not isinstance(job, Finish):
                return None
            return Failed(job.recording_no, e.strerror or "the file could not be completed")
        finally:
            if isinstance(job, Finish):
                os.close(self._files.pop(job.recording_no).fd)

    def _do_on(self, file: _File, job: Sound | SilenceLeft | Finish) -> Finished | None:
        match job:
            case Sound(_, at_byte, alaw):
                file.sound(at_byte, alaw)
            case SilenceLeft():
                file.silence_left(job)
            case Finish(recording_no, data_bytes):
                return file.finish(recording_no, data_bytes)
        return None


class RecordingDisk:
    """The host's side of the queue: takes jobs at once, tells outcomes when asked."""

    def __init__(
        self,
        do: Callable[[Job], Outcome | None] | None = None,
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        """`do` carries out a job in the thread; without it a `DiskWriter` does."""
        self._do = do or DiskWriter().do
        self._waiting_bytes_max = waiting_bytes_max
        self._jobs: deque[Job | None] = deque()  # appended to by the host, taken from by the thread
        self._outcomes: deque[Outcome] = deque()
        self._put_bytes = self._done_bytes = 0  # each written by one side only
        self._thread: threading.Thread | None = None

    def put(self, job: Job) -> bool:
        """Hand a job over, never waiting; False when its sound found no room."""
        if isinstance(job, Sound):
            waiting = self._put_bytes - self._done_bytes
            if waiting + len(job.alaw) > self._waiting_bytes_max:
                return False
            self._put_bytes += len(job.alaw)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
            self._thread.start()
        self._jobs.append(job)
        return True

    def _run(self) -> None:
        while (job := self._next_job()) is not None:
            outcome = self._do(job)
            if isinstance(job, Sound):
                self._done_bytes += len(job.alaw)
            if outcome is not None:
                self._outcomes.append(outcome)

    def _next_job(self) -> Job | None:
        # Looking is cheaper than being woken: a wake-up for each block made the tick wait.
        while not self._jobs:
            time.sleep(LOOK_S)
        return self._jobs.popleft()

    def take_outcomes(self) -> list[Outcome]:
        """Return what became of files since the last call.

        Raises RuntimeError when the thread has ended by a bug: a host that cannot record must not
        go on as if it did.
        """
        if self._thread is not None and not self._thread.is_alive():
            raise RuntimeError("the thread that writes recordings has ended")
        taken = [self._outcomes.popleft() for _ in range(len(self._outcomes))]
        return taken

    def stop(self, seconds_max: float = STOP_S_MAX) -> None:
        """Let the thread do what waits, for so long; what it cannot is left to be recovered."""
        if self._thread is not None:
            self._jobs.append(None)
            self._thread.join(seconds_max)
            self._thread = None


class RecordingFile(NamedTuple):
    """What a complete file holds."""

    path: str
    sha256: str
    ms: int
    started_ns: int


def recover_recordings(folder: Path) -> list[RecordingFile]:
    """Complete the recordings below a folder that their host did not; return these.

    Opens every WAV file there: call it from a thread, for the folders of the last days.
    Raises OSError.
    """
    found = map(recover_recording, sorted(folder.rglob("*.wav")))
    return [recovered for recovered in found if recovered is not None]


def recover_recording(path: Path) -> RecordingFile | None:
    """Complete a recording that its host did not; None when there is nothing to complete.

    Its length is what reached the disk, all but the last second or two. A file that another
    process is writing, and one that is no recording, is left alone. Blocks on the disk.
    Raises OSError.
    """
    with path.open("r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            head = wav.read_header(file.read(wav.HEADER_BYTES))
        except (BlockingIOError, wav.NoRecording):
            return None
        if not head.is_open:
            return None
        data_bytes = os.fstat(file.fileno()).st_size - wav.HEADER_BYTES
        data_bytes -= data_bytes % wav.BYTES_PER_SAMPLE
        close_file(file.fileno(), head.started_ns, data_bytes, [])
    return read_recording(path)


def read_recording(path: Path) -> RecordingFile:
    """Return what a complete file holds. Raises NoRecording and OSError. Blocks on the disk."""
    with path.open("rb", buffering=0) as file:
        head = wav.read_header(file.read(wav.HEADER_BYTES))
        if head.is_open:
            raise wav.NoRecording("the recording is not complete: recover it first")
        digest = _sha256(file.fileno())
    return RecordingFile(str(path), digest, head.data_bytes // wav.BYTES_PER_MS, head.started_ns)
