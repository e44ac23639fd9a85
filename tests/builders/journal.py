"""Journals for tests: batches of any size, written straight through the group writer."""

from collections.abc import Iterable

from twisted.internet.defer import Deferred, fail, succeed

from gateway.core.ports import Batch
from gateway.journal.errors import JournalFailed
from gateway.journal.reader import batches_after
from gateway.journal.segment import open_end
from gateway.journal.storage import Storage
from gateway.journal.writer import GroupWriter, framed
from risk.domain.commands import Command, MoveCash
from risk.domain.events import CashMoved, Event
from tests.builders.core import NOW_NS, accepted, an_order

SEGMENT_BYTES = 600  # small, so that a few batches take several files


def a_batch(first_seq: int, order_count: int = 1) -> Batch:
    """Return a batch of orders and one cash movement of two events."""
    orders = [an_order(f"web:{first_seq + n}") for n in range(order_count)]
    events: list[list[Event]] = [[accepted(order, first_seq + n)] for n, order in enumerate(orders)]
    moved = CashMoved(NOW_NS, "10000001", first_seq, "transfer")
    commands: list[Command] = [*orders, MoveCash(f"op:{first_seq}", "10000001", first_seq)]
    return Batch(first_seq, NOW_NS, commands, [*events, [moved, moved]])


def batches(count: int, first_seq: int = 1, order_count: int = 1) -> list[Batch]:
    """Return consecutive batches."""
    made: list[Batch] = []
    for _ in range(count):
        made.append(a_batch(first_seq, order_count))
        first_seq = made[-1].next_seq
    return made


def commit(writer: GroupWriter, group: Iterable[Batch]) -> None:
    """Make consecutive batches durable as one group."""
    end, items = writer.end, []
    for batch in group:
        items.append(framed(end, batch))
        end = items[-1].end
    writer.commit(items)


def opened(storage: Storage, segment_bytes: int = SEGMENT_BYTES) -> GroupWriter:
    """Return a writer at the journal's end, made good."""
    return GroupWriter(storage, open_end(storage), segment_bytes)


def write(storage: Storage, made: Iterable[Batch], segment_bytes: int = SEGMENT_BYTES) -> None:
    """Commit each batch on its own."""
    writer = opened(storage, segment_bytes)
    for batch in made:
        commit(writer, [batch])
    writer.close()


def read(storage: Storage, event_seq: int = 0) -> list[Batch]:
    """Return the batches with events after `event_seq`."""
    return [stored.batch() for _, stored in batches_after(storage, event_seq)]


class InlineJournal:
    """The journal port without a thread: every append commits at once, or fails for good."""

    has_room = True

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer
        self._failed: JournalFailed | None = None

    def append(self, batch: Batch) -> "Deferred[None]":
        """Commit the batch; fails with JournalFailed."""
        if self._failed is None:
            try:
                commit(self._writer, [batch])
            except OSError as error:
                self._failed = JournalFailed.from_os(error)
        return succeed(None) if self._failed is None else fail(self._failed)
