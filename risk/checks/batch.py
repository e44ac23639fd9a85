"""A wave of orders as columns, and the cutting of a batch into waves.

Not here: the rules (the other modules of this package).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.columns import NOBODY
from risk.checks.moment import Moment
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Side
from risk.domain.fixedpoint import I64, PRICE_E4_MAX, QTY_MAX, BoolArray
from risk.market.fees import buy_fees_max
from risk.market.rulebook import DayRules
from risk.market.ticks_lots import buy_qty_broken, qty_broken

BARRIER: Final = -1  # in waves: a command that concerns more than one account
_FOREIGN: Final = -1  # branch row of a door whose branch nobody knows
_INT64_MAX: Final = 2**63 - 1
_BUY: Final = int(Side.BUY)


def waves(account_rows: Iterable[int]) -> Iterator[list[int]]:
    """Cut a batch: yield the account rows of the next wave, no account twice in it.

    Inside a wave every check may read the book as it stood at the wave's start: nothing that
    happens in it to another account changes the answer. So a batch decides exactly as one command
    at a time. A wave is a run of neighbours, so that events also get their numbers in that order.
    NOBODY (0) may occur any number of times, a BARRIER is a wave by itself. Rows are drawn as they
    are needed: the caller applies a wave before it asks for the next.
    """
    wave: list[int] = []
    seen: set[int] = set()
    for row in account_rows:
        if row == BARRIER or row in seen:
            if wave:
                yield wave
            wave = []
            seen.clear()
            if row == BARRIER:
                yield [row]
                continue
        if row != NOBODY:
            seen.add(row)
        wave.append(row)
    if wave:
        yield wave


class OrderBatch(NamedTuple):
    """Orders of different accounts as int64 columns of shape (n,), rows 0 where unknown.

    `need_e4` is what a buy freezes, fees included, 0 for a sell; `lots` where OFF_LOT,
    BELOW_MIN_QTY and ODD_LOT_SPLIT are broken. Columns that several checks read are here once.
    """

    side: I64
    qty: I64
    price_e4: I64
    ord_type: I64
    time_in_force: I64
    account_row: I64
    door_branch_row: I64
    instrument_row: I64
    position_row: I64
    board: I64
    is_buy: BoolArray
    need_e4: I64
    sellable_qty: I64
    limit_down_e4: I64
    limit_up_e4: I64
    lots: tuple[BoolArray, BoolArray, BoolArray]


def order_batch(
    book: AccountBook, moment: Moment, orders: Sequence[SubmitOrder], account_rows: Sequence[int]
) -> OrderBatch:
    """Return the columns of orders whose account rows are known."""
    instrument_row = np.array(
        list(map(book.instruments.rows.get, [o.symbol for o in orders], repeat(NOBODY))), np.int64
    )
    account_row = np.array(account_rows, np.int64)
    return columns_batch(
        book,
        moment,
        side=_codes([o.side for o in orders]),
        qty=_column([o.qty for o in orders]),
        price_e4=_column([o.price_e4 for o in orders]),
        ord_type=_codes([o.ord_type for o in orders]),
        time_in_force=_codes([o.time_in_force for o in orders]),
        account_row=account_row,
        door_branch_row=_door_branch_row(book, orders),
        instrument_row=instrument_row,
    )


def columns_batch(
    book: AccountBook,
    moment: Moment,
    *,
    side: I64,
    qty: I64,
    price_e4: I64,
    ord_type: I64,
    time_in_force: I64,
    account_row: I64,
    door_branch_row: I64,
    instrument_row: I64,
) -> OrderBatch:
    """Return the batch of plain columns: adds what follows from them, the book and the moment."""
    board = moment.listing.board[instrument_row]
    is_buy: BoolArray = side == _BUY
    bounded_qty = np.minimum(np.maximum(qty, 0), QTY_MAX)  # the product stays inside int64
    notional_e4 = bounded_qty * np.minimum(np.maximum(price_e4, 0), PRICE_E4_MAX)
    position_row = book.positions.rows_of(account_row, instrument_row)
    sellable_qty = book.positions.sellable_qty[position_row]
    if moment.rules is None:
        need_e4, lots = notional_e4, (is_buy, is_buy, is_buy)  # never asked: NO_RULES_FOR_DAY
    else:
        need_e4 = (notional_e4 + buy_fees_max(board, notional_e4, moment.rules)) * is_buy
        lots = _lots(board, side, qty, sellable_qty, is_buy, moment.rules)
    limit_down_e4, limit_up_e4 = _limits(moment, board, instrument_row)
    return OrderBatch(
        side,
        qty,
        price_e4,
        ord_type,
        time_in_force,
        account_row,
        door_branch_row,
        instrument_row,
        position_row,
        board,
        is_buy,
        need_e4,
        sellable_qty,
        limit_down_e4,
        limit_up_e4,
        lots,
    )


def _lots(
    board: I64, side: I64, qty: I64, sellable_qty: I64, is_buy: BoolArray, rules: DayRules
) -> tuple[BoolArray, BoolArray, BoolArray]:
    if np.count_nonzero(is_buy) < len(is_buy):
        return qty_broken(board, side, qty, sellable_qty, rules)
    return *buy_qty_broken(board, qty, rules), ~is_buy  # only sells have odd lots


def _limits(moment: Moment, board: I64, row: I64) -> tuple[I64, I64]:
    listing = moment.listing
    down_e4, up_e4 = listing.limit_down_e4[row], listing.limit_up_e4[row]
    if moment.is_any_call:
        is_call = moment.is_call[board]
        down_e4 = np.where(is_call, listing.call_down_e4[row], down_e4)
        up_e4 = np.where(is_call, listing.call_up_e4[row], up_e4)
    return down_e4, up_e4


def _codes(values: Sequence[int]) -> I64:
    """Return enum members as a column; by way of bytes NumPy reads them four times faster."""
    try:
        return np.frombuffer(bytes(values), np.uint8).astype(np.int64)
    except ValueError:  # no code at all: below 0 or above 255
        return _column(values)


def _column(values: Sequence[int]) -> I64:
    try:
        return np.array(values, np.int64)
    except OverflowError:  # beyond int64 is beyond every limit: the shape checks say so
        bounded = [max(-_INT64_MAX, min(int(value), _INT64_MAX)) for value in values]
        return np.array(bounded, np.int64)


def _door_branch_row(book: AccountBook, orders: Sequence[SubmitOrder]) -> I64:
    rows = book.branches.rows
    codes = [o.branch_code for o in orders]
    if not any(codes):
        return np.zeros(len(codes), np.int64)
    return np.array([rows.get(code, _FOREIGN) if code else NOBODY for code in codes], np.int64)
