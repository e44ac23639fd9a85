"""Today's orders, those that are open, one by its number; today's fills.

Not here: placing and cancelling, and the order placed last by phone (`resume`).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import ITEMS_MAX, Item, fill_item, order_item
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.book.views import OrderView
from risk.checks.moment import day_of
from risk.domain.enums import Language
from risk.domain.ids import cl_ord_id
from risk.domain.instrument import Instrument


class TodayActions:
    """What the account did today."""

    def __init__(self, queries: PhoneQueries, names: SpokenNames) -> None:
        self._queries, self._names = queries, names

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {
            Action.READ_FILLS: self.read_fills,
            Action.READ_ORDERS: self.read_orders,
            Action.READ_OPEN_ORDERS: self.read_open_orders,
            Action.FIND_ORDER: self.find_order,
        }

    async def read_orders(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown."""
        try:
            orders = self._queries.orders(text_of(wish, "verified_account_no"))
        except AcceptanceStopped:
            return "unknown", {}
        return await self._told(orders, caller.language)

    async def read_open_orders(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown: the orders that may be cancelled, the newest first."""
        try:
            orders = self._queries.orders(text_of(wish, "verified_account_no"))
        except AcceptanceStopped:
            return "unknown", {}
        return await self._told((order for order in orders if order.is_open), caller.language)

    async def find_order(self, caller: Caller, wish: Perform) -> Answer:
        """open | closed | none | unknown: today's order of the number keyed."""
        number = wish.values["order_no_keyed"]
        assert isinstance(number, int), number
        try:
            day = self._queries.day
            order = self._queries.order(cl_ord_id(day_of(day), number)) if day else None
        except AcceptanceStopped:
            return "unknown", {}
        # numbers count the orders of the whole firm: another account's is none of this one's
        if (
            order is None
            or order.account_no != text_of(wish, "verified_account_no")
            or order.order_no != number
        ):
            return "none", {}
        (item,) = await self._items([order], caller.language)
        return ("open" if order.is_open else "closed"), item

    async def read_fills(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown: the trades of the day, the newest first."""
        try:
            fills = self._queries.fills_today(text_of(wish, "verified_account_no"), ITEMS_MAX)
        except AcceptanceStopped:
            return "unknown", {}
        if not fills:
            return "none", {}
        listed = self._listed(fill.symbol for fill in fills)
        names = await self._names.of_all(listed.values(), caller.language)
        items = tuple(fill_item(fill, listed[fill.symbol], names[fill.symbol]) for fill in fills)
        return "some", {"items": items, "item_count": len(items)}

    async def _told(self, orders: Iterable[OrderView], language: Language) -> Answer:
        heard = list(islice(orders, ITEMS_MAX))
        if not heard:
            return "none", {}
        items = tuple(await self._items(heard, language))
        return "some", {"items": items, "item_count": len(items)}

    async def _items(self, orders: Sequence[OrderView], language: Language) -> list[Item]:
        listed = self._listed(order.symbol for order in orders)
        names = await self._names.of_all(listed.values(), language)
        return [order_item(each, listed[each.symbol], names[each.symbol]) for each in orders]

    def _listed(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        listed: dict[str, Instrument] = {}
        for symbol in symbols:
            instrument = self._queries.instrument(symbol)
            assert instrument is not None, f"an order of {symbol}, which is not listed"
            listed[symbol] = instrument
        return listed
