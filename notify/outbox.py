"""The durable outbox: planned exactly once, claimed under a lease, settled under a fence.

Every method is one transaction and blocks: it runs on the outbox thread. The journal cursor moves
in the transaction that adds the notices, so a crash loses neither and repeats neither.
Not here: receipts (notify.receipts), dead letters and evidence (notify.letters).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from notify.notices import OPEN_STATE_MAX, Notice, NoticeState, Route
from notify.receipts import match_strays
from notify.tables import CURSOR, marks, notices, parts
from risk.domain.errors import TemporaryFailure

CLAIM_MAX: Final = 256
REASON_CHARS_MAX: Final = 200
_WAITING, _SENDING, _UNKNOWN = NoticeState.WAITING, NoticeState.SENDING, NoticeState.UNKNOWN
_SENT, _DEAD = NoticeState.SENT, NoticeState.DEAD
# a literal, not a bound value: partial indexes are chosen by it
_OPEN_MAX: Final[ColumnElement[int]] = literal_column(str(int(OPEN_STATE_MAX)))


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
        with self.engine.begin() as connection:
            died = _bury(connection, route, now_ns, attempts_max)
            due = _due_ids(connection, route, now_ns, min(limit, CLAIM_MAX))
            claimed = []
            if due:
                leased = connection.execute(
                    update(notices)
                    .where(notices.c.id.in_(due))
                    .values(
                        state=_SENDING,
                        lease_owner=owner,
                        lease_until_ns=lease_until_ns,
                        lease_no=notices.c.lease_no + 1,
                        attempts=notices.c.attempts + 1,
                    )
                    .returning(notices)
                ).all()
                earlier = _part_ids(connection, due)
                claimed = [_claimed(row, earlier.get(row.id, ())) for row in leased]
                claimed.sort(key=lambda one: one.notice.event_seq)
            return Claim(claimed, died, _next_due(connection, route, now_ns))

    def settle(self, settlements: Sequence[Settlement]) -> list[Settlement]:
        """Write the ends of attempts; returns those whose lease another dispatcher had taken."""
        stale = []
        with self.engine.begin() as connection:
            for end in settlements:
                values: dict[str, Any] = {
                    "state": end.state,
                    "due_ns": end.due_ns,
                    "reason": end.reason[:REASON_CHARS_MAX],
                    "lease_owner": "",
                    "lease_until_ns": 0,
                }
                if end.state is _SENT:
                    values["sent_ns"] = end.at_ns
                if not end.is_attempt:
                    values["attempts"] = notices.c.attempts - 1
                written = connection.execute(
                    update(notices)
                    .where(
                        notices.c.id == end.notice_id,
                        notices.c.lease_no == end.lease_no,
                        notices.c.state == _SENDING,
                    )
                    .values(values)
                )
                if written.rowcount != 1:
                    stale.append(end)
                keep_parts(connection, end.notice_id, end.part_ids)
        return stale

    def depths(self) -> dict[Route, Depth]:
        """Return the depth of every route."""
        count = func.count().label("n")
        open_rows = select(notices.c.route, count, func.min(notices.c.planned_ns).label("oldest"))
        is_dead = notices.c.state == literal_column(str(int(_DEAD)))
        with self.reading() as connection:
            waiting = {
                row.route: row
                for row in connection.execute(
                    open_rows.where(notices.c.state <= _OPEN_MAX).group_by(notices.c.route)
                )
            }
            dead = {
                row.route: row.n
                for row in connection.execute(
                    select(notices.c.route, count).where(is_dead).group_by(notices.c.route)
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


def keep_parts(connection: Connection, notice_id: int, part_ids: Sequence[str]) -> None:
    """Write what is known of the parts; a known id is never overwritten by an unknown one."""
    for part_no, message_id in enumerate(part_ids):
        row = sqlite_insert(parts).values(
            notice_id=notice_id, part_no=part_no, message_id=message_id
        )
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["notice_id", "part_no"],
                set_={"message_id": message_id},
                where=parts.c.message_id == "",
            )
            if message_id
            else row.on_conflict_do_nothing()
        )
        if message_id:
            match_strays(connection, notice_id, message_id)


def _bury(connection: Connection, route: Route, now_ns: int, attempts_max: int) -> int:
    """Give up what is too old or was tried too often (also by processes that died trying)."""
    is_idle = or_(
        notices.c.state.in_((_WAITING, _UNKNOWN)),
        and_(notices.c.state == _SENDING, notices.c.lease_until_ns <= now_ns),
    )
    here = and_(notices.c.route == route, notices.c.state <= _OPEN_MAX, notices.c.due_ns <= now_ns)
    died = 0
    for condition, reason in (
        (notices.c.expires_ns <= now_ns, "expired"),
        (notices.c.attempts >= attempts_max, "attempts_used_up"),
    ):
        buried = connection.execute(
            update(notices)
            .where(here, is_idle, condition)
            .values(
                state=_DEAD,
                reason=func.substr(reason + ":" + notices.c.reason, 1, REASON_CHARS_MAX),
                lease_owner="",
            )
        )
        died += buried.rowcount
    return died


def _due_ids(connection: Connection, route: Route, now_ns: int, limit: int) -> list[int]:
    earlier = notices.alias("earlier")
    is_due = or_(
        notices.c.state.in_((_WAITING, _UNKNOWN)),
        and_(notices.c.state == _SENDING, notices.c.lease_until_ns <= now_ns),
    )
    ahead_in_line = exists().where(
        earlier.c.route == notices.c.route,
        earlier.c.recipient == notices.c.recipient,
        earlier.c.state <= _OPEN_MAX,
        earlier.c.event_seq < notices.c.event_seq,
    )
    return list(
        connection.scalars(
            select(notices.c.id)
            .where(
                notices.c.route == route,
                notices.c.state <= _OPEN_MAX,
                notices.c.due_ns <= now_ns,
                is_due,
                ~ahead_in_line,
            )
            .order_by(notices.c.due_ns, notices.c.event_seq)
            .limit(limit)
        )
    )


def _next_due(connection: Connection, route: Route, now_ns: int) -> int | None:
    """Return when something of the route becomes due after now (a due time or a lease's end)."""
    wakes_ns = func.max(notices.c.due_ns, notices.c.lease_until_ns)
    found: int | None = connection.scalar(
        select(func.min(wakes_ns)).where(
            notices.c.route == route, notices.c.state <= _OPEN_MAX, wakes_ns > now_ns
        )
    )
    return found


def _part_ids(connection: Connection, notice_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for row in connection.execute(
        select(parts.c.notice_id, parts.c.message_id)
        .where(parts.c.notice_id.in_(notice_ids))
        .order_by(parts.c.notice_id, parts.c.part_no)
    ):
        found[row.notice_id] = (*found.get(row.notice_id, ()), row.message_id)
    return found


def _claimed(row: Any, part_ids: tuple[str, ...]) -> Claimed:
    values = row._mapping
    notice = Notice(**{name: values[name] for name in Notice._fields})
    notice = notice._replace(route=Route(notice.route))
    return Claimed(row.id, row.lease_no, notice, row.attempts, row.planned_ns, part_ids)
