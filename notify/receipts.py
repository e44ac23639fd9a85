"""Delivery receipts against the parts they belong to: early, late, repeated, in several forms.

A receipt finds its part by message id (as given, or the same number in the other of decimal and
hexadecimal), else by the reference we gave the part. One that finds nothing yet is kept and tried
when an id becomes known. Not here: the SMPP text form (notify.transports.smpp.receipt_text).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from notify.notices import NoticeState, ReceiptState
from notify.tables import notices, parts, strays
from notify.transports.port import LateAnswer, Receipt, part_reference

STRAYS_MAX: Final = 10_000
ERROR_CHARS_MAX: Final = 32
_FINAL: Final = frozenset(
    {
        ReceiptState.DELIVERED,
        ReceiptState.EXPIRED,
        ReceiptState.DELETED,
        ReceiptState.UNDELIVERABLE,
        ReceiptState.REJECTED,
    }
)
_RANK: Final = {ReceiptState.ENROUTE: 1, ReceiptState.ACCEPTED: 2, ReceiptState.UNKNOWN: 3}
_FINAL_RANK: Final = 4


class Matched(NamedTuple):
    """A receipt that told something new about a notice; `is_complete` when every part is final."""

    notice_id: int
    state: ReceiptState
    is_complete: bool
    sent_ns: int


def rank(state: int) -> int:
    """Return how much a receipt state says; a lower or equal one never overwrites another."""
    if not state:
        return 0
    return _RANK.get(ReceiptState(state), _FINAL_RANK)


def id_variants(message_id: str) -> tuple[str, ...]:
    """Return the id and its other spellings: centres answer in hex and receipt in decimal.

    Padded forms are those in use: eight hexadecimal or ten decimal digits.
    """
    found = [message_id]
    if message_id.isascii() and message_id.isalnum():
        if message_id.isdigit():
            number = int(message_id)
            found += [f"{number:x}", f"{number:X}", f"{number:08x}", f"{number:08X}", str(number)]
        try:
            number = int(message_id, 16)
        except ValueError:
            return tuple(found)
        found += [str(number), f"{number:010}", f"{number:x}", f"{number:X}", f"{number:08X}"]
    return tuple(dict.fromkeys(found))


def record_receipt(connection: Connection, receipt: Receipt) -> Matched | None:
    """Write a receipt to its part, or keep it as a stray; None when it told nothing new."""
    part = _part_of(connection, receipt)
    if part is None:
        _keep_stray(connection, receipt)
        return None
    return _write(connection, part.notice_id, part.part_no, receipt)


def match_strays(connection: Connection, notice_id: int, message_id: str) -> None:
    """Apply receipts that came before `message_id` was known to be a part of the notice."""
    candidates = strays.c.message_id.in_(id_variants(message_id))
    for row in connection.execute(select(strays).where(candidates).order_by(strays.c.at_ns)).all():
        receipt = _receipt(row)
        part = _part_of(connection, receipt)
        if part is not None and part.notice_id == notice_id:
            _write(connection, part.notice_id, part.part_no, receipt)
            connection.execute(delete(strays).where(strays.c.id == row.id))


def record_late_answer(connection: Connection, answer: LateAnswer, at_ns: int) -> bool:
    """Write an id that came after its attempt was given up; True when the notice is now sent."""
    ids = [""] * answer.part_count
    ids[answer.part_no] = answer.message_id
    for part_no, message_id in enumerate(ids):
        row = insert(parts).values(
            notice_id=answer.notice_id, part_no=part_no, message_id=message_id
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
    match_strays(connection, answer.notice_id, answer.message_id)
    return _sent_when_complete(connection, answer.notice_id, at_ns)


def _part_of(connection: Connection, receipt: Receipt) -> Any:
    """Find the part: same id; other spelling and same recipient; our reference and recipient."""
    joined = select(parts, notices.c.recipient).join(notices, notices.c.id == parts.c.notice_id)
    digits = _digits(receipt.recipient)
    if receipt.message_id:
        for row in connection.execute(joined.where(parts.c.message_id == receipt.message_id)):
            if not digits or _digits(row.recipient) == digits:
                return row
        others = id_variants(receipt.message_id)[1:]
        for row in connection.execute(joined.where(parts.c.message_id.in_(others))):
            if digits and _digits(row.recipient) == digits:
                return row
    if receipt.reference and digits:
        unknown = joined.where(notices.c.state <= NoticeState.UNKNOWN, parts.c.message_id == "")
        for row in connection.execute(unknown):
            is_its = part_reference(row.notice_id, row.part_no) == receipt.reference
            if is_its and _digits(row.recipient) == digits:
                return row
    return None


def _write(
    connection: Connection, notice_id: int, part_no: int, receipt: Receipt
) -> Matched | None:
    its = (parts.c.notice_id == notice_id, parts.c.part_no == part_no)
    part = connection.execute(select(parts).where(*its)).one()
    if not part.message_id and receipt.message_id:
        connection.execute(update(parts).where(*its).values(message_id=receipt.message_id))
        _sent_when_complete(connection, notice_id, receipt.at_ns)
    if rank(receipt.state) <= rank(part.receipt_state):
        return None
    connection.execute(
        update(parts)
        .where(*its)
        .values(
            receipt_state=receipt.state,
            receipt_ns=receipt.at_ns,
            receipt_error=receipt.error[:ERROR_CHARS_MAX],
        )
    )
    rows = connection.execute(select(parts).where(parts.c.notice_id == notice_id)).all()
    state = overall([row.receipt_state for row in rows])
    if state is None:
        return None
    sent_ns = connection.scalars(
        update(notices)
        .where(notices.c.id == notice_id)
        .values(receipt_state=state, receipt_ns=receipt.at_ns)
        .returning(notices.c.sent_ns)
    ).one()
    return Matched(notice_id, state, state in _FINAL, sent_ns)


def overall(states: Sequence[int]) -> ReceiptState | None:
    """Return the state of a message from those of its parts (0: no receipt yet).

    One part that failed for good fails the message; it is delivered when every part is.
    """
    told = [ReceiptState(state) for state in states if state]
    failed = [state for state in told if state in _FINAL and state is not ReceiptState.DELIVERED]
    if failed:
        return failed[0]
    if len(told) < len(states):
        return None
    return min(told, key=rank, default=None)


def _sent_when_complete(connection: Connection, notice_id: int, at_ns: int) -> bool:
    """Close an open notice all of whose parts have an id; a running attempt settles itself."""
    missing = select(parts.c.part_no).where(
        parts.c.notice_id == notice_id, parts.c.message_id == ""
    )
    closed = connection.execute(
        update(notices)
        .where(
            notices.c.id == notice_id,
            notices.c.state.in_((NoticeState.UNKNOWN, NoticeState.WAITING)),
            ~missing.exists(),
        )
        .values(state=NoticeState.SENT, sent_ns=at_ns, reason="")
    )
    return closed.rowcount == 1


def _keep_stray(connection: Connection, receipt: Receipt) -> None:
    row = insert(strays).values(
        message_id=receipt.message_id,
        recipient=receipt.recipient,
        state=receipt.state,
        error=receipt.error[:ERROR_CHARS_MAX],
        reference=receipt.reference,
        at_ns=receipt.at_ns,
    )
    connection.execute(row.on_conflict_do_nothing())
    newest: int | None = connection.scalar(select(func.max(strays.c.id)))
    if newest is not None:
        connection.execute(delete(strays).where(strays.c.id <= newest - STRAYS_MAX))


def _receipt(row: Any) -> Receipt:
    return Receipt(
        row.message_id,
        row.recipient,
        ReceiptState(row.state),
        row.error,
        row.reference,
        row.at_ns,
    )


def _digits(recipient: str) -> str:
    return "".join(char for char in recipient if char.isdigit())
