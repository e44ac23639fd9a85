"""A journal and a snapshot of an earlier schema of the book, written then and kept, are read.

The journal holds orders, fills, a cancel request and three fingerprints of that schema; the
snapshot lies between the second and the third.
"""

from pathlib import Path

import pytest

from gateway.core.replies import Replies
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.memory_storage import MemoryStorage
from gateway.journal.reader import events_after
from gateway.journal.recovery import recover, replay
from risk.book.account_book import SCHEMA, AccountBook
from risk.book.views import account_view, fills_today
from risk.core.fold import FingerprintDiffers, fold
from risk.domain.events import CashMoved, FingerprintTaken

FOLDER = Path(__file__).parents[3] / "data" / "journal" / "schema1"


def of_schema_1() -> MemoryStorage:
    """Return the files as a release with the first schema left them."""
    storage = MemoryStorage()
    for file in FOLDER.iterdir():
        storage.put(file.name, file.read_bytes())
    return storage


def test_its_fingerprints_are_compared_with_what_the_book_held_then() -> None:
    storage = of_schema_1()
    taken = [e for _, e in events_after(storage) if isinstance(e, FingerprintTaken)]
    assert [event.schema for event in taken] == [1, 1, 1]

    book = replay(storage).book

    assert book.fingerprint(1) == taken[-1].fingerprint
    assert book.fingerprint() != taken[-1].fingerprint


def test_a_changed_history_still_differs() -> None:
    events = [event for _, event in events_after(of_schema_1())]
    at = next(i for i, event in enumerate(events) if isinstance(event, CashMoved))
    events[at] = events[at]._replace(amount_e4=events[at].amount_e4 + 1)

    with pytest.raises(FingerprintDiffers):
        fold(AccountBook(), events)


def test_its_snapshot_is_passed_over_and_the_journal_replayed() -> None:
    recovered = recover(of_schema_1(), Replies(pack_event, unpack_event))

    assert recovered.snapshot_seq == 0
    assert recovered.event_count == 24
    view = account_view(recovered.book, "10000001")
    assert view is not None
    fills = fills_today(recovered.book, "10000001")
    assert [(fill.order_no, fill.last_qty) for fill in fills] == [(2, 100), (1, 100)]
    spent_e4 = sum(fill.last_qty * fill.last_px_e4 + fill.fees_e4 for fill in fills)
    assert view.cash_e4 == 10**10 + 12_345 - spent_e4


def test_a_fingerprint_of_a_later_schema_names_the_remedy() -> None:
    event = FingerprintTaken(1, b"\0" * 32, SCHEMA + 1)

    with pytest.raises(FingerprintDiffers, match="use the release that wrote it"):
        fold(AccountBook(), [event])
