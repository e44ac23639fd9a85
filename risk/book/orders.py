"""The orders of one trading day, found by row or by ClOrdID(11).

Orders and cancel requests share the day's number sequence, so a ClOrdID is an index and needs no
dictionary: "261123000042" is number 42 of 2026-11-23. Not here: which event may change an order
(risk.core.reports), its cash and shares (risk.core.apply).
"""

from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import ClassVar, Final

import numpy as np

from risk.book.columns import (
    I8,
    I32,
    I64,
    ColumnTable,
    Flags,
    Image,
    ImageValue,
    texts_digest,
    texts_image,
    texts_load,
)
from risk.book.executions import Executions

_NUMBER_DIGITS_MIN: Final = 6
_PREFIX_LENGTH: Final = 6  # yymmdd


class OrderColumns:
    """One row per order. An order is open while `leaves_qty` is above 0."""

    account_row: I32
    instrument_row: I32
    position_row: I32
    order_no: I32
    side: I8
    ord_type: I8
    time_in_force: I8
    channel: I8
    ord_status: I8
    is_routed: Flags  # handed to a FIX session; False means "ask", never "send again"
    is_resent: Flags  # handed over again with PossResend(97)=Y
    is_reported: Flags  # the venue has said something about it
    is_cancel_routed: Flags  # the outstanding cancel request was handed to a FIX session
    qty: I32
    leaves_qty: I32
    cum_qty: I32
    status_cum_qty: I32  # CumQty(14) up to which a status answer filled us in
    price_e4: I64
    reserved_e4: I64  # cash still frozen for a buy
    turnover_e4: I64
    commission_e4: I64
    stamp_duty_e4: I64
    transfer_fee_e4: I64
    accepted_ns: I64
    updated_ns: I64
    cancel_no: I32  # number of the outstanding cancel request, 0 when there is none
    older_of_account: I32
    older_of_position: I32
    next_live: I32  # of the same position; 0 at the end
    previous_live: I32
    newest_execution: I32


class DayOrders(OrderColumns, ColumnTable[OrderColumns]):
    """Orders of the day whose ClOrdIDs begin with `prefix` (yymmdd), and their executions."""

    COLUMNS: ClassVar[type[OrderColumns]] = OrderColumns

    def __init__(self, day: int = 0, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.day = day
        self.prefix = f"{day % 1_000_000:06d}"
        self.order_id = [""]
        self.text = [""]  # what the venue said last
        self.executions = Executions()
        self._row_of_number = array("i", [0])  # below 0: a cancel request of that order

    @property
    def next_number(self) -> int:
        """Number of the next order or cancel request."""
        return len(self._row_of_number)

    def cl_ord_id(self, number: int) -> str:
        """Return the ClOrdID(11) of a number (as risk.domain.ids.cl_ord_id)."""
        return self.prefix + str(number).zfill(_NUMBER_DIGITS_MIN)  # twice as fast as a format

    def find(self, cl_ord_id: str) -> int:
        """Return an order's row; below 0 the row of the order a cancel request is about; or 0."""
        digits = cl_ord_id[_PREFIX_LENGTH:]
        if not cl_ord_id.startswith(self.prefix) or len(digits) < _NUMBER_DIGITS_MIN:
            return 0
        if not (digits.isascii() and digits.isdecimal()):
            return 0
        if len(digits) > _NUMBER_DIGITS_MIN and (digits[0] == "0" or len(digits) > 9):
            return 0  # not how we write a number
        number = int(digits)
        return self._row_of_number[number] if number < len(self._row_of_number) else 0

    def own_row(self, cl_ord_id: str) -> int:
        """Return what `find` returns for a ClOrdID that is known to be ours and of this day."""
        return self._row_of_number[int(cl_ord_id[_PREFIX_LENGTH:])]

    def add(self, number: int) -> int:
        """Add an order with the next number and return its row; the caller writes the columns."""
        assert number == len(self._row_of_number), f"number {number} out of turn"
        row = self.add_row()
        self._row_of_number.append(row)
        self.order_id.append("")
        self.text.append("")
        self.at.order_no[row] = number
        return row

    def add_cancel(self, number: int, row: int) -> None:
        """Give a cancel request of an order the next number."""
        assert number == len(self._row_of_number), f"number {number} out of turn"
        self._row_of_number.append(-row)
        self.at.cancel_no[row] = number

    def of_account(self, newest: int) -> Iterator[int]:
        """Yield rows from an account's newest order of the day to its first."""
        while newest:
            yield newest
            newest = self.at.older_of_account[newest]

    def open_rows(self) -> list[int]:
        """Return the rows of all open orders, oldest first."""
        return [int(row) for row in np.flatnonzero(self.leaves_qty[: self.count])]

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows, keys and executions to a hash."""
        digest.update(self.prefix.encode())
        super().digest_into(digest, schema)
        digest.update(memoryview(self._row_of_number))
        texts_digest(digest, self.order_id)
        texts_digest(digest, self.text)
        self.executions.digest_into(digest, schema)

    def image(self, prefix: str) -> Image:
        """Return columns, keys and executions."""
        return (
            super().image(prefix)
            | texts_image(f"{prefix}.order_id", self.order_id)
            | texts_image(f"{prefix}.text", self.text)
            | {f"{prefix}.day": self.day, f"{prefix}.numbers": self._row_of_number.tobytes()}
            | self.executions.image(f"{prefix}.executions")
        )

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns, keys and executions of an image."""
        super().load(prefix, image)
        day, numbers = image[f"{prefix}.day"], image[f"{prefix}.numbers"]
        assert isinstance(day, int), prefix
        assert isinstance(numbers, bytes), prefix
        self.day = day
        self.prefix = f"{day % 1_000_000:06d}"
        self.order_id = texts_load(f"{prefix}.order_id", image)
        self.text = texts_load(f"{prefix}.text", image)
        self._row_of_number = array("i")
        self._row_of_number.frombytes(numbers)
        self.executions.load(f"{prefix}.executions", image)
