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


class Framed(NamedTuple):
    """A batch as it goes to the writer thread: its frame, and where the journal ends after it."""

    frame: bytes
    end: End


def framed(end: End, batch: Batch) -> Framed:
    """Return the frame of `batch` after `end`."""
    assert batch.first_seq == end.next_event_seq, f"{batch.first_seq} is out of order"
    payload = encode_batch(batch)
    frame_seq, chain = end.frame_seq + 1, next_chain(end.chain, payload)
    return Framed(write_frame(frame_seq, chain, payload), End(frame_seq, chain, batch.next_seq))


class GroupWriter:
    """Makes groups of batches durable, one after the other. Blocks; owned by one thread."""

    def __init__(self, storage: Storage, open_end: OpenEnd, segment_bytes_max: int) -> None:
        self._storage = storage
        self._segment_bytes_max = segment_bytes_max
        self._file = open_end.file
        self._size_bytes = open_end.size_bytes
        self.end = open_end.end

    def commit(self, group: list[Framed]) -> int:
        """Write and sync all frames of the group; returns the bytes written.

        Raises OSError: then the group is not known to be durable and this object is of no more
        use.
        """
        if self._size_bytes >= self._segment_bytes_max:
            self._next_segment()
        data = b"".join([framed.frame for framed in group])
        self._file.append(data)
        self._file.sync()
        self._size_bytes += len(data)
        self.end = group[-1].end
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
        self,
        group_writer: GroupWriter,
        reactor: IReactorFromThreads,
        clock: IReactorTime,
        group_bytes_max: int = GROUP_BYTES_MAX,
    ) -> None:
        """Starts the thread. `reactor` and `clock` are the same object, but in tests."""
        self._group_writer = group_writer
        self._reactor = reactor
        self._clock = clock
        self._group_bytes_max = group_bytes_max
        self._end = group_writer.end
        self._pending: deque[tuple[Deferred[None], float]] = deque()
        self._queue: queue.SimpleQueue[Framed | None] = queue.SimpleQueue()
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
        """Where the journal ends after the last batch appended."""
        return self._end

    def append(self, batch: Batch) -> "Deferred[None]":
        """Make the batch durable; fires in append order. Fails with JournalFailed."""
        assert not self._is_closing, "append after close"
        if self.failed is not None:
            return fail(self.failed)
        item = framed(self._end, batch)
        self._end = item.end
        durable: Deferred[None] = Deferred()
        self._pending.append((durable, self._clock.seconds()))
        metrics.JOURNAL_PENDING.set(len(self._pending))
        self._queue.put(item)
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

    def _gather(self) -> tuple[list[Framed], bool]:
        """Wait for a batch and take all that is there; True when `close` was asked."""
        group: list[Framed] = []
        group_bytes = 0
        while (item := self._queue.get()) is not None:
            group.append(item)
            group_bytes += len(item.frame)
            if group_bytes >= self._group_bytes_max or self._queue.empty():
                return group, False
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
