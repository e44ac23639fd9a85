"""House rules: kill switches, an account trading with itself, the same order twice.

Kill switches stop new orders, never a cancel.
"""

import numpy as np

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment
from risk.domain.enums import OrdStatus
from risk.domain.fixedpoint import I64, BoolArray
from risk.domain.ids import NS

_ENDED = (OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED)


def firm_killed(batch: OrderBatch, book: AccountBook, moment: Moment) -> bool:
    """The firm's switch is on."""
    return book.is_firm_killed


def branch_killed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The switch of the account's branch is on."""
    return book.branches.is_killed[book.accounts.branch_row[batch.account_row]]


def account_killed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The account's switch is on."""
    return book.accounts.is_killed[batch.account_row]


def instrument_killed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The instrument's switch is on."""
    return book.instruments.is_killed[batch.instrument_row]


def crosses_own_order(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """A buy at or above an own live sell, or a sell at or below an own live buy."""
    positions, row = book.positions, batch.position_row
    highest_buy_e4, lowest_sell_e4 = positions.highest_buy_e4[row], positions.lowest_sell_e4[row]
    buy_crosses = batch.is_buy & (lowest_sell_e4 > 0) & (batch.price_e4 >= lowest_sell_e4)
    return buy_crosses | (~batch.is_buy & (batch.price_e4 <= highest_buy_e4))


def repeats_order(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray | bool:
    """Same account, symbol, side, quantity and price as an order of a moment ago.

    An order of the future (the clock was set back) is none of a moment ago.
    An order that was cancelled or rejected since does not count: to enter it again is meant.
    """
    newest = book.positions.newest_order[batch.position_row]
    accepted_ns = book.orders.accepted_ns[newest]
    is_recent = (accepted_ns > _since_ns(moment)) & (accepted_ns <= moment.now_ns)
    candidates: I64 = np.flatnonzero(is_recent & (newest > 0))
    if not len(candidates):
        return False
    broken = np.zeros(len(newest), np.bool_)
    for i in candidates.tolist():
        broken[i] = _equal_order(batch, book, moment, i) > 0
    return broken


def wait_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the whole seconds after which the order may be placed again."""
    row = _equal_order(batch, book, moment, i)
    left_ns = book.orders.at.accepted_ns[row] - _since_ns(moment)
    return {"wait_s": -(-int(left_ns) // NS)}


def _since_ns(moment: Moment) -> int:
    return moment.now_ns - moment.house.duplicate_window_s * NS


def _equal_order(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> int:
    """Return the row of the newest equal order inside the window, 0 when there is none."""
    at, since_ns = book.orders.at, _since_ns(moment)
    asked = int(batch.side[i]), int(batch.qty[i]), int(batch.price_e4[i])
    row = book.positions.at.newest_order[batch.position_row[i]]
    while row and at.accepted_ns[row] > since_ns:
        if (at.side[row], at.qty[row], at.price_e4[row]) == asked and (
            at.ord_status[row] not in _ENDED
        ):
            return int(row)
        row = at.older_of_position[row]
    return 0
