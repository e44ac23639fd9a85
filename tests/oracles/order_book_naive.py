"""A plain list of orders that is searched from end to end: slow, obvious, independent."""

from typing import NamedTuple


class Standing(NamedTuple):
    """An order in the book."""

    order_id: str
    is_buy: bool
    price: int
    qty: int


class NaiveBook:
    """Orders in the order they came."""

    def __init__(self) -> None:
        self.orders: list[Standing] = []

    def best(self, is_buy: bool) -> Standing | None:
        """Return the order of a side that trades next: best price, then earliest."""
        found = None
        for order in self.orders:
            if order.is_buy != is_buy:
                continue
            if found is None or (
                order.price > found.price if is_buy else order.price < found.price
            ):
                found = order
        return found

    def enter(self, order: Standing, is_call: bool = False) -> list[tuple[str, int, int]]:
        """Match and rest; return (order_id of the other side, qty, price) of each trade."""
        trades = []
        while order.qty and not is_call:
            other = self.best(not order.is_buy)
            if other is None or (
                other.price > order.price if order.is_buy else other.price < order.price
            ):
                break
            qty = min(order.qty, other.qty)
            trades.append((other.order_id, qty, other.price))
            self.reduce(other, qty)
            order = order._replace(qty=order.qty - qty)
        if order.qty:
            self.orders.append(order)
        return trades

    def reduce(self, order: Standing, qty: int) -> None:
        """Take `qty` from a standing order."""
        at = self.orders.index(order)
        self.orders[at] = order._replace(qty=order.qty - qty)
        if not self.orders[at].qty:
            del self.orders[at]

    def cancel(self, order_id: str) -> None:
        """Take an order out."""
        self.orders = [order for order in self.orders if order.order_id != order_id]

    def levels(self, is_buy: bool) -> list[tuple[int, int]]:
        """Return (price, total) best first."""
        prices = {order.price for order in self.orders if order.is_buy == is_buy}
        return [
            (price, sum(o.qty for o in self.orders if o.is_buy == is_buy and o.price == price))
            for price in sorted(prices, reverse=is_buy)
        ]

    def uncross(self, reference: int, tick: int) -> tuple[int, int] | None:
        """Return (price, qty) of a call auction by trying every tick there is."""
        prices = [order.price for order in self.orders]
        best = None
        for price in range(min(prices, default=0), max(prices, default=0) + 1, tick):
            wanted = sum(o.qty for o in self.orders if o.is_buy and o.price >= price)
            offered = sum(o.qty for o in self.orders if not o.is_buy and o.price <= price)
            qty = min(wanted, offered)
            above = sum(o.qty for o in self.orders if o.is_buy and o.price > price)
            below = sum(o.qty for o in self.orders if not o.is_buy and o.price < price)
            if above > qty or below > qty:
                continue
            rank = (qty, -abs(wanted - offered), -abs(price - reference), price)
            if qty and (best is None or rank > best):
                best = rank
        return (best[-1], best[0]) if best else None

    def cross(self, price: int, qty: int) -> list[tuple[str, str, int]]:
        """Trade `qty` at `price`; return (buy, sell, qty) of each trade."""
        trades = []
        while qty:
            buy, sell = self.best(True), self.best(False)
            assert buy is not None
            assert sell is not None
            assert buy.price >= price >= sell.price
            part = min(qty, buy.qty, sell.qty)
            trades.append((buy.order_id, sell.order_id, part))
            self.reduce(buy, part)
            self.reduce(sell, part)
            qty -= part
        return trades
