"""Proof of a whole journal: chain, numbers, fingerprints, snapshots and the book's invariants.

Folds from the first event without any snapshot and changes no file, so it may run beside the
gateway. Not here: repair.
"""

from typing import NamedTuple

from gateway.journal.codec import StoredBatch
from gateway.journal.errors import JournalCorrupt
from gateway.journal.reader import Place
from gateway.journal.recovery import replay
from gateway.journal.segment import End
from gateway.journal.snapshots import snapshot_names, usable_snapshots
from gateway.journal.storage import Storage
from risk.book.account_book import AccountBook
from risk.book.invariants import broken_invariants
from risk.domain.errors import InvariantBroken
from risk.domain.events import FingerprintTaken


class Verified(NamedTuple):
    """What was proven."""

    batch_count: int
    event_count: int
    fingerprint_count: int  # recorded by the live gateway and met by the replay
    snapshot_count: int  # met by the replay
    damaged_snapshot_count: int  # not usable and not needed
    book: AccountBook
    end: End


def verify(storage: Storage) -> Verified:
    """Return what a journal holds, all of it proven.

    Raises JournalCorrupt, JournalTooNew, FingerprintDiffers, InvariantBroken.
    """
    snapshots = {snapshot.end.frame_seq: snapshot for snapshot in usable_snapshots(storage)}
    found: dict[int, bytes] = {}
    counts = {"batches": 0, "fingerprints": 0}

    def each(place: Place, batch: StoredBatch) -> None:
        counts["batches"] += 1
        counts["fingerprints"] += batch.count_of(FingerprintTaken)
        if place.frame_seq in snapshots:
            found[place.frame_seq] = place.chain

    recovered = replay(storage, each)
    for frame_seq, snapshot in snapshots.items():
        if found.get(frame_seq) != snapshot.end.chain:
            raise JournalCorrupt(
                "the journal", 0, f"it lacks frame {frame_seq}, at which a snapshot was taken"
            )
    broken = broken_invariants(recovered.book)
    if broken:
        raise InvariantBroken(f"the replayed book contradicts itself, by rows: {broken}")
    return Verified(
        counts["batches"],
        recovered.event_count,
        counts["fingerprints"],
        len(snapshots),
        len(snapshot_names(storage)) - len(snapshots),
        recovered.book,
        recovered.end,
    )
