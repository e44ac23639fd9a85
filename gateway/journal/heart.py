"""Opens the heart over a data folder: recovery, journal thread, bus, sequencer, read side.

The one start path: a clean start, a restart and a crash take it alike. It blocks until the book is
recovered, before the reactor runs. Not here: edges and doors (gateway.app).
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import structlog
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from gateway.core.bus import Bus
from gateway.core.lifecycle import Lifecycle
from gateway.core.ports import NowNs, Step
from gateway.core.queries import Queries
from gateway.core.replies import Replies
from gateway.core.sequencer import Sequencer
from gateway.journal.codec import pack_event, unpack_event
from gateway.journal.errors import JournalCorrupt, JournalFailed
from gateway.journal.recovery import recover
from gateway.journal.segment import open_end
from gateway.journal.settings import JournalSettings
from gateway.journal.snapshots import Snapshot, write_snapshot
from gateway.journal.storage import DiskStorage, Storage
from gateway.journal.writer import GroupWriter, JournalWriter
from risk.book.account_book import AccountBook
from risk.domain.errors import HotlineError

log = structlog.get_logger("journal")

MIB = 1024 * 1024


class Heart(NamedTuple):
    """The parts that gateway.app hands to doors and edges."""

    book: AccountBook
    sequencer: Sequencer
    bus: Bus
    queries: Queries
    lifecycle: Lifecycle
    storage: Storage


def journal_storage(data_folder: Path, settings: JournalSettings) -> DiskStorage:
    """Return the journal's folder inside the data folder (or elsewhere, when absolute)."""
    return DiskStorage(data_folder / settings.folder)


def open_heart(
    storage: Storage,
    settings: JournalSettings,
    step_of: Callable[[AccountBook], Step],
    reactor: IReactorFromThreads,
    clock: IReactorTime,
    now_ns: NowNs,
    on_failed: Callable[[HotlineError], None],
) -> Heart:
    """Recover the book and return the running heart, doors still closed.

    The caller has locked the storage. `step_of(book)` binds the rules to the recovered book.
    `reactor` and `clock` are the same object, but in tests. Raises JournalCorrupt,
    JournalTooNew, JournalFailed, FingerprintDiffers.
    """
    replies = Replies(pack_event, unpack_event)
    try:
        opened = open_end(storage)
        recovered = recover(storage, replies)
    except OSError as error:
        raise JournalFailed.from_os(error) from error
    if recovered.end != opened.end:
        raise JournalCorrupt("the journal", 0, "another process wrote to it during the start")
    last_event_seq = recovered.end.next_event_seq - 1
    log.info(
        "journal.recovered",
        last_event_seq=last_event_seq,
        snapshot_seq=recovered.snapshot_seq,
        day=recovered.book.day,
    )
    journal = JournalWriter(
        GroupWriter(storage, opened, settings.segment_mib * MIB), reactor, clock
    )
    bus = Bus(last_event_seq)
    sequencer = Sequencer(step_of(recovered.book), journal, bus, replies, clock, now_ns, on_failed)

    def keep_snapshot(fingerprint: bytes) -> None:
        image = recovered.book.image()
        snapshot = Snapshot(journal.end, now_ns(), fingerprint, image, replies.image())
        name = write_snapshot(storage, snapshot)
        log.info("snapshot.kept", file=name)

    lifecycle = Lifecycle(sequencer, clock, now_ns, keep_snapshot, journal.close)
    queries = Queries(recovered.book, sequencer)
    return Heart(recovered.book, sequencer, bus, queries, lifecycle, storage)
