"""The heart over files: restart at any moment finds the same book, replies and numbers."""

import errno

import pytest
import structlog
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from gateway.core.lifecycle import LifePhase
from gateway.core.ports import AcceptanceStopped
from gateway.journal.errors import JournalCorrupt, JournalFailed
from gateway.journal.heart import Heart
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.reader import events_after
from gateway.journal.segment import segment_names
from gateway.journal.snapshots import snapshot_names
from risk.core.fold import FingerprintDiffers
from risk.domain.events import Filled, FingerprintTaken, OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode
from tests.builders.heart import Morning, a_buy, a_fill, a_heart, set_up


def crashed(storage: MemoryStorage) -> MemoryStorage:
    """Return what a process killed now leaves behind."""
    return storage.after_power_cut(lambda name, synced, written: written)


async def a_morning(heart: Heart, first: int = 0) -> list[OrderAccepted]:
    """Trade a little; return the accepted orders."""
    orders = [a_buy(f"web:{first + n}", qty=100 * (n + 1)) for n in range(4)]
    events = await gatherResults([heart.sequencer.submit(order) for order in orders])
    accepted = [event for event in events if isinstance(event, OrderAccepted)]
    assert len(accepted) == 4, events
    for n, event in enumerate(accepted[:2]):
        filled = await heart.sequencer.submit(a_fill(event, first + n + 2))
        assert isinstance(filled, Filled), filled
    return accepted


