"""The outbox's frequent SQL, built once: building a statement costs more than running it.

States that choose a partial index are literals, because a bound value cannot choose one.
Not here: when they run (notify.outbox, notify.receipts).
"""

from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from notify.notices import OPEN_STATE_MAX, NoticeState
from notify.tables import notices, parts, strays

REASON_CHARS_MAX: Final = 200


def _literal(state: NoticeState) -> ColumnElement[int]:
    return literal_column(str(int(state)))


_n = notices.c
_here = _n.route == bindparam("its_route")
_now_ns: BindParameter[int] = bindparam("now_ns")
IS_OPEN: Final = _n.state <= _literal(OPEN_STATE_MAX)
IS_DEAD: Final = _n.state == _literal(NoticeState.DEAD)
_is_leased = _n.state == _literal(NoticeState.SENDING)
_is_idle = or_(
    _n.state.in_((NoticeState.WAITING, NoticeState.UNKNOWN)),
    and_(_n.state == NoticeState.SENDING, _n.lease_until_ns <= _now_ns),
)
_earlier = notices.alias("earlier")
_ahead_in_line = exists().where(
    _earlier.c.route == _n.route,
    _earlier.c.recipient == _n.recipient,
    _earlier.c.state <= _literal(OPEN_STATE_MAX),
    _earlier.c.event_seq < _n.event_seq,
)


def _dead_because(reason: str) -> dict[str, object]:
    """Values of a row that is given up; the reason of its last attempt stays readable."""
    return {
        "state": NoticeState.DEAD,
        "reason": func.substr(reason + ":" + _n.reason, 1, REASON_CHARS_MAX),
        "lease_owner": "",
        "lease_until_ns": 0,
    }


BURY_EXPIRED: Final = (
    update(notices)
    .where(_here, IS_OPEN, _n.expires_ns <= _now_ns, _is_idle)
    .values(_dead_because("expired"))
)
BURY_USED_UP: Final = (
    update(notices)
    .where(_n.id.in_(bindparam("ids", expanding=True)))
    .values(_dead_because("attempts_used_up"))
)
# the order of an index: a limited search ends early, whatever waits behind
DUE: Final = (
    select(_n.id, _n.attempts)
    .where(_here, IS_OPEN, _n.due_ns <= _now_ns, _is_idle, ~_ahead_in_line)
    .order_by(_n.due_ns, _n.event_seq)
    .limit(bindparam("count"))
)
LEASE: Final = (
    update(notices)
    .where(_n.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=NoticeState.SENDING,
        lease_owner=bindparam("owner"),
        lease_until_ns=bindparam("until_ns"),
        lease_no=_n.lease_no + 1,
        attempts=_n.attempts + 1,
    )
    .returning(notices)
)
NEXT_DUE: Final = select(func.min(_n.due_ns)).where(_here, IS_OPEN, _n.due_ns > _now_ns)
NEXT_LEASE_END: Final = select(func.min(_n.lease_until_ns)).where(_here, _is_leased)
HELD: Final = select(_n.id, _n.lease_no).where(
    _n.id.in_(bindparam("ids", expanding=True)), _n.state == NoticeState.SENDING
)
SETTLE: Final = (
    update(notices)
    .where(_n.id == bindparam("its_id"))
    .values(
        state=bindparam("new_state"),
        due_ns=bindparam("new_due_ns"),
        reason=bindparam("new_reason"),
        sent_ns=bindparam("new_sent_ns"),
        attempts=_n.attempts - bindparam("uncounted"),
        lease_owner="",
        lease_until_ns=0,
    )
)

_new_part = insert(parts).values(
    notice_id=bindparam("notice_id"),
    part_no=bindparam("part_no"),
    message_id=bindparam("message_id"),
)
KEEP_ID: Final = _new_part.on_conflict_do_update(
    index_elements=["notice_id", "part_no"],
    set_={"message_id": _new_part.excluded.message_id},
    where=parts.c.message_id == "",
)
KEEP_PLACE: Final = _new_part.on_conflict_do_nothing()
PART_IDS: Final = (
    select(parts.c.notice_id, parts.c.message_id)
    .where(parts.c.notice_id.in_(bindparam("ids", expanding=True)))
    .order_by(parts.c.notice_id, parts.c.part_no)
)

_with_recipient = select(parts, _n.recipient).join(notices, _n.id == parts.c.notice_id)
PARTS_BY_ID: Final = _with_recipient.where(parts.c.message_id.in_(bindparam("ids", expanding=True)))
PARTS_UNKNOWN: Final = _with_recipient.where(IS_OPEN, parts.c.message_id == "")
PARTS_OF: Final = (
    select(parts).where(parts.c.notice_id == bindparam("its_id")).order_by(parts.c.part_no)
)
NAME_PART: Final = (
    update(parts)
    .where(parts.c.notice_id == bindparam("its_id"), parts.c.part_no == bindparam("its_no"))
    .values(message_id=bindparam("new_id"))
)
RECEIPT_OF_PART: Final = (
    update(parts)
    .where(parts.c.notice_id == bindparam("its_id"), parts.c.part_no == bindparam("its_no"))
    .values(
        receipt_state=bindparam("new_state"),
        receipt_ns=bindparam("new_ns"),
        receipt_error=bindparam("new_error"),
    )
)
RECEIPT_OF_NOTICE: Final = (
    update(notices)
    .where(_n.id == bindparam("its_id"))
    .values(receipt_state=bindparam("new_state"), receipt_ns=bindparam("new_ns"))
    .returning(_n.sent_ns)
)
_missing = select(parts.c.part_no).where(
    parts.c.notice_id == bindparam("its_id"), parts.c.message_id == ""
)
CLOSE_COMPLETE: Final = (
    update(notices)
    .where(
        _n.id == bindparam("its_id"),
        _n.state.in_((NoticeState.UNKNOWN, NoticeState.WAITING)),
        ~_missing.exists(),
    )
    .values(state=NoticeState.SENT, sent_ns=bindparam("new_ns"), reason="")
)
ANY_STRAY: Final = select(strays.c.id).limit(1)
STRAYS_BY_ID: Final = (
    select(strays)
    .where(strays.c.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(strays.c.at_ns)
)
