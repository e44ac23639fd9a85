"""Price steps and quantities: ticks, lots, least and most quantity, odd lots on the sell side.

All functions are vectorised: `board`, `side`, `qty`, `holding_qty`, `price_e4` are int64 of shape
(n,) holding enum codes, shares and 1/10,000 yuan; results are bool of shape (n,), True = broken.
`holding_qty` is what the account may sell now, before this order. Sources: SSE and SZSE rules
3.3.8 and 3.3.9, STAR 6.1.7, BSE 3.3.x (figures: config/markets). Not here: whether the account
holds enough.
"""

import numpy as np

from risk.domain.enums import Side
from risk.domain.fixedpoint import I64, BoolArray
from risk.market.rulebook import DayRules


def off_tick(board: I64, price_e4: I64, rules: DayRules) -> BoolArray:
    """Return where the price is no multiple of the tick (OFF_TICK)."""
    broken: BoolArray = price_e4 % rules.tick_e4[board] != 0
    return broken


def above_max_qty(board: I64, qty: I64, rules: DayRules) -> BoolArray:
    """Return where one order is too large (ABOVE_MAX_QTY)."""
    broken: BoolArray = qty > rules.max_qty[board]
    return broken


def odd_qty(board: I64, holding_qty: I64, rules: DayRules) -> I64:
    """Return the odd lot of a holding: the part below a lot, which is sold whole or not at all.

    Boards that count in single shares (STAR, BSE) have an odd lot only when the whole holding is
    below the least quantity.
    """
    lot, least = rules.lot_qty[board], rules.min_qty[board]
    odd: I64 = np.where(lot > 1, holding_qty % lot, np.where(holding_qty < least, holding_qty, 0))
    return odd


def buy_qty_broken(board: I64, qty: I64, rules: DayRules) -> tuple[BoolArray, BoolArray]:
    """Return where a buy breaks the lot (OFF_LOT) and the least quantity (BELOW_MIN_QTY)."""
    return qty % rules.lot_qty[board] != 0, qty < rules.min_qty[board]


def sell_qty_broken(
    board: I64, qty: I64, holding_qty: I64, rules: DayRules
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return where a sell breaks OFF_LOT, BELOW_MIN_QTY and ODD_LOT_SPLIT, at most one of them.

    With 299 shares of a main-board stock 99, 100, 199, 200 and 299 are right; 1, 101, 198 and 298
    split the odd lot of 99. Without an odd lot a wrong quantity breaks the lot instead.
    """
    lot, least = rules.lot_qty[board], rules.min_qty[board]
    odd = odd_qty(board, holding_qty, rules)
    is_round = (qty % lot == 0) & (qty >= least)
    takes_odd = (odd > 0) & np.where(lot > 1, qty % lot == odd, qty == odd)
    is_wrong = ~is_round & ~takes_odd
    splits = is_wrong & (odd > 0)
    is_off_lot = is_wrong & ~splits & (qty % lot != 0)
    return is_off_lot, is_wrong & ~splits & ~is_off_lot, splits


def qty_broken(
    board: I64, side: I64, qty: I64, holding_qty: I64, rules: DayRules
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return OFF_LOT, BELOW_MIN_QTY and ODD_LOT_SPLIT for orders of both sides."""
    is_buy = side == Side.BUY
    buy_off, buy_below = buy_qty_broken(board, qty, rules)
    sell_off, sell_below, splits = sell_qty_broken(board, qty, holding_qty, rules)
    return (
        np.where(is_buy, buy_off, sell_off),
        np.where(is_buy, buy_below, sell_below),
        splits & ~is_buy,
    )
