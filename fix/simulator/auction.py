"""Call auction: the one price at which most trades, and who trades at it.

Most volume first; every buy above the price and every sell below it must trade in full; then the
least left over; among those the price nearest the reference
(the last trade or the previous close, rounded down to the tick), the higher when two are as near.
Sources: SSE rules 3.6.2, SZSE rules 3.6.2 (SSE breaks the last tie by the middle price instead).
Not here: when auctions are held (venue.py).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from fix.simulator.messages import Level
from fix.simulator.order_book import BookOrder, OrderBook


class Uncross(NamedTuple):
    """The price of an auction and the quantity that trades at it."""

    price_e4: int
    qty: int


class Cross(NamedTuple):
    """One trade of an auction."""

    buy: BookOrder
    sell: BookOrder
    qty: int


def uncross(
    bids: Iterable[Level], asks: Iterable[Level], reference_e4: int, tick_e4: int
) -> Uncross | None:
    """Return price and quantity of the auction, None when nothing would trade.

    Between two levels demand and supply are constant, so the levels, their neighbours one tick
    away and the reference are all the prices that can win.
    """
    demand, supply = sorted(bids), sorted(asks)
    if not demand or not supply or demand[-1].price_e4 < supply[0].price_e4:
        return None
    lowest, highest = supply[0].price_e4, demand[-1].price_e4
    near = [level.price_e4 for level in (*demand, *supply)]
    prices = {price + step for price in near for step in (-tick_e4, 0, tick_e4)}
    prices.add(reference_e4 // tick_e4 * tick_e4)
    bid_prices, ask_prices = ([level.price_e4 for level in side] for side in (demand, supply))
    bid_sums = [0, *accumulate(level.qty for level in demand)]
    ask_sums = [0, *accumulate(level.qty for level in supply)]

    def rank(price_e4: int) -> tuple[int, bool, int, int, int]:
        wanted = bid_sums[-1] - bid_sums[bisect_left(bid_prices, price_e4)]
        offered = ask_sums[bisect_right(ask_prices, price_e4)]
        qty = min(wanted, offered)
        better_bids = bid_sums[-1] - bid_sums[bisect_right(bid_prices, price_e4)]
        better_asks = ask_sums[bisect_left(ask_prices, price_e4)]
        distance = abs(price_e4 - reference_e4)
        return (
            qty,
            max(better_bids, better_asks) <= qty,
            -abs(wanted - offered),
            -distance,
            price_e4,
        )

    best = max(rank(price) for price in prices if lowest <= price <= highest)
    return Uncross(best[-1], best[0])


def cross(book: OrderBook, found: Uncross) -> list[Cross]:
    """Trade the auction's quantity by priority on both sides; the rest stays in the book."""
    trades = []
    left = found.qty
    while left:
        buy, sell = book.bids.first, book.asks.first
        assert buy is not None, "the volume was counted from the book"
        assert sell is not None, "the volume was counted from the book"
        qty = min(left, buy.leaves_qty, sell.leaves_qty)
        book.bids.fill_first(qty)
        book.asks.fill_first(qty)
        trades.append(Cross(buy, sell, qty))
        left -= qty
    return trades
