"""Everything that is kept about one order: journal, calls, FIX messages, notices.

Reads only, so it may run beside the gateway. Not here: how a case is shown or exported.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from fix.edge import MESSAGES_FOLDER
from fix.fields import SOH
from fix.settings import FixSettings
from gateway.evidence.call_log import decode, stored_record
from gateway.ivr.call_record import CallRecord
from gateway.journal.reader import batches_after
from gateway.journal.storage import Storage
from gateway.journal.story import Story, calls_bound, order_story
from gateway.store.database import read_once
from gateway.store.settings import StoreSettings, store_url
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


def case_of(storage: Storage, data_folder: Path, cl_ord_id: str) -> Case | None:
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
        calls_of(data_folder, sorted(story.keys.trace_ids), bindings),
        bindings,
        list(fix_lines(data_folder, story.keys.cl_ord_ids)),
        _notices(data_folder, sorted(story.keys.event_seqs)),
        _end_of(storage),
    )


def calls_of(
    data_folder: Path, call_nos: Iterable[str], bindings: Iterable[tuple[int, CallRecorded]]
) -> list[BoundCall]:
    """Return the stored records of these numbers that are calls, with their bindings."""
    bound = {event.call_no: event for _, event in bindings}
    engine = create_engine(store_url(StoreSettings(), data_folder))
    try:
        found = read_once(engine, lambda c: [stored_record(c, number) for number in call_nos])
    except OperationalError:  # a store from before calls were kept, or none
        return []
    finally:
        engine.dispose()
    calls = [(decode(stored), stored) for stored in found if stored is not None]
    return [BoundCall(record, stored, bound.get(record.call_no)) for record, stored in calls]


def fix_lines(data_folder: Path, cl_ord_ids: Iterable[str]) -> Iterable[str]:
    """Yield the kept FIX messages that name one of these orders, in time order within a file."""
    wanted = [f"{tag}{cl_ord_id}{SOH}".encode() for cl_ord_id in cl_ord_ids for tag in _ID_TAGS]
    folder = data_folder / FixSettings().folder / MESSAGES_FOLDER
    for file in sorted(folder.glob("*.log")):
        with file.open("rb") as stream:
            for line in stream:
                if any(text in line for text in wanted):
                    yield line.decode(errors="replace").rstrip("\n")


def _notices(data_folder: Path, event_seqs: list[int]) -> list[NoticeTrace]:
    file = data_folder / NotifySettings().file
    if not file.exists():
        return []
    outbox = Outbox(open_outbox(file))
    try:
        return trace_of_events(outbox, event_seqs)
    finally:
        outbox.close()


def _end_of(storage: Storage) -> str:
    """Return the last event's number and the journal's chain there: keep it, and it proves all."""
    end = "event 0"
    for place, batch in batches_after(storage):
        end = f"event {batch.next_seq - 1}, frame {place.frame_seq}, chain {place.chain.hex()}"
    return end
