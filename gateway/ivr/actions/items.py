"""Orders, fills and times of day as values that prompts say. Not here: reading them."""

from collections.abc import Mapping
from typing import Final

from gateway.media.speech import Qty, measure_of
from risk.book.prices import Quote
from risk.book.views import FillOfDay, OrderView
from risk.checks.moment import day_number
from risk.domain.enums import OrdStatus, Side
from risk.domain.ids import NS, second_of_day, trading_day
from risk.domain.instrument import Instrument

Item = Mapping[str, object]

ITEMS_MAX: Final = 50  # of one list: nobody listens to more
FRESH_S: Final = 60  # an older price is told with its time
SIDE_WORDS: Final = {Side.BUY: "buy", Side.SELL: "sell"}


def order_item(order: OrderView, instrument: Instrument, name: str) -> Item:
    """Return an order as the values of its prompts."""
    measure = measure_of(instrument.board)
    return {
        "item_id": order.cl_ord_id,
        "item_no": order.order_no,
        "item_side": SIDE_WORDS[order.side],
        "item_security": name,
        "item_symbol": order.symbol,
        "item_qty": Qty(order.qty, measure),
        "item_price": order.price_e4,
        "item_filled": Qty(order.cum_qty, measure),
        "item_left": Qty(order.qty - order.cum_qty, measure),
        "item_state": state_word(order),
    }


def fill_item(fill: FillOfDay, instrument: Instrument, name: str) -> Item:
    """Return a trade as the values of its prompts."""
    return {
        "item_no": fill.order_no,
        "item_side": SIDE_WORDS[fill.side],
        "item_security": name,
        "item_symbol": fill.symbol,
        "item_qty": Qty(fill.last_qty, measure_of(instrument.board)),
        "item_price": fill.last_px_e4,
        "item_at": clock_of(fill.transact_ns),
    }


def state_word(order: OrderView) -> str:
    """Return which prompt tells how an order stands."""
    if not order.is_open:
        if order.ord_status is OrdStatus.REJECTED:
            return "rejected"
        if order.ord_status is OrdStatus.FILLED:
            return "filled"
        return "part_ended" if order.cum_qty else "ended"
    if order.cancel_cl_ord_id:
        return "canceling"
    if not order.is_reported:
        return "sent"
    return "part" if order.cum_qty else "open"


def is_fresh(quote: Quote, now_ns: int) -> bool:
    """Whether a price needs no time beside it."""
    return now_ns - quote.recv_ns <= FRESH_S * NS


def as_of(quote: Quote) -> Item:
    """Return when a price came, for those that are not fresh."""
    return {
        "as_of_day": day_number(trading_day(quote.recv_ns)),
        "as_of": clock_of(quote.recv_ns),
    }


def clock_of(at_ns: int) -> str:
    """Return a moment's time of day in China as hhmm."""
    return clock_text(second_of_day(at_ns))


def clock_text(second: int) -> str:
    """Return seconds since midnight as hhmm."""
    return f"{second // 3600:02d}{second // 60 % 60:02d}"
