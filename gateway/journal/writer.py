"""Group commit: one thread writes what has gathered, syncs once, and tells the reactor.

While one group is being synced the next one gathers, so the disk sets the size of a group and an
idle gateway waits for nothing. The first failed write or sync ends it for good: a sync must not be
repeated (the system may have dropped the data and say yes), a restart reads what is there.
Not here: what a batch means, and when to let it go (gateway.core.sequencer).
"""

import queue
import threading
from collections import deque
from typing import Final, NamedTuple

import structlog
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from gateway.core import metrics
from gateway.core.ports import Batch
from gateway.journal.codec import encode_batch
from gateway.journal.errors import JournalFailed
from gateway.journal.record import next_chain, write_frame
from gateway.journal.segment import End, OpenEnd, start_segment
from gateway.journal.storage import Storage

log = structlog.get_logger("journal")

PENDING_BATCHES_MAX: Final = 64
GROUP_BYTES_MAX: Final = 8 * 1024 * 1024


class Packed(NamedTuple):
    """A batch as it goes to the writer thread."""

    payload: bytes
    next_event_seq: int


class GroupWriter:
    """Makes groups of batches durable, one after the other. Blocks; owned by one thread."""

    def __init__(self, storage: Storage, open_end: OpenEnd, segment_bytes_max: int) -> None:
        self._storage = storage
        self._segment_bytes_max = segment_bytes_max
        self._file = open_end.file
        self._size_bytes = open_end.size_bytes
        self.end = open_end.end

    def commit(self, group: list[Packed]) -> int:
        """Write and sync all batches of the group; returns the bytes written.

        Raises OSError: then the group is not known to be durable and this object is of no more
        use.
        """
        if self._size_bytes >= self._segment_bytes_max:
            self._next_segment()
        frames = []
        frame_seq, chain, _ = self.end
        for packed in group:
            frame_seq, chain = frame_seq + 1, next_chain(chain, packed.payload)
            frames.append(write_frame(frame_seq, chain, packed.payload))
        data = b"".join(frames)
        self._file.append(data)
        self._file.sync()
        self._size_bytes += len(data)
        self.end = End(frame_seq, chain, group[-1].next_event_seq)
        return len(data)

    def close(self) -> None:
        """Give the file back. Everything committed is durable already."""
        self._file.close()

    def _next_segment(self) -> None:
        opened = start_segment(self._storage, self.end)
        self._file.close()
        self._file, self._size_bytes = opened.file, opened.size_bytes


class JournalWriter:
    """The journal port over a writer thread. All methods run on the reactor thread."""

    def __init__(
        self, group_writer: GroupWriter, reactor: IReactorFromThreads, clock: IReactorTime
    ) -> None:
        """Starts the thread. `reactor` and `clock` are the same object, but in tests."""
        self._group_writer = group_writer
        self._reactor = reactor
        self._clock = clock
        self._next_event_seq = group_writer.end.next_event_seq
        self._pending: deque[tuple[Deferred[None], float]] = deque()
        self._queue: queue.SimpleQueue[Packed | None] = queue.SimpleQueue()
        self._closed: Deferred[None] = Deferred()
        self._is_closing = False
        self.failed: JournalFailed | None = None
        metrics.JOURNAL_FAILED.set(0)
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether one more batch may be appended now."""
        return len(self._pending) < PENDING_BATCHES_MAX

    @property
    def end(self) -> End:
        """Where the journal ends. Ask only while nothing is pending: the thread moves it."""
        assert not self._pending, "batches are pending"
        return self._group_writer.end

    def append(self, batch: Batch) -> "Deferred[None]":
        """Make the batch durable; fires in append order. Fails with JournalFailed."""
        assert batch.first_seq == self._next_event_seq, f"{batch.first_seq} is out of order"
        assert not self._is_closing, "append after close"
        if self.failed is not None:
            return fail(self.failed)
        self._next_event_seq = batch.next_seq
        durable: Deferred[None] = Deferred()
        self._pending.append((durable, self._clock.seconds()))
        metrics.JOURNAL_PENDING.set(len(self._pending))
        self._queue.put(Packed(encode_batch(batch), batch.next_seq))
        return durable

    def close(self) -> "Deferred[None]":
        """Write what is pending and end the thread; fires when both are done."""
        if not self._is_closing:
            self._is_closing = True
            self._queue.put(None)
        return self._closed

    def _work(self) -> None:
        """The thread. It owns the group writer; the reactor hears of results only."""
        error: JournalFailed | None = JournalFailed("the writer ended by a bug: see the log")
        try:
            self._commit_groups()
            error = None
        except OSError as failure:
            error = JournalFailed.from_os(failure)
        finally:
            self._reactor.callFromThread(self._ended, error)

    def _commit_groups(self) -> None:
        is_last = False
        while not is_last:
            group, is_last = self._gather()
            if group:
                written_bytes = self._group_writer.commit(group)
                self._reactor.callFromThread(self._became_durable, len(group), written_bytes)
        self._group_writer.close()

    def _gather(self) -> tuple[list[Packed], bool]:
        """Wait for a batch and take all that is there; True when `close` was asked."""
        packed = self._queue.get()
        group: list[Packed] = []
        group_bytes = 0
        while packed is not None:
            group.append(packed)
            group_bytes += len(packed.payload)
            if group_bytes >= GROUP_BYTES_MAX or self._queue.empty():
                return group, False
            packed = self._queue.get()
        return group, True

    def _became_durable(self, batch_count: int, written_bytes: int) -> None:
        now_s = self._clock.seconds()
        metrics.JOURNAL_BYTES.inc(written_bytes)
        for _ in range(batch_count):
            durable, appended_s = self._pending.popleft()
            metrics.JOURNAL_COMMIT_SECONDS.observe(now_s - appended_s)
            durable.callback(None)
        metrics.JOURNAL_PENDING.set(len(self._pending))

    def _ended(self, error: JournalFailed | None) -> None:
        if error is not None:
            self.failed = error
            metrics.JOURNAL_FAILED.set(1)
            log.error(
                "journal.failed", code=error.code, error=str(error), pending=len(self._pending)
            )
            while self._pending:
                self._pending.popleft()[0].errback(error)
        self._closed.callback(None)
