"""The durable outbox: planned exactly once, claimed under a lease, settled under a fence.

Every method is one transaction and blocks: it runs on the outbox thread. The journal cursor moves
in the transaction that adds the notices, so a crash loses neither and repeats neither.
Not here: receipts (notify.receipts), dead letters and evidence (notify.letters).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select, update

from notify.notices import Notice, NoticeState, Route
from notify.receipts import keep_parts
from notify.statements import (
    BURY_EXPIRED,
    BURY_USED_UP,
    DUE,
    HELD,
    IS_DEAD,
    IS_OPEN,
    LEASE,
    NEXT_DUE,
    NEXT_LEASE_END,
    PART_IDS,
    REASON_CHARS_MAX,
    SETTLE,
)
from notify.tables import CURSOR, marks, notices
from risk.domain.errors import TemporaryFailure

CLAIM_MAX: Final = 256
_WAITING, _SENDING, _UNKNOWN = NoticeState.WAITING, NoticeState.SENDING, NoticeState.UNKNOWN


class CursorMoved(TemporaryFailure):
    """Another planner moved the cursor: read it again and go on from there."""

    code = "notify.cursor_moved"


class Claimed(NamedTuple):
    """A notice leased to a dispatcher, with what earlier attempts achieved."""

    notice_id: int
    lease_no: int
    notice: Notice
    attempts: int  # this one included
    planned_ns: int
    part_ids: tuple[str, ...]


class Claim(NamedTuple):
    """What a claim got, what died of age or attempts, and when the next one may get more."""

    claimed: list[Claimed]
    died: int
    next_due_ns: int | None


class Settlement(NamedTuple):
    """The end of one attempt. `part_ids` is empty when nothing is known of parts."""

    notice_id: int
    lease_no: int
    state: NoticeState
    due_ns: int
    reason: str
    part_ids: tuple[str, ...]
    at_ns: int
    is_attempt: bool


class Depth(NamedTuple):
    """How much a route has waiting and since when (planned_ns of the oldest, 0 when none)."""

    open_count: int
    dead_count: int
    oldest_ns: int


class Outbox:
    """The outbox on an engine of `notify.tables.open_outbox`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One read transaction; it never holds up the writer."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(only_reads=True)
            with connection.begin():
                yield connection

    def cursor(self) -> int:
        """Return the number of the last event that is planned."""
        with self.reading() as connection:
            return int(connection.scalars(select(marks.c.value).filter_by(name=CURSOR)).one())

    def enqueue(
        self, planned: Sequence[Notice], from_seq: int, to_seq: int, planned_ns: int
    ) -> None:
        """Add the notices of the events after `from_seq` up to `to_seq` and move the cursor.

        Raises CursorMoved, with nothing changed, when the cursor is not at `from_seq`.
        """
        assert to_seq > from_seq, f"{to_seq} after {from_seq}"
        with self.engine.begin() as connection:
            moved = connection.execute(
                update(marks)
                .where(marks.c.name == CURSOR, marks.c.value == from_seq)
                .values(value=to_seq)
            )
            if moved.rowcount != 1:
                raise CursorMoved(f"the cursor is not at {from_seq}")
            if planned:
                rows = [
                    notice._asdict()
                    | {"state": _WAITING, "due_ns": planned_ns, "planned_ns": planned_ns}
                    for notice in planned
                ]
                connection.execute(insert(notices), rows)

    def take_back(self, owner: str) -> int:
        """End the leases an earlier life of this owner left; returns how many.

        Whether those were submitted is unknown; they are due at once, so each can go out at most
        once more.
        """
        with self.engine.begin() as connection:
            freed = connection.execute(
                update(notices)
                .where(notices.c.state == _SENDING, notices.c.lease_owner == owner)
                .values(state=_UNKNOWN, reason="restarted", lease_owner="", lease_until_ns=0)
            )
            return freed.rowcount

    def claim(
        self,
        route: Route,
        owner: str,
        now_ns: int,
        lease_until_ns: int,
        limit: int,
        attempts_max: int,
    ) -> Claim:
        """Lease up to `limit` due notices of a route, oldest event first.

        At most one per recipient: the next goes when the one before is settled. The attempt is
        counted here, before anything is sent, so a crash counts as one.
        """
        its = {"its_route": route, "now_ns": now_ns}
        with self.engine.begin() as connection:
            died = connection.execute(BURY_EXPIRED, its).rowcount
            due = connection.execute(DUE, its | {"count": min(limit, CLAIM_MAX)}).all()
            used_up = [row.id for row in due if row.attempts >= attempts_max]
            if used_up:  # by processes that died trying
                died += connection.execute(BURY_USED_UP, {"ids": used_up}).rowcount
            ids = [row.id for row in due if row.attempts < attempts_max]
            claimed = _leased(connection, ids, owner, lease_until_ns) if ids else []
            # who stood behind a dead one is due now
            next_due_ns = now_ns if used_up else _next_due(connection, its)
        return Claim(claimed, died, next_due_ns)

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Write the ends of attempts; false for one whose lease another dispatcher had taken."""
        with self.engine.begin() as connection:
            held = {
                (row.id, row.lease_no)
                for row in connection.execute(HELD, {"ids": [end.notice_id for end in settlements]})
            }
            is_own = [(end.notice_id, end.lease_no) in held for end in settlements]
            own = [_settled(end) for end, is_its in zip(settlements, is_own, strict=True) if is_its]
            if own:
                connection.execute(SETTLE, own)
            keep_parts(connection, [(end.notice_id, end.part_ids) for end in settlements])
        return is_own

    def depths(self) -> dict[Route, Depth]:
        """Return the depth of every route."""
        count = func.count().label("n")
        open_rows = select(notices.c.route, count, func.min(notices.c.planned_ns).label("oldest"))
        with self.reading() as connection:
            waiting = {
                row.route: row
                for row in connection.execute(open_rows.where(IS_OPEN).group_by(notices.c.route))
            }
            dead = {
                row.route: row.n
                for row in connection.execute(
                    select(notices.c.route, count).where(IS_DEAD).group_by(notices.c.route)
                )
            }
        return {
            route: Depth(
                waiting[route].n if route in waiting else 0,
                dead.get(route, 0),
                waiting[route].oldest if route in waiting else 0,
            )
            for route in Route
        }


def _leased(connection: Connection, ids: list[int], owner: str, until_ns: int) -> list[Claimed]:
    leased = connection.execute(LEASE, {"ids": ids, "owner": owner, "until_ns": until_ns}).all()
    known: dict[int, tuple[str, ...]] = {}
    for part in connection.execute(PART_IDS, {"ids": ids}):
        known[part.notice_id] = (*known.get(part.notice_id, ()), part.message_id)
    claimed = [_claimed(row, known.get(row.id, ())) for row in leased]
    return sorted(claimed, key=lambda one: one.notice.event_seq)


def _next_due(connection: Connection, its: dict[str, int]) -> int | None:
    """Return when something of the route becomes due after now: a due time or a lease's end."""
    moments = (connection.scalar(NEXT_DUE, its), connection.scalar(NEXT_LEASE_END, its))
    return min((moment for moment in moments if moment is not None), default=None)


def _settled(end: Settlement) -> dict[str, object]:
    return {
        "its_id": end.notice_id,
        "new_state": end.state,
        "new_due_ns": end.due_ns,
        "new_reason": end.reason[:REASON_CHARS_MAX],
        "new_sent_ns": end.at_ns if end.state is NoticeState.SENT else 0,
        "uncounted": int(not end.is_attempt),
    }


def _claimed(row: Any, part_ids: tuple[str, ...]) -> Claimed:
    values = row._mapping
    notice = Notice(**{name: values[name] for name in Notice._fields})
    notice = notice._replace(route=Route(notice.route))
    return Claimed(row.id, row.lease_no, notice, row.attempts, row.planned_ns, part_ids)
