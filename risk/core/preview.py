"""What the rules would say to an order that nobody has submitted: some checks, nothing written.

A door that takes an order field by field asks after each field what the rules would deny anyway,
by the very checks that decide later. Not here: deciding (risk.core.orders); the answer may have
changed by then.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from risk.book.account_book import AccountBook
from risk.checks.batch import order_batch
from risk.checks.check import Check, run
from risk.checks.moment import Moment
from risk.checks.rulesets import CHECKS
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Side
from risk.domain.reasons import ReasonCode as R
from risk.market.fees import buy_fees_max

# Reasons that are certain once this much of an order is known, in the order they are told.
SECURITY_REASONS: Final = frozenset(
    {
        *(R.ACCOUNT_UNKNOWN, R.SYMBOL_UNKNOWN, R.DAY_NOT_STARTED, R.NO_RULES_FOR_DAY),
        *(R.KILL_SWITCH_FIRM, R.KILL_SWITCH_BRANCH, R.KILL_SWITCH_ACCOUNT),
        *(R.KILL_SWITCH_INSTRUMENT, R.INSTRUMENT_HALTED, R.MARKET_CLOSED),
    }
)
PRICE_REASONS: Final = frozenset(
    {
        *(R.PRICE_NOT_POSITIVE, R.PRICE_TOO_LARGE, R.OFF_TICK),
        *(R.ABOVE_LIMIT_UP, R.BELOW_LIMIT_DOWN, R.OUTSIDE_PRICE_CAGE),
    }
)
QTY_REASONS: Final = frozenset(
    {
        *(R.QTY_NOT_POSITIVE, R.QTY_TOO_LARGE, R.ABOVE_MAX_QTY, R.OFF_LOT, R.BELOW_MIN_QTY),
        *(R.ODD_LOT_SPLIT, R.BUYING_POWER, R.SELLABLE_QTY),
    }
)


class Broken(NamedTuple):
    """A rule the order would break, with the figures that the reason's text names."""

    reason: R
    detail: dict[str, int]


def first_broken(
    book: AccountBook, moment: Moment, order: SubmitOrder, asked: frozenset[R]
) -> Broken | None:
    """Return the first of the `asked` rules that the order would break now, None when none.

    Fields that are not known yet may hold anything when no rule asked is about them. Without
    rules for the day only those about the account, the symbol and the day itself are asked.
    """
    checks = _asked(asked, has_rules=moment.rules is not None)
    batch = order_batch(book, moment, [order], [book.accounts.row_of(order.account_no)])
    verdict = run(checks, (), batch, book, moment)
    if verdict.is_clean:
        return None
    check = checks[verdict.first[0]]
    return Broken(check.reason, check.detail(batch, book, moment, 0))


def _asked(asked: frozenset[R], has_rules: bool) -> Sequence[Check]:
    known = asked if has_rules else asked & SECURITY_REASONS
    return [check for check in CHECKS if check.reason in known]


def most_qty(book: AccountBook, moment: Moment, order: SubmitOrder) -> int:
    """Return the largest quantity the account could buy or sell at the order's price, 0 if none.

    Of a buy: whole lots that free cash pays for with the highest fees, at most one order's most.
    """
    account_row = book.accounts.row_of(order.account_no)
    instrument_row = book.instruments.row_of(order.symbol)
    rules = moment.rules
    if not account_row or not instrument_row or rules is None:
        return 0
    if order.side == Side.SELL:
        return int(
            book.positions.at.sellable_qty[book.positions.row_of(account_row, instrument_row)]
        )
    board = moment.listing.board[instrument_row]
    lot, least = int(rules.lot_qty[board]), int(rules.min_qty[board])
    free_e4, price_e4 = book.accounts.free_e4(account_row), order.price_e4
    if price_e4 <= 0:
        return 0
    # Fees only grow with the quantity: what they are at the upper bound is enough to leave aside.
    qty = min(max(free_e4, 0) // price_e4, int(rules.max_qty[board])) // lot * lot
    boards = np.array([board], np.int64)
    while qty >= least:
        notional_e4 = qty * price_e4
        fees_e4 = int(buy_fees_max(boards, np.array([notional_e4], np.int64), rules)[0])
        over_e4 = notional_e4 + fees_e4 - free_e4
        if over_e4 <= 0:
            return qty
        qty -= max(lot, over_e4 // price_e4 // lot * lot)
    return 0
