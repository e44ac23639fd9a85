"""Everything that is kept about one order: journal, calls, FIX messages, notices.

Reads only, so it may run beside the gateway. Not here: how a case is shown or exported.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from fix.edge import MESSAGES_FOLDER
from fix.fields import SOH
from fix.settings import FixSettings
from gateway.evidence.call_log import decode, stored_record
from gateway.ivr.call_record import CallRecord
from gateway.journal.segment import Scan, segment_names
from gateway.journal.storage import Storage
from gateway.journal.story import OrderKeys, Story, calls_bound, order_story
from gateway.store.database import read_file
from gateway.store.settings import StoreSettings
from notify.letters import trace_of_events
from notify.notices import NoticeTrace
from notify.outbox import Outbox
from notify.settings import NotifySettings
from notify.tables import open_outbox
from risk.domain.events import OrderAccepted
from risk.domain.service_events import CallRecorded

_ID_TAGS: Final = (f"{SOH}11=", f"{SOH}41=")


class BoundCall(NamedTuple):
    """A call as it is stored, and what the journal says its digests are; None: not bound yet."""

    record: CallRecord
    stored: bytes
    bound: CallRecorded | None

    @property
    def doubt(self) -> str:
        """Why the stored record proves nothing; empty when the journal has its digest."""
        if self.bound is None:
            return "not in the journal yet"
        if self.bound.record_sha256 != hashlib.sha256(self.stored).hexdigest():
            return "CHANGED after the call: the journal has another digest"
        return ""


class Case(NamedTuple):
    """One order and what belongs to it. `journal_end` is the chain of the journal when read."""

    cl_ord_id: str
    accepted: OrderAccepted
    story: Story
    calls: list[BoundCall]
    bindings: list[tuple[int, CallRecorded]]
    fix_lines: list[str]
    notices: list[NoticeTrace]
    journal_end: str

    @property
    def missing_calls(self) -> list[str]:
        """Calls whose digests are in the journal and whose records are gone."""
        kept = {call.record.call_no for call in self.calls}
        return [event.call_no for _, event in self.bindings if event.call_no not in kept]


class Kept(NamedTuple):
    """Where the gateway of these settings keeps what cases are made of."""

    data_folder: Path
    store: StoreSettings = StoreSettings()
    fix: FixSettings = FixSettings()
    notify: NotifySettings = NotifySettings()


def case_of(storage: Storage, kept: Kept, cl_ord_id: str) -> Case | None:
    """Return the case of an order by its ClOrdID(11), None when the journal does not have it."""
    story = order_story(storage, cl_ord_id)
    if story is None:
        return None
    accepted = next((e for _, e in story.events if isinstance(e, OrderAccepted)), None)
    if accepted is None:
        return None
    bindings = calls_bound(storage, story.keys.trace_ids) if story.keys.trace_ids else []
    return Case(
        accepted.cl_ord_id,
        accepted,
        story,
        calls_of(kept, sorted(story.keys.trace_ids), bindings),
        bindings,
        list(_fix_lines(kept, story.keys.cl_ord_ids)),
        notices_of(kept, story.keys),
        _end_of(storage),
    )


def calls_of(
    kept: Kept, call_nos: Iterable[str], bindings: Iterable[tuple[int, CallRecorded]]
) -> list[BoundCall]:
    """Return the stored records of these numbers that are calls, with their bindings."""
    bound = {event.call_no: event for _, event in bindings}

    def stored(connection: Connection) -> list[bytes | None]:
        return [stored_record(connection, call_no) for call_no in call_nos]

    try:
        found = read_file(kept.store, kept.data_folder, stored)
    except OperationalError:  # a store from before calls were kept, or none
        return []
    calls = [(decode(each), each) for each in found if each is not None]
    return [BoundCall(record, each, bound.get(record.call_no)) for record, each in calls]


def _fix_lines(kept: Kept, cl_ord_ids: Iterable[str]) -> Iterable[str]:
    """Yield the kept FIX messages that name one of these orders, in time order within a file."""
    wanted = [f"{tag}{cl_ord_id}{SOH}".encode() for cl_ord_id in cl_ord_ids for tag in _ID_TAGS]
    folder = kept.data_folder / kept.fix.folder / MESSAGES_FOLDER
    for file in sorted(folder.glob("*.log")):
        with file.open("rb") as stream:
            for line in stream:
                if any(text in line for text in wanted):
                    yield line.decode(errors="replace").rstrip("\n")


def notices_of(kept: Kept, keys: OrderKeys) -> list[NoticeTrace]:
    """Return the notices planned from an order's events, none when there is no outbox."""
    file = kept.data_folder / kept.notify.file
    if not file.exists():
        return []
    outbox = Outbox(open_outbox(file))
    try:
        return trace_of_events(outbox, sorted(keys.event_seqs))
    finally:
        outbox.close()


def _end_of(storage: Storage) -> str:
    """Return the last event's number and the journal's chain there: keep it, and it proves all."""
    name = segment_names(storage)[-1]
    scan = Scan(name, storage.read(name))
    for _ in scan:
        pass  # each frame is checked, and moves the end
    end = scan.end
    return f"event {end.next_event_seq - 1}, frame {end.frame_seq}, chain {end.chain.hex()}"
