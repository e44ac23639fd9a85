"""From files to a book: the newest snapshot, then every event after it, each fingerprint compared.

Events are applied, commands only rebuild the replies table: a new rulebook never rewrites history.
Not here: opening for writing (segment), and what happens next (heart).
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from gateway.core.replies import Replies
from gateway.journal.codec import StoredBatch
from gateway.journal.errors import JournalCorrupt
from gateway.journal.reader import Place, batches_after
from gateway.journal.segment import BEGINNING, End
from gateway.journal.snapshots import Snapshot, usable_snapshots
from gateway.journal.storage import Storage
from risk.book.account_book import AccountBook
from risk.core.fold import FingerprintDiffers, fold

log = structlog.get_logger("journal")


class Recovered(NamedTuple):
    """The book as of the last durable event, and how it was found."""

    book: AccountBook
    end: End
    snapshot_seq: int  # last event in the snapshot used, 0 when there was none
    event_count: int  # events applied


Each = Callable[[Place, StoredBatch], None]


def recover(storage: Storage, replies: Replies) -> Recovered:
    """Return the book of the newest usable snapshot and the journal after it.

    `replies` is filled as well. Raises JournalCorrupt, JournalTooNew, FingerprintDiffers.
    """
    for snapshot in usable_snapshots(storage):
        book = _book_of(snapshot)
        if book is not None:
            replies.load(snapshot.replies)
            return _replay(storage, book, snapshot.end, replies)
    return _replay(storage, AccountBook(), BEGINNING, replies)


def replay(storage: Storage, each: Each = lambda place, batch: None) -> Recovered:
    """Return the book of the whole journal from its first event, without any snapshot.

    `each` is called after every batch. Raises as `recover` does.
    """
    return _replay(storage, AccountBook(), BEGINNING, None, each)


def _replay(
    storage: Storage,
    book: AccountBook,
    start: End,
    replies: Replies | None,
    each: Each = lambda place, batch: None,
) -> Recovered:
    end, event_count = BEGINNING, 0
    last_known_seq = start.next_event_seq - 1
    with _without_collector():
        # The batch with the last known event is read too: it must be the one we know.
        for place, batch in batches_after(storage, max(0, last_known_seq - 1)):
            end = End(place.frame_seq, place.chain, batch.next_seq)
            if batch.first_seq <= last_known_seq:
                _check_known(place, end, start)
                continue
            event_count += _apply(place, batch, book, replies)
            each(place, batch)
    if end.next_event_seq < start.next_event_seq:
        raise JournalCorrupt(
            "the journal",
            0,
            f"it ends with event {end.next_event_seq - 1}, the snapshot has {last_known_seq}",
        )
    return Recovered(book, end, last_known_seq, event_count)


def _apply(place: Place, batch: StoredBatch, book: AccountBook, replies: Replies | None) -> int:
    events = batch.events()
    try:
        event_count = fold(book, events)
    except FingerprintDiffers as error:
        raise FingerprintDiffers(
            f"{place.name}, byte {place.at_byte}, batch of event {batch.first_seq}: {error}; "
            "start with the release that wrote the journal"
        ) from None
    if replies is not None:
        for command, outcome in batch.outcomes(events):
            replies.settle(command, outcome)
    return event_count


def _book_of(snapshot: Snapshot) -> AccountBook | None:
    """Return the snapshot's book, None when this release cannot use it."""
    try:
        book = AccountBook.from_image(snapshot.image)
    except ValueError as error:
        log.warning("snapshot.not_usable", error=str(error))
        return None
    if book.fingerprint() != snapshot.fingerprint:
        log.error("snapshot.fingerprint_differs", event_seq=snapshot.end.next_event_seq - 1)
        return None
    return book


def _check_known(place: Place, found: End, known: End) -> None:
    if found != known:
        raise JournalCorrupt(
            place.name,
            place.at_byte,
            f"frame {found.frame_seq} is not the one the snapshot was taken at",
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Replay makes millions of objects and no cycles: collecting would take a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
