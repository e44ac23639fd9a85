"""Reading the journal: every batch in order, checked, from any event on.

A reader needs no lock and may run beside the writer: what is not whole yet is simply not read.
Not here: repair (segment.open_end) and applying events (recovery).
"""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.journal.codec import StoredBatch
from gateway.journal.errors import JournalCorrupt
from gateway.journal.segment import BEGINNING, End, Scan, first_event_seq, segment_names
from gateway.journal.storage import Storage
from risk.domain.events import Event


class Place(NamedTuple):
    """Where a batch lies in the files."""

    name: str
    at_byte: int
    frame_seq: int
    chain: bytes


def batches_after(storage: Storage, event_seq: int = 0) -> Iterator[tuple[Place, StoredBatch]]:
    """Yield the batches that hold events after `event_seq`, each file checked as a whole.

    A batch is yielded whole, so its first events may be `event_seq` and before.
    Raises JournalCorrupt for damage, missing files, and a torn frame anywhere but at the end.
    """
    names = segment_names(storage)
    first = 0
    for index, name in enumerate(names):
        if first_event_seq(name) <= event_seq + 1:
            first = index
    end: End | None = BEGINNING if first == 0 else None
    for name in names[first:]:
        data = storage.read(name)
        scan = Scan(name, data)
        if end is not None and scan.start != end:
            raise JournalCorrupt(
                name,
                0,
                f"the file before it ends with event {end.next_event_seq - 1}, frame "
                f"{end.frame_seq}: a file is missing, or not of this journal",
            )
        for frame, batch in scan:
            if batch.next_seq > event_seq + 1:
                yield Place(name, frame.start, frame.seq, frame.chain), batch
        if name != names[-1] and scan.whole_bytes < len(data):
            raise JournalCorrupt(name, scan.whole_bytes, "the file ends inside a frame")
        end = scan.end


def events_after(storage: Storage, event_seq: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield (event_seq, event) of every durable event after `event_seq`, in order.

    For subscribers that keep a cursor of their own. Beside a running gateway it may end before
    the newest event: ask again from the last one seen.
    """
    for _, batch in batches_after(storage, event_seq):
        for seq, event in enumerate(batch.events(), batch.first_seq):
            if seq > event_seq:
                yield seq, event
