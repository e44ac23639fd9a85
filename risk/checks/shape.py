"""Is it an order at all: side, type, quantity, price, a known account and symbol, a started day.

Orders that fail here are asked nothing further, so the other checks may trust their columns.
"""

from typing import Final

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.columns import NOBODY
from risk.checks.batch import OrderBatch
from risk.checks.moment import UNTRADED_BOARDS, Moment
from risk.domain.enums import OrdType, Side, TimeInForce
from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX, BoolArray
from risk.market.rulebook import BOARDS

# Plain integers: NumPy compares with an enum member far slower.
SELL: Final = int(Side.SELL)
LIMIT: Final = int(OrdType.LIMIT)
DAY: Final = int(TimeInForce.DAY)
_IS_UNTRADED: Final = np.isin(np.arange(BOARDS), UNTRADED_BOARDS)


def side_unknown(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Neither buy nor sell."""
    broken: BoolArray = ~batch.is_buy & (batch.side != SELL)
    return broken


def ord_type_not_allowed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Only limit orders are taken."""
    broken: BoolArray = batch.ord_type != LIMIT
    return broken


def time_in_force_not_allowed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Only day orders are taken."""
    broken: BoolArray = batch.time_in_force != DAY
    return broken


def qty_not_positive(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Nothing, or less."""
    return batch.qty <= 0


def qty_too_large(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Larger than any order may be."""
    return batch.qty > QTY_MAX


def price_not_positive(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """No price, or below."""
    return batch.price_e4 <= 0


def price_too_large(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Higher than any price may be."""
    return batch.price_e4 > PRICE_E4_MAX


def account_unknown(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """No such account."""
    broken: BoolArray = batch.account_row == NOBODY
    return broken


def not_your_account(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The door belongs to a branch, the account to another."""
    door = batch.door_branch_row
    broken: BoolArray = (door != NOBODY) & (door != book.accounts.branch_row[batch.account_row])
    return broken


def symbol_unknown(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """No such symbol, or the code of an index, which nobody can trade."""
    return _IS_UNTRADED[batch.board]


def day_not_started(batch: OrderBatch, book: AccountBook, moment: Moment) -> bool:
    """The book's day is not the calendar's."""
    return not moment.is_day_started


def no_rules_for_day(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The rulebook does not know the day or the board."""
    return ~moment.listing.has_rules[batch.instrument_row]
