"""Prices of a security, and the indices. Not here: finding a security (`security`)."""

from collections.abc import Callable, Mapping

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import Item, as_of, is_fresh
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import PhoneQueries
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty, measure_of
from risk.book.prices import Quote
from risk.domain.fixedpoint import BP
from risk.domain.instrument import Instrument


class QuoteActions:
    """What things cost."""

    def __init__(
        self, queries: PhoneQueries, names: SpokenNames, now_ns: Callable[[], int]
    ) -> None:
        self._queries, self._names, self._now_ns = queries, names, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_QUOTE: self.read, Action.READ_INDICES: self.read_indices}

    async def read(self, _: Caller, wish: Perform) -> Answer:
        """fresh | old | no_trade | not_now."""
        symbol = text_of(wish, "symbol")
        try:
            instrument, quote = self._queries.instrument(symbol), self._queries.quote(symbol)
        except AcceptanceStopped:
            return "not_now", {}
        assert instrument is not None, f"{symbol} was found a moment ago"
        assert quote is not None, f"{symbol} was found a moment ago"
        if not quote.last_e4:
            return "no_trade", {"prev_close": instrument.prev_close_e4}
        values = price_values(instrument, quote)
        return ("fresh" if is_fresh(quote, self._now_ns()) else "old"), values

    async def read_indices(self, caller: Caller, _: Perform) -> Answer:
        """some | none | not_now: those that have a level today."""
        try:
            quoted = [
                (instrument, quote)
                for instrument in self._queries.indices()
                if (quote := self._queries.quote(instrument.symbol)) is not None and quote.last_e4
            ]
        except AcceptanceStopped:
            return "not_now", {}
        if not quoted:
            return "none", {}
        names = await self._names.of_all((each for each, _ in quoted), caller.language)
        items = tuple(
            index_item(instrument, names[instrument.symbol], quote, self._now_ns())
            for instrument, quote in quoted
        )
        return "some", {"items": items, "item_count": len(items)}


def price_values(instrument: Instrument, quote: Quote) -> Item:
    """Return a traded security's prices; `moved` says which prompt tells the change."""
    change_e4 = quote.last_e4 - instrument.prev_close_e4
    measure = measure_of(instrument.board)
    return {
        "last": quote.last_e4,
        "moved": moved(change_e4),
        "change": abs(change_e4),
        "change_rate": abs(rate_bp(change_e4, instrument.prev_close_e4)),
        "range_known": "known" if quote.high_e4 and quote.low_e4 else "unknown",
        "high": quote.high_e4,
        "low": quote.low_e4,
        "volume": Qty(quote.volume, measure),
        **as_of(quote),
    }


def index_item(instrument: Instrument, name: str, quote: Quote, now_ns: int) -> Item:
    """Return an index as the values of its prompts."""
    change_e4 = quote.last_e4 - instrument.prev_close_e4
    word = moved(change_e4)
    return {
        "item_security": name,
        "item_last": quote.last_e4,
        "item_change": abs(change_e4),
        "item_rate": abs(rate_bp(change_e4, instrument.prev_close_e4)),
        "item_moved": word if is_fresh(quote, now_ns) else f"{word}_old",
        **as_of(quote),
    }


def moved(change_e4: int) -> str:
    """Return which way a price went since the previous close."""
    if change_e4 == 0:
        return "flat"
    return "up" if change_e4 > 0 else "down"


def rate_bp(change_e4: int, base_e4: int) -> int:
    """Return a change as basis points of its base, rounded half away from zero, 0 without base."""
    if base_e4 <= 0:
        return 0
    rate = (2 * abs(change_e4) * BP + base_e4) // (2 * base_e4)
    return rate if change_e4 >= 0 else -rate
