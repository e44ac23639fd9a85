"""Daily price limits and the price cage of continuous trading.

All functions are vectorised: prices are int64 in 1/10,000 yuan, shape (n,), 0 = there is none.
Sources: SSE rules 3.3.13 to 3.3.17, SZSE rules 3.3.14 to 3.3.19 (rates: config/markets).
Not here: ticks (ticks_lots.py); temporary halts at large moves, which the venue announces.
"""

import numpy as np

from risk.domain.enums import Side
from risk.domain.fixedpoint import BP, I64, PRICE_E4_MAX, BoolArray
from risk.market.rulebook import NO_LIMIT, DayRules


def _half_up(price_e4: I64, bp: I64, tick_e4: I64) -> I64:
    """Return price * bp / 10,000 rounded HALF_UP to the tick; below 2**63 for every price."""
    step = tick_e4 * BP
    ticks: I64 = (2 * price_e4 * bp + step) // (2 * step)
    return ticks * tick_e4


def price_limits(
    prev_close_e4: I64,
    board: I64,
    status: I64,
    rules: DayRules,
    is_call: BoolArray | bool = False,
) -> tuple[I64, I64]:
    """Return (limit_down_e4, limit_up_e4): the lowest and highest price an order may have today.

    up = HALF_UP(prev * (1 + r), tick), down likewise with 1 - r; each at least one tick away from
    the previous close, and down at least one tick. On a no-limit day (ListingStatus.NO_LIMIT_DAY)
    the bounds are one tick and PRICE_E4_MAX, but in a call auction (`is_call`) the board's
    call-auction range.
    """
    tick, r_bp = rules.tick_e4[board], rules.limit_bp[board, status]
    up = np.maximum(_half_up(prev_close_e4, BP + r_bp, tick), prev_close_e4 + tick)
    down = np.minimum(_half_up(prev_close_e4, BP - r_bp, tick), prev_close_e4 - tick)
    is_free, highest = r_bp == NO_LIMIT, PRICE_E4_MAX // tick * tick
    if is_free.any():
        call_up = _half_up(prev_close_e4, rules.call_up_bp[board], tick)
        call_down = _half_up(prev_close_e4, rules.call_down_bp[board], tick)
        up = np.where(is_free, np.where(is_call, call_up, highest), up)
        down = np.where(is_free, np.where(is_call, call_down, tick), down)
    return np.maximum(down, tick), np.minimum(up, highest)


def cage_bounds(
    board: I64,
    side: I64,
    bid_e4: I64,
    ask_e4: I64,
    last_e4: I64,
    prev_close_e4: I64,
    rules: DayRules,
) -> I64:
    """Return the price a limit order may not pass in continuous trading (OUTSIDE_PRICE_CAGE).

    A buy may be at most max(base * (1 + c), base + k ticks), a sell at least min(base * (1 - c),
    base - k ticks), each HALF_UP to the tick. base = best price of the other side, else of the own
    side, else the last trade, else the previous close. Without a cage PRICE_E4_MAX and 0.
    """
    is_buy = side == Side.BUY
    own, other = np.where(is_buy, bid_e4, ask_e4), np.where(is_buy, ask_e4, bid_e4)
    base = np.where(other > 0, other, np.where(own > 0, own, last_e4))
    base = np.where(base > 0, base, prev_close_e4)
    tick, c_bp = rules.tick_e4[board], rules.cage_bp[board]
    width = rules.cage_ticks[board] * tick
    highest = np.maximum(_half_up(base, BP + c_bp, tick), base + width)
    lowest = np.minimum(_half_up(base, BP - c_bp, tick), base - width)
    bound: I64 = np.where(is_buy, highest, np.maximum(lowest, 0))
    return np.where(c_bp > 0, bound, np.where(is_buy, PRICE_E4_MAX, 0))


def outside_cage(side: I64, price_e4: I64, bound_e4: I64) -> BoolArray:
    """Return where a price lies beyond the bound of its side."""
    outside: BoolArray = np.where(side == Side.BUY, price_e4 > bound_e4, price_e4 < bound_e4)
    return outside