class RestartTests(TestCase):
    def setUp(self) -> None:
        """One clock for all hearts of a test."""
        self.now_ns = Morning()

    def heart(self, storage: MemoryStorage) -> Heart:
        """Return a heart that is closed at the end of the test."""
        heart = a_heart(storage, reactor, reactor, self.now_ns)
        self.addCleanup(heart.lifecycle._close_journal)
        return heart

    async def test_after_a_crash_the_book_and_the_numbers_go_on(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        await a_morning(heart)
        later = self.heart(crashed(storage))
        assert later.book.fingerprint() == heart.book.fingerprint()
        assert later.bus.durable_seq == heart.bus.durable_seq
        assert later.queries.last_inbound("GW-SSE") == 3
        fifth = await later.sequencer.submit(a_buy("web:9", qty=900))
        assert isinstance(fifth, OrderAccepted)
        assert fifth.order_no == 5

    async def test_a_repeat_after_a_crash_gets_the_first_outcome(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        first = await heart.sequencer.submit(a_buy("web:1"))
        denied = await heart.sequencer.submit(a_buy("web:2", qty=150))
        later = self.heart(crashed(storage))
        assert await later.sequencer.submit(a_buy("web:1", trace_id="again")) == first
        assert await later.sequencer.submit(a_buy("web:2", qty=150)) == denied
        reused = await later.sequencer.submit(a_buy("web:1", qty=200))
        assert isinstance(reused, OrderDenied)
        assert reused.reason is ReasonCode.REQUEST_ID_REUSED

    async def test_a_clean_stop_keeps_a_snapshot_and_the_start_uses_it(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        (first, *_) = await a_morning(heart)
        await heart.lifecycle.close()
        assert heart.lifecycle.phase is LifePhase.CLOSED
        assert len(snapshot_names(storage)) == 1
        with structlog.testing.capture_logs() as logs:
            later = self.heart(crashed(storage))
        (recovered,) = [entry for entry in logs if entry["event"] == "journal.recovered"]
        assert recovered["snapshot_seq"] == recovered["last_event_seq"] == heart.bus.durable_seq
        assert later.book.fingerprint() == heart.book.fingerprint()
        assert await later.sequencer.submit(a_buy("web:0")) == first

    async def test_what_came_after_the_snapshot_is_replayed_on_it(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        await a_morning(heart)
        await heart.lifecycle.take_snapshot()
        (first, *_) = await a_morning(heart, first=10)
        later = self.heart(crashed(storage))
        assert later.book.fingerprint() == heart.book.fingerprint()
        assert await later.sequencer.submit(a_buy("web:10")) == first

    async def test_the_last_event_of_a_clean_stop_is_the_fingerprint(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        await heart.lifecycle.close()
        (*_, (seq, last)) = events_after(storage)
        assert isinstance(last, FingerprintTaken)
        assert last.fingerprint == heart.book.fingerprint()
        assert seq == heart.bus.durable_seq

    async def test_two_snapshots_are_kept_and_a_damaged_one_is_passed_over(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        for first in (0, 10, 20):
            await a_morning(heart, first)
            await heart.lifecycle.take_snapshot()
        newest, older = snapshot_names(storage)
        left = crashed(storage)
        data = left.read(newest)
        left.put(newest, data[:100] + bytes([data[100] ^ 1]) + data[101:])
        with structlog.testing.capture_logs() as logs:
            later = self.heart(left)
        events = [entry["event"] for entry in logs]
        assert events.count("snapshot.damaged") == 1
        assert later.book.fingerprint() == heart.book.fingerprint()
        left = crashed(storage)
        left.put(newest, b"")
        left.put(older, b"HOTLSNAP")
        assert self.heart(left).book.fingerprint() == heart.book.fingerprint()

    async def test_a_journal_shorter_than_its_snapshot_is_told(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        await heart.lifecycle.close()
        left = crashed(storage)
        (name,) = segment_names(left)
        left.put(name, left.read(name)[:-5])
        with pytest.raises(JournalCorrupt, match="the snapshot has"):
            self.heart(left)

    async def test_a_replay_that_comes_to_another_book_is_told(self) -> None:
        storage = MemoryStorage()
        heart = self.heart(storage)
        await set_up(heart)
        heart.book.accounts.at.cash_e4[1] += 1
        await heart.lifecycle.close()
        left = crashed(storage)
        left.remove(snapshot_names(left)[0])
        with pytest.raises(FingerprintDiffers, match="batch of event"):
            self.heart(left)

    async def test_reads_fail_after_a_failure(self) -> None:
        is_full: list[bool] = []
        storage = MemoryStorage(lambda call_no, operation: errno.ENOSPC if is_full else 0)
        heart = self.heart(storage)
        await set_up(heart)
        account = heart.queries.account("10000001")
        assert account is not None
        assert account.cash_e4 == 10**10
        assert heart.queries.branch_of("10000001") == "10001"
        assert heart.queries.branch_of("99999999") == ""
        is_full.append(True)
        await self.assertFailure(heart.sequencer.submit(a_buy("web:1")), Exception)
        with pytest.raises(AcceptanceStopped):
            heart.queries.account("10000001")
        assert heart.lifecycle.phase is LifePhase.FAILED
        await heart.lifecycle.close()

    async def test_a_full_disk_at_the_start_says_what_to_do(self) -> None:
        storage = MemoryStorage(lambda call_no, operation: errno.ENOSPC)
        with pytest.raises(JournalFailed, match="No space left on device: free space"):
            self.heart(storage)

    async def test_a_snapshot_that_cannot_be_kept_does_not_stop_the_stop(self) -> None:
        is_full: list[bool] = []
        storage = MemoryStorage(
            lambda call_no, operation: errno.ENOSPC if is_full and operation == "create" else 0
        )
        heart = self.heart(storage)
        await set_up(heart)
        is_full.append(True)
        with structlog.testing.capture_logs() as logs:
            await heart.lifecycle.close()
        assert "core.snapshot_not_kept" in [entry["event"] for entry in logs]
        is_full.clear()
        assert self.heart(crashed(storage)).book.fingerprint() == heart.book.fingerprint()


class OrderOfNumbersTests(TestCase):
    async def test_every_event_of_the_bus_is_the_journals(self) -> None:
        storage = MemoryStorage()
        heart = a_heart(storage, reactor, reactor)
        told: list[tuple[int, object]] = []
        heart.bus.subscribe("test", told.extend)
        await set_up(heart)
        await a_morning(heart)
        await heart.lifecycle.close()
        assert told == list(events_after(storage))
        assert told[3:] == list(events_after(storage, 3))
