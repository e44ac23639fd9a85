"""Seeded background flow: a market maker and random traders, so that there is always a market.

The maker quotes a ladder around the last price, the traders take from it or, in an auction, bid
around it; both lean back towards the previous close. All chance comes from the given `Random`, so
a seed is a whole day. Not here: when the flow acts, and the rules its orders obey (venue.py).
"""

from random import Random
from typing import Final, NamedTuple

from risk.domain.enums import Side

LADDER: Final = 5  # levels a side
MAKER_LOTS_MAX: Final = 50
TRADER_LOTS_MAX: Final = 8
CALL_TICKS_MAX: Final = 5  # how far from the fair price traders bid in an auction
REQUOTE_CHANCE: Final = 0.3
TRADE_CHANCE: Final = 0.6
LEAN: Final = 8.0  # how strongly a move of the price calls for the other side
LEAN_MAX: Final = 0.35


class MarketView(NamedTuple):
    """What the flow sees of one instrument. `bid_e4` and `ask_e4` are 0 when there is none."""

    fair_e4: int
    prev_close_e4: int
    bid_e4: int
    ask_e4: int
    tick_e4: int
    lot_qty: int  # already at least the least quantity of an order
    is_call: bool


class Wish(NamedTuple):
    """An order the flow would like to enter."""

    side: Side
    price_e4: int
    qty: int


class Flow:
    """The wishes of everybody else in the market."""

    def __init__(self, rng: Random) -> None:
        """Draw everything from `rng`."""
        self._rng = rng

    def wants_requote(self) -> bool:
        """Return whether the maker pulls its ladder now."""
        return self._rng.random() < REQUOTE_CHANCE

    def ladder(self, view: MarketView) -> list[Wish]:
        """Return the maker's quotes, best first."""
        wishes = []
        for step in range(1, LADDER + 1):
            for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
                qty = self._rng.randint(1, MAKER_LOTS_MAX) * view.lot_qty
                price_e4 = _on_tick(view.fair_e4, view.tick_e4) + sign * step * view.tick_e4
                wishes.append(Wish(side, price_e4, qty))
        return wishes

    def trade(self, view: MarketView) -> Wish | None:
        """Return what a random trader wants, None when nobody wants anything."""
        if self._rng.random() >= TRADE_CHANCE:
            return None
        moved = (view.fair_e4 - view.prev_close_e4) / view.prev_close_e4 * LEAN
        is_buy = self._rng.random() < 0.5 - max(-LEAN_MAX, min(LEAN_MAX, moved))
        side = Side.BUY if is_buy else Side.SELL
        qty = self._rng.randint(1, TRADER_LOTS_MAX) * view.lot_qty
        if view.is_call:
            step = self._rng.randint(-CALL_TICKS_MAX, CALL_TICKS_MAX)
            return Wish(side, _on_tick(view.fair_e4, view.tick_e4) + step * view.tick_e4, qty)
        price_e4 = view.ask_e4 if is_buy else view.bid_e4
        return Wish(side, price_e4, qty) if price_e4 else None


def _on_tick(price_e4: int, tick_e4: int) -> int:
    return price_e4 // tick_e4 * tick_e4
