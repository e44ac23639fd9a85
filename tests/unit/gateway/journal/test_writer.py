"""Group commit on a real thread and the real reactor; failure ends it for good."""

import errno
import threading

import structlog
from prometheus_client import REGISTRY
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from gateway.core.bus import Bus
from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.errors import JournalFailed
from gateway.journal.memory_storage import MemoryFile, MemoryStorage
from gateway.journal.writer import PENDING_BATCHES_MAX, JournalWriter
from risk.domain.events import OrderAccepted
from tests.builders.core import NOW_NS, ToyStep, an_order
from tests.builders.journal import batches, opened, read


class SlowFile(MemoryFile):
    """A file whose sync waits until it is let go."""

    def sync(self) -> None:
        """Wait, then sync."""
        storage = self._storage
        assert isinstance(storage, SlowStorage)
        storage.may_sync.wait(10)
        super().sync()


class SlowStorage(MemoryStorage):
    """A disk that syncs when `may_sync` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may_sync = threading.Event()
        self.may_sync.set()

    def create(self, name: str) -> MemoryFile:
        """Make a file with a slow sync."""
        super().create(name)
        return SlowFile(self, self._file(name))


def started(storage: MemoryStorage) -> JournalWriter:
    """Return a running writer."""
    return JournalWriter(opened(storage, 100_000), reactor, reactor)


class WriterTests(TestCase):
    async def test_batches_become_durable_in_order_and_are_read_back(self) -> None:
        storage, made = MemoryStorage(), batches(30)
        writer, fired = started(storage), []
        durable = [
            writer.append(batch).addCallback(lambda _, seq=batch.first_seq: fired.append(seq))
            for batch in made
        ]
        await gatherResults(durable)
        await writer.close()
        assert fired == [batch.first_seq for batch in made]
        assert read(storage) == made

    async def test_what_gathers_during_a_sync_is_one_group(self) -> None:
        storage = SlowStorage()
        writer = started(storage)
        storage.may_sync.clear()
        made = batches(20)
        first = writer.append(made[0])
        rest = [writer.append(batch) for batch in made[1:]]
        assert not first.called
        calls = storage.call_count
        storage.may_sync.set()
        await gatherResults([first, *rest])
        await writer.close()
        assert storage.call_count - calls <= 6
        assert read(storage) == made

    async def test_there_is_room_for_so_many_batches_only(self) -> None:
        storage = SlowStorage()
        writer = started(storage)
        storage.may_sync.clear()
        appended = [writer.append(batch) for batch in batches(PENDING_BATCHES_MAX)]
        assert not writer.has_room
        storage.may_sync.set()
        await gatherResults(appended)
        assert writer.has_room
        await writer.close()

    async def test_close_writes_what_is_pending(self) -> None:
        storage, made = MemoryStorage(), batches(5)
        writer = started(storage)
        for batch in made:
            writer.append(batch)
        await writer.close()
        assert read(storage) == made

    async def test_a_failed_sync_fails_everything_from_there_on_with_an_alarm(self) -> None:
        is_broken: list[bool] = []
        storage = MemoryStorage(
            lambda call_no, operation: errno.EIO if is_broken and operation == "sync" else 0
        )
        writer, made = started(storage), batches(3)
        await writer.append(made[0])
        is_broken.append(True)
        with structlog.testing.capture_logs() as logs:
            lost = await self.assertFailure(writer.append(made[1]), JournalFailed)
            later = await self.assertFailure(writer.append(made[2]), JournalFailed)
        assert writer.failed is lost
        assert writer.failed is later
        assert "Input/output error: check the disk" in str(lost)
        assert [entry["event"] for entry in logs] == ["journal.failed"]
        assert REGISTRY.get_sample_value("hotline_journal_failed") == 1
        await writer.close()

    async def test_a_full_disk_says_what_to_do(self) -> None:
        storage = MemoryStorage(lambda call_no, operation: errno.ENOSPC if call_no > 4 else 0)
        writer = started(storage)
        failed = await self.assertFailure(writer.append(batches(1)[0]), JournalFailed)
        assert "No space left on device: free space" in str(failed)
        assert REGISTRY.get_sample_value("hotline_journal_failed") == 1

    async def test_a_bug_in_the_thread_is_a_failure_too(self) -> None:
        writer = started(MemoryStorage())
        hook, threading.excepthook = threading.excepthook, lambda args: None
        try:
            writer._queue.put("no batch")  # type: ignore[arg-type]
            await writer.close()
        finally:
            threading.excepthook = hook
        assert "ended by a bug" in str(writer.failed)


class HeartOnADiskTests(TestCase):
    """Sequencer and writer together: never a false acknowledgement."""

    def heart(self, storage: MemoryStorage) -> Sequencer:
        """Return a sequencer over a real writer."""
        sequencer = Sequencer(
            ToyStep(),
            started(storage),
            Bus(),
            Replies(pack_event, unpack_event),
            reactor,
            lambda: NOW_NS,
            lambda error: None,
        )
        sequencer.accept(True)
        return sequencer

    async def test_a_thousand_orders_are_answered_in_order_and_recorded(self) -> None:
        storage = MemoryStorage()
        sequencer = self.heart(storage)
        replies = [sequencer.submit(an_order(f"web:{n}")) for n in range(1_000)]
        events = await gatherResults(replies)
        assert [event.order_no for event in events] == list(range(1, 1001))
        recorded = [event for batch in read(storage) for (event,) in batch.events]
        assert recorded == events

    async def test_a_full_disk_stops_acceptance_and_acknowledges_nothing_it_lost(self) -> None:
        room = [True]
        storage = MemoryStorage(
            lambda call_no, operation: 0 if room[0] or operation == "read" else errno.ENOSPC
        )
        sequencer = self.heart(storage)
        first = await sequencer.submit(an_order("web:1"))
        assert isinstance(first, OrderAccepted)
        room[0] = False
        await self.assertFailure(sequencer.submit(an_order("web:2")), OutcomeUnknown)
        await self.assertFailure(sequencer.submit(an_order("web:3")), AcceptanceStopped)
        assert not sequencer.accepting
        assert isinstance(sequencer.failed, JournalFailed)
        assert len(read(storage)) == 1
