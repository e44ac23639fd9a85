"""Delivery receipts against the parts they belong to: early, late, repeated, in several forms.

A receipt finds its part by message id (as given, or the same number in the other of decimal and
hexadecimal), else by the reference we gave the part. One that finds nothing yet is kept and tried
when an id becomes known. Not here: the SMPP text form (notify.transports.smpp.receipt_text).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from notify.notices import ReceiptState
from notify.statements import (
    ANY_STRAY,
    CLOSE_COMPLETE,
    KEEP_ID,
    KEEP_PLACE,
    NAME_PART,
    PARTS_BY_ID,
    PARTS_OF,
    PARTS_UNKNOWN,
    RECEIPT_OF_NOTICE,
    RECEIPT_OF_PART,
    STRAYS_BY_ID,
)
from notify.tables import strays
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
    return _write(connection, part, receipt)


def keep_parts(connection: Connection, known: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Write what is known of the parts of notices, and apply receipts that came before.

    A known id is never overwritten by an unknown one ("").
    """
    rows: list[dict[str, Any]] = [
        {"notice_id": notice_id, "part_no": part_no, "message_id": message_id}
        for notice_id, part_ids in known
        for part_no, message_id in enumerate(part_ids)
    ]
    named = [row for row in rows if row["message_id"]]
    if named:
        connection.execute(KEEP_ID, named)
    if len(named) < len(rows):
        connection.execute(KEEP_PLACE, [row for row in rows if not row["message_id"]])
    if named and connection.execute(ANY_STRAY).first() is not None:
        for row in named:
            _match_strays(connection, row["notice_id"], row["message_id"])


def _match_strays(connection: Connection, notice_id: int, message_id: str) -> None:
    """Apply receipts that came before `message_id` was known to be a part of the notice."""
    for row in connection.execute(STRAYS_BY_ID, {"ids": id_variants(message_id)}).all():
        receipt = _receipt(row)
        part = _part_of(connection, receipt)
        if part is not None and part.notice_id == notice_id:
            _write(connection, part, receipt)
            connection.execute(delete(strays).where(strays.c.id == row.id))


def record_late_answer(connection: Connection, answer: LateAnswer, at_ns: int) -> bool:
    """Write an id that came after its attempt was given up; True when the notice is now sent."""
    ids = [""] * answer.part_count
    ids[answer.part_no] = answer.message_id
    keep_parts(connection, [(answer.notice_id, ids)])
    return _sent_when_complete(connection, answer.notice_id, at_ns)


def _part_of(connection: Connection, receipt: Receipt) -> Any:
    """Find the part: same id; other spelling and same recipient; our reference and recipient."""
    digits = _digits(receipt.recipient)
    if receipt.message_id:
        variants = id_variants(receipt.message_id)
        rows = connection.execute(PARTS_BY_ID, {"ids": variants}).all()
        for row in sorted(rows, key=lambda row: variants.index(row.message_id)):
            is_same = row.message_id == receipt.message_id
            if _digits(row.recipient) == digits or (is_same and not digits):
                return row
    if receipt.reference and digits:
        for row in connection.execute(PARTS_UNKNOWN):
            is_its = part_reference(row.notice_id, row.part_no) == receipt.reference
            if is_its and _digits(row.recipient) == digits:
                return row
    return None


def _write(connection: Connection, part: Any, receipt: Receipt) -> Matched | None:
    its = {"its_id": part.notice_id, "its_no": part.part_no}
    if not part.message_id and receipt.message_id:
        connection.execute(NAME_PART, its | {"new_id": receipt.message_id})
        _sent_when_complete(connection, part.notice_id, receipt.at_ns)
    if rank(receipt.state) <= rank(part.receipt_state):
        return None
    told = {
        "new_state": receipt.state,
        "new_ns": receipt.at_ns,
        "new_error": receipt.error[:ERROR_CHARS_MAX],
    }
    connection.execute(RECEIPT_OF_PART, its | told)
    rows = connection.execute(PARTS_OF, its).all()
    state = overall([row.receipt_state for row in rows])
    if state is None:
        return None
    told = {"its_id": part.notice_id, "new_state": state, "new_ns": receipt.at_ns}
    sent_ns = connection.scalars(RECEIPT_OF_NOTICE, told).one()
    return Matched(part.notice_id, state, state in _FINAL, sent_ns)


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
    its = {"its_id": notice_id, "new_ns": at_ns}
    return connection.execute(CLOSE_COMPLETE, its).rowcount == 1


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
