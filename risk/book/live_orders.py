"""The live orders of a position: a list inside the order columns, with the best price of each side.

Kept so that the own-order crossing check reads two columns, however many orders are live.
"""

from typing import Final

from risk.book.orders import DayOrders
from risk.book.positions import Positions
from risk.domain.enums import Side

_BUY: Final = int(Side.BUY)


def link_live(positions: Positions, orders: DayOrders, row: int) -> None:
    """Put an order that became live at the front of its position's list."""
    own, at = orders.at, positions.at
    position_row, price_e4 = own.position_row[row], own.price_e4[row]
    first = at.newest_live[position_row]
    if first:
        own.next_live[row] = first
        own.previous_live[first] = row
    at.newest_live[position_row] = row
    if own.side[row] == _BUY:
        if price_e4 > at.highest_buy_e4[position_row]:
            at.highest_buy_e4[position_row] = price_e4
    else:
        lowest_e4 = at.lowest_sell_e4[position_row]
        at.lowest_sell_e4[position_row] = min(lowest_e4, price_e4) if lowest_e4 else price_e4


def unlink_live(positions: Positions, orders: DayOrders, row: int) -> None:
    """Take an order that ended out of its position's list and find the best price again."""
    own, at = orders.at, positions.at
    position_row, price_e4 = own.position_row[row], own.price_e4[row]
    before, after = own.previous_live[row], own.next_live[row]
    if before:
        own.next_live[before] = after
    else:
        at.newest_live[position_row] = after
    if after:
        own.previous_live[after] = before
    if before or after:
        own.next_live[row] = own.previous_live[row] = 0
    if own.side[row] == _BUY:
        if price_e4 == at.highest_buy_e4[position_row]:
            at.highest_buy_e4[position_row] = _best_e4(positions, orders, row, price_e4)
    elif price_e4 == at.lowest_sell_e4[position_row]:
        at.lowest_sell_e4[position_row] = _best_e4(positions, orders, row, price_e4)


def _best_e4(positions: Positions, orders: DayOrders, ended: int, price_e4: int) -> int:
    """Return the best price left on the side of an order that had the best, 0 when none is."""
    own = orders.at
    side, best_e4 = own.side[ended], 0
    row = positions.at.newest_live[own.position_row[ended]]
    while row:
        if own.side[row] == side:
            other_e4 = own.price_e4[row]
            if other_e4 == price_e4:
                return int(price_e4)  # as good as the one that ended: none is better
            if not best_e4 or (other_e4 > best_e4) == (side == _BUY):
                best_e4 = other_e4
        row = own.next_live[row]
    return int(best_e4)
