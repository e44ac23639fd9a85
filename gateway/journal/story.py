"""The life of one order, and plain listings of events, as lines in time order.

Other rooms add lines (a call's keys, a message's receipt) through `LineSource`.
Not here: printing (gateway.cli.replay).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeVar

from gateway.journal.reader import batches_after
from gateway.journal.storage import Storage
from risk.domain.commands import Command, RecordRouted
from risk.domain.enums import Side
from risk.domain.events import CancelRequested, DayStarted, Event, OrderRouted
from risk.domain.fixedpoint import format_e4
from risk.domain.ids import china_time
from risk.domain.service_events import CallRecorded

_Said = TypeVar("_Said", Command, Event)
_IDS: Final = ("cl_ord_id", "orig_cl_ord_id", "ref_cl_ord_id")
_TOLD_ELSEWHERE: Final = frozenset({"at_ns", "entered_ns", "request_id", "rules_version"})


class StoryLine(NamedTuple):
    """Something that happened at `at_ns` (Unix ns): in which part of the gateway, and what."""

    at_ns: int
    part: str
    text: str


class OrderKeys(NamedTuple):
    """By what other rooms know an order."""

    cl_ord_ids: frozenset[str]  # the order's and those of its cancel requests
    request_ids: frozenset[str]
    trace_ids: frozenset[str]
    event_seqs: frozenset[int]


LineSource = Callable[[OrderKeys], Iterable[StoryLine]]


class Story(NamedTuple):
    """Lines in time order, its own events by number, and the keys to ask other rooms for more."""

    lines: list[StoryLine]
    events: list[tuple[int, Event]]
    keys: OrderKeys


def last_day(storage: Storage) -> int:
    """Return the last trading day that the journal began, yyyymmdd; 0 when there is none."""
    day = 0
    for _, batch in batches_after(storage):
        if batch.count_of(DayStarted):
            day = max(event.day for event in batch.events() if isinstance(event, DayStarted))
    return day


def order_story(storage: Storage, cl_ord_id: str) -> Story | None:
    """Return the life of an order by its ClOrdID(11), None when the journal does not have it.

    Batches that do not contain one of its ids as text are not unpacked.
    """
    ids = {cl_ord_id}
    lines: list[StoryLine] = []
    events: list[tuple[int, Event]] = []
    request_ids, trace_ids, event_seqs = set[str](), set[str](), set[int]()
    for _, stored in batches_after(storage):
        if not stored.has_any(ids):
            continue
        batch = stored.batch()
        seq = batch.first_seq
        for command, caused in zip(batch.commands, batch.events, strict=True):
            numbered = list(enumerate(caused, seq))
            seq += len(caused)
            own = [(number, event) for number, event in numbered if _is_about(event, ids)]
            if not own:
                continue
            ids |= {event.cl_ord_id for _, event in own if isinstance(event, CancelRequested)}
            event_seqs |= {number for number, _ in own}
            request_ids.add(command.request_id)
            trace_ids |= {getattr(command, "trace_id", "")} - {""}
            lines += _command_lines(_own_part(command, ids), batch.at_ns)
            kept = [(number, _own_part(event, ids)) for number, event in own]
            lines += [_event_line(number, event) for number, event in kept]
            events += kept
    if not lines:
        return None
    keys = OrderKeys(
        frozenset(ids), frozenset(request_ids), frozenset(trace_ids), frozenset(event_seqs)
    )
    return Story(sorted(lines, key=lambda line: line.at_ns), events, keys)


def calls_bound(storage: Storage, call_nos: Collection[str]) -> list[tuple[int, CallRecorded]]:
    """Return the events that bind the records of these calls, by number."""
    found: list[tuple[int, CallRecorded]] = []
    for _, stored in batches_after(storage):
        if not stored.count_of(CallRecorded) or not stored.has_any(call_nos):
            continue
        for seq, event in enumerate(stored.events(), stored.first_seq):
            if isinstance(event, CallRecorded) and event.call_no in call_nos:
                found.append((seq, event))
    return found


def event_lines(storage: Storage, first_seq: int, last_seq: int) -> Iterator[StoryLine]:
    """Yield one line per event from `first_seq` to `last_seq`, both included."""
    for _, batch in batches_after(storage, first_seq - 1):
        for seq, event in enumerate(batch.events(), batch.first_seq):
            if seq > last_seq:
                return
            if seq >= first_seq:
                yield _event_line(seq, event)


def told(lines: Iterable[StoryLine]) -> Iterator[str]:
    """Yield printable text: time in China, milliseconds since the first and the line before."""
    first_ns = before_ns = 0
    for line in lines:
        first_ns = first_ns or line.at_ns
        since_first_ms = (line.at_ns - first_ns) / 1e6
        step_ms = (line.at_ns - (before_ns or line.at_ns)) / 1e6
        before_ns = line.at_ns
        at = china_time(line.at_ns)
        yield (
            f"{at:%Y-%m-%d %H:%M:%S.%f} {since_first_ms:>12.3f} ms {step_ms:>+11.3f}  "
            f"{line.part:<8} {line.text}"
        )


def _is_about(event: Event, ids: set[str]) -> bool:
    if isinstance(event, OrderRouted) and not ids.isdisjoint(event.more_cl_ord_ids):
        return True
    return any(getattr(event, name, None) in ids for name in _IDS)


def _own_part(said: _Said, ids: set[str]) -> _Said:
    """Leave out other orders that were sent in the same turn."""
    if not isinstance(said, RecordRouted | OrderRouted):
        return said
    sent = (said.cl_ord_id, *said.more_cl_ord_ids)
    first, *more = (cl_ord_id for cl_ord_id in sent if cl_ord_id in ids)
    return said._replace(cl_ord_id=first, more_cl_ord_ids=tuple(more))


def _command_lines(command: Command, at_ns: int) -> list[StoryLine]:
    """When it reached a door or the venue said it, and when it was decided."""
    lines = []
    entered_ns = getattr(command, "entered_ns", 0)
    if entered_ns:
        door = command.channel.name.lower()  # type: ignore[union-attr]  # what is entered has one
        trace = getattr(command, "trace_id", "")
        lines.append(StoryLine(entered_ns, door, f"entered, request {command.request_id} {trace}"))
    transact_ns = getattr(command, "transact_ns", 0)
    if transact_ns:
        lines.append(StoryLine(transact_ns, "venue", f"transacted, report {command.request_id}"))
    lines.append(StoryLine(at_ns, "command", _words(command)))
    return lines


def _event_line(seq: int, event: Event) -> StoryLine:
    at_ns = getattr(event, "sent_ns", 0) or event.at_ns
    return StoryLine(at_ns, "event", f"#{seq} {_words(event)}")


def _words(said: Command | Event) -> str:
    """Return type and fields as `name=value`, money as decimals, empty ones left out."""
    fields = [
        f"{name.removesuffix('_e4')}={_word(name, value)}"
        for name, value in zip(said._fields, said, strict=True)
        if name not in _TOLD_ELSEWHERE and value not in ("", None, {}, ())
    ]
    return f"{type(said).__name__} {' '.join(fields)}"


def _word(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if name.endswith("_e4"):
        return format_e4(value)
    if name.endswith("_ns"):
        return f"{china_time(value):%H:%M:%S.%f}"
    if name == "side":
        return Side(value).name if value in (1, 2) else str(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return getattr(value, "name", None) or str(value)
