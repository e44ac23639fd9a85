"""T+1 and T+0: what bought today may be sold today, and which cash may leave.

Vectorised over int64 of shape (n,). Shares of stocks and most funds settle overnight: bought today
they are sellable on the next trading day. Sale proceeds buy at once and may be withdrawn on the
next trading day. Sources: SSE file cpxx0201 status 10, SZSE DayTrading (per listing), config
(per board). Not here: the positions themselves (risk.book).
"""

import numpy as np

from risk.domain.fixedpoint import I64, BoolArray
from risk.market.rulebook import DayRules


def is_same_day(board: I64, is_t0: BoolArray, rules: DayRules) -> BoolArray:
    """Return where shares bought today may be sold today: by the listing's flag or its board."""
    same_day: BoolArray = is_t0 | rules.is_t0[board]
    return same_day


def sellable_at_once(board: I64, is_t0: BoolArray, bought_qty: I64, rules: DayRules) -> I64:
    """Return how many of the shares bought today are sellable today: all or none."""
    sellable: I64 = np.where(is_same_day(board, is_t0, rules), bought_qty, 0)
    return sellable


def withdrawable_e4(cash_e4: I64, frozen_e4: I64, proceeds_today_e4: I64) -> I64:
    """Return the cash that may leave today: free and not from today's sales, never below 0."""
    free: I64 = np.maximum(cash_e4 - frozen_e4 - proceeds_today_e4, 0)
    return free
