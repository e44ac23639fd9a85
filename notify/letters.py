"""Dead letters and evidence: what was given up, queue it again, and the life of each notice.

Not here: sending. Every function is one transaction on an Outbox and blocks.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, select, update

from notify.notices import (
    NoticeKind,
    NoticeState,
    NoticeTrace,
    ReceiptState,
    Route,
    recipient_tail,
)
from notify.outbox import Outbox
from notify.tables import notices, parts

LETTERS_MAX: Final = 1000
TRACES_MAX: Final = 10_000
NS: Final = 1_000_000_000


class DeadLetter(NamedTuple):
    """A notice that was given up, without its text and with a shortened address."""

    notice_id: int
    event_seq: int
    route: Route
    kind: NoticeKind
    cl_ord_id: str
    recipient_tail: str
    attempts: int
    reason: str
    planned_ns: int


def dead_letters(outbox: Outbox, limit: int = LETTERS_MAX) -> list[DeadLetter]:
    """Return up to `limit` dead letters, newest first."""
    with outbox.reading() as connection:
        rows = connection.execute(
            select(notices)
            .where(notices.c.state == NoticeState.DEAD)
            .order_by(notices.c.id.desc())
            .limit(min(limit, LETTERS_MAX))
        ).all()
    return [
        DeadLetter(
            row.id,
            row.event_seq,
            Route(row.route),
            NoticeKind(row.kind),
            row.cl_ord_id,
            recipient_tail(row.recipient),
            row.attempts,
            row.reason,
            row.planned_ns,
        )
        for row in rows
    ]


def requeue(
    outbox: Outbox, notice_ids: Sequence[int] | None, now_ns: int, keep_s: float
) -> list[int]:
    """Make dead letters (all of them when None) due again for `keep_s`; returns their ids.

    Parts that were accepted before stay accepted: only the rest is sent.
    """
    its: ColumnElement[bool] = notices.c.state == NoticeState.DEAD
    if notice_ids is not None:
        its = its & notices.c.id.in_(notice_ids)
    with outbox.engine.begin() as connection:
        return list(
            connection.scalars(
                update(notices)
                .where(its)
                .values(
                    state=NoticeState.WAITING,
                    due_ns=now_ns,
                    expires_ns=now_ns + int(keep_s * NS),
                    attempts=0,
                    reason="requeued",
                )
                .returning(notices.c.id)
            )
        )


def trace_of_notice(outbox: Outbox, notice_id: int) -> NoticeTrace | None:
    """Return the evidence of one notice."""
    return next(iter(_traces(outbox, select(notices).where(notices.c.id == notice_id))), None)


def trace_of_order(outbox: Outbox, cl_ord_id: str) -> list[NoticeTrace]:
    """Return the evidence of every notice of an order, in event order."""
    return _traces(outbox, select(notices).where(notices.c.cl_ord_id == cl_ord_id))


def trace_of_events(outbox: Outbox, event_seqs: Sequence[int]) -> list[NoticeTrace]:
    """Return the evidence of the notices planned from these events, in event order."""
    return _traces(outbox, select(notices).where(notices.c.event_seq.in_(event_seqs)))


def _traces(outbox: Outbox, wanted: Select[Any]) -> list[NoticeTrace]:
    ordered = wanted.order_by(notices.c.event_seq, notices.c.route).limit(TRACES_MAX)
    with outbox.reading() as connection:
        rows = connection.execute(ordered).all()
        message_ids: dict[int, list[str]] = {row.id: [] for row in rows}
        ids = select(parts).where(parts.c.notice_id.in_(message_ids)).order_by(parts.c.part_no)
        for part in connection.execute(ids):
            message_ids[part.notice_id].append(part.message_id)
    return [
        NoticeTrace(
            notice_id=row.id,
            event_seq=row.event_seq,
            route=Route(row.route),
            kind=NoticeKind(row.kind),
            state=NoticeState(row.state),
            cl_ord_id=row.cl_ord_id,
            recipient_tail=recipient_tail(row.recipient),
            text=row.text,
            event_ns=row.event_ns,
            planned_ns=row.planned_ns,
            sent_ns=row.sent_ns,
            receipt_ns=row.receipt_ns,
            receipt_state=ReceiptState(row.receipt_state) if row.receipt_state else None,
            attempts=row.attempts,
            message_ids=tuple(message_ids[row.id]),
            reason=row.reason,
        )
        for row in rows
    ]
