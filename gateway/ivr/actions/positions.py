"""Holdings of the verified account, each with what it is worth at the last price.

Not here: cash.
"""

from collections.abc import Callable, Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import ITEMS_MAX, Item, as_of, is_fresh
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty, measure_of
from risk.book.prices import Quote
from risk.book.views import PositionView
from risk.domain.instrument import Instrument


class PositionActions:
    """What the account holds."""

    def __init__(
        self, queries: PhoneQueries, names: SpokenNames, now_ns: Callable[[], int]
    ) -> None:
        self._queries, self._names, self._now_ns = queries, names, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_POSITIONS: self.read}

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown."""
        try:
            found = self._queries.positions(text_of(wish, "verified_account_no"))[:ITEMS_MAX]
            held = [
                (position, instrument, self._queries.quote(position.symbol))
                for position in found
                if (instrument := self._queries.instrument(position.symbol)) is not None
            ]
        except AcceptanceStopped:
            return "unknown", {}
        if not held:
            return "none", {}
        names = await self._names.of_all((each for _, each, _ in held), caller.language)
        now_ns = self._now_ns()
        items = tuple(
            position_item(position, instrument, names[position.symbol], quote, now_ns)
            for position, instrument, quote in held
        )
        return "some", {"items": items, "item_count": len(items)}


def position_item(
    position: PositionView, instrument: Instrument, name: str, quote: Quote | None, now_ns: int
) -> Item:
    """Return a holding as the values of its prompts; `item_value` chooses the one of its worth."""
    measure = measure_of(instrument.board)
    item: dict[str, object] = {
        "item_security": name,
        "item_symbol": position.symbol,
        "item_qty": Qty(position.qty, measure),
        "item_sellable": Qty(position.sellable_qty, measure),
        "item_cost": _per_unit(position),
        "item_value": "unpriced",
    }
    if quote is None or not quote.last_e4:
        return item
    gain_e4 = quote.last_e4 * position.qty - position.cost_e4
    word = "loss" if gain_e4 < 0 else "gain"
    return item | {
        "item_last": quote.last_e4,
        "item_gain": abs(gain_e4),
        "item_value": word if is_fresh(quote, now_ns) else f"{word}_old",
        **as_of(quote),
    }


def _per_unit(position: PositionView) -> int:
    """Return what one share cost, HALF_UP; 0 when none is left (all are frozen in a sell)."""
    return (2 * position.cost_e4 + position.qty) // (2 * position.qty) if position.qty else 0
