"""The newest order of the day. Not here: lists of orders."""

from collections.abc import Mapping
from typing import Final

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty, measure_of
from risk.book.views import OrderView
from risk.domain.enums import OrdStatus, Side

SIDE_WORDS: Final = {Side.BUY: "buy", Side.SELL: "sell"}


class LastOrderActions:
    """What became of the order placed last."""

    def __init__(self, queries: PhoneQueries, names: SpokenNames) -> None:
        self._queries, self._names = queries, names

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_LAST_ORDER: self.read}

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """ok | none | unknown."""
        try:
            orders = self._queries.orders(text_of(wish, "verified_account_no"), limit=1)
            instrument = self._queries.instrument(orders[0].symbol) if orders else None
        except AcceptanceStopped:
            return "unknown", {}
        if not orders:
            return "none", {}
        order = orders[0]
        assert instrument is not None, f"an order of {order.symbol}, which is not listed"
        measure = measure_of(instrument.board)
        return "ok", {
            "last_order_no": order.order_no,
            "last_side_word": SIDE_WORDS[order.side],
            "last_security": await self._names.of(instrument, caller.language),
            "last_symbol": order.symbol,
            "last_qty": Qty(order.qty, measure),
            "last_price": order.price_e4,
            "last_filled": Qty(order.cum_qty, measure),
            "last_state": state_word(order),
        }


def state_word(order: OrderView) -> str:
    """Return which prompt tells how an order stands."""
    if order.is_open:
        return "open"
    if order.ord_status is OrdStatus.REJECTED:
        return "rejected"
    return "filled" if order.ord_status is OrdStatus.FILLED else "ended"
