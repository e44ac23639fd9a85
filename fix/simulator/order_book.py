"""One instrument's order book: price-time priority, pure.

Orders of one price stand in the order they came. Nobody is asked who the owners are: a member may
trade with itself. Not here: what may be entered (listing.py), auctions (auction.py).
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from fix.simulator.messages import Level
from risk.domain.enums import Side

LEVELS_SHOWN: Final = 5


@dataclass(slots=True, eq=False)
class BookOrder:
    """An order that can stand in a book; `leaves_qty` is what is still open."""

    order_id: str
    side: Side
    price_e4: int
    leaves_qty: int


class Match(NamedTuple):
    """The incoming order met a standing one, at the standing one's price."""

    standing: BookOrder
    qty: int
    price_e4: int


class BookSide:
    """The orders of one side, best price last in `_keys` (price for buys, -price for sells)."""

    def __init__(self, side: Side) -> None:
        """Begin empty."""
        self._sign = 1 if side == Side.BUY else -1
        self._keys: list[int] = []
        self._queues: dict[int, dict[str, BookOrder]] = {}
        self._qty: dict[int, int] = {}

    def add(self, order: BookOrder) -> None:
        """Stand behind all orders of the same price."""
        key = order.price_e4 * self._sign
        queue = self._queues.get(key)
        if queue is None:
            insort(self._keys, key)
            queue = self._queues[key] = {}
            self._qty[key] = 0
        queue[order.order_id] = order
        self._qty[key] += order.leaves_qty

    def remove(self, order: BookOrder) -> None:
        """Take out an order that stands here."""
        key = order.price_e4 * self._sign
        del self._queues[key][order.order_id]
        self._qty[key] -= order.leaves_qty
        self._drop_if_empty(key)

    def fill_first(self, qty: int) -> None:
        """Reduce the first order of the best price by `qty`; it leaves when nothing is left."""
        key = self._keys[-1]
        order = next(iter(self._queues[key].values()))
        assert qty <= order.leaves_qty, "a fill may not exceed what is open"
        order.leaves_qty -= qty
        self._qty[key] -= qty
        if not order.leaves_qty:
            del self._queues[key][order.order_id]
            self._drop_if_empty(key)

    def _drop_if_empty(self, key: int) -> None:
        if not self._queues[key]:
            del self._queues[key], self._qty[key]
            del self._keys[bisect_left(self._keys, key)]

    @property
    def best_e4(self) -> int:
        """Best price, 0 when empty."""
        return self._keys[-1] * self._sign if self._keys else 0

    @property
    def first(self) -> BookOrder | None:
        """The order that trades next."""
        return next(iter(self._queues[self._keys[-1]].values())) if self._keys else None

    def reaches(self, price_e4: int) -> bool:
        """Return whether the best order would trade at this price."""
        return bool(self._keys) and self._keys[-1] >= price_e4 * self._sign

    def levels(self) -> Iterator[Level]:
        """Yield price levels, best first."""
        for key in reversed(self._keys):
            yield Level(key * self._sign, self._qty[key])

    def orders(self) -> Iterator[BookOrder]:
        """Yield the standing orders by priority."""
        for key in reversed(self._keys):
            yield from self._queues[key].values()


class OrderBook:
    """Both sides of one instrument."""

    def __init__(self) -> None:
        """Begin empty."""
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def side_of(self, side: Side) -> BookSide:
        """Return the side on which such orders stand."""
        return self.bids if side == Side.BUY else self.asks

    def stand(self, order: BookOrder) -> None:
        """Put an order into the book without matching (call auction)."""
        self.side_of(order.side).add(order)

    def enter(self, order: BookOrder) -> list[Match]:
        """Match an order with the other side as far as its price allows; what is left stands."""
        other = self.asks if order.side == Side.BUY else self.bids
        matches = []
        while order.leaves_qty and other.reaches(order.price_e4):
            standing = other.first
            assert standing is not None, "a side that reaches a price has a first order"
            qty = min(order.leaves_qty, standing.leaves_qty)
            order.leaves_qty -= qty
            other.fill_first(qty)
            matches.append(Match(standing, qty, standing.price_e4))
        if order.leaves_qty:
            self.stand(order)
        return matches

    def remove(self, order: BookOrder) -> None:
        """Take out an order that stands in the book."""
        self.side_of(order.side).remove(order)
