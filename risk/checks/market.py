"""The venue's rules: halts, phases, ticks, daily limits, the price cage, lots.

The rules themselves are in risk.market; here they meet a batch and the book.
"""

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment
from risk.domain.fixedpoint import I64, BoolArray
from risk.market.price_bands import cage_bounds, outside_cage
from risk.market.rulebook import DayRules
from risk.market.ticks_lots import above_max_qty, odd_qty, off_tick


def halted(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Trading in the instrument is halted."""
    return book.instruments.is_halted[batch.instrument_row]


def market_closed(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The board takes no orders in this phase."""
    return ~moment.may_enter[batch.board]


def price_off_tick(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The price is between two ticks."""
    return off_tick(batch.board, batch.price_e4, _rules(moment))


def tick_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the tick."""
    return {"tick_e4": int(_rules(moment).tick_e4[batch.board[i]])}


def above_limit_up(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Above the daily limit."""
    return batch.price_e4 > batch.limit_up_e4


def limit_up_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the highest price of the day."""
    return {"limit_up_e4": int(batch.limit_up_e4[i])}


def below_limit_down(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Below the daily limit."""
    return batch.price_e4 < batch.limit_down_e4


def limit_down_detail(
    batch: OrderBatch, book: AccountBook, moment: Moment, i: int
) -> dict[str, int]:
    """Return the lowest price of the day."""
    return {"limit_down_e4": int(batch.limit_down_e4[i])}


def outside_price_cage(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray | bool:
    """Too far from the market in continuous trading."""
    if not moment.is_any_caged:
        return False
    bound_e4 = _cage_e4(batch, book, _rules(moment))
    return outside_cage(batch.side, batch.price_e4, bound_e4) & moment.is_caged[batch.board]


def cage_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the bound of the order's side."""
    return {"cage_e4": int(_cage_e4(batch, book, _rules(moment))[i])}


def _cage_e4(batch: OrderBatch, book: AccountBook, rules: DayRules) -> I64:
    prices, row = book.prices, batch.instrument_row
    return cage_bounds(
        batch.board,
        batch.side,
        prices.bid_e4[row],
        prices.ask_e4[row],
        prices.last_e4[row],
        book.instruments.prev_close_e4[row],
        rules,
    )


def off_lot(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """No multiple of the lot."""
    return batch.lots[0]


def lot_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the lot."""
    return {"lot": int(_rules(moment).lot_qty[batch.board[i]])}


def below_min_qty(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Below the least quantity of the board."""
    return batch.lots[1]


def min_qty_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the least quantity."""
    return {"min_qty": int(_rules(moment).min_qty[batch.board[i]])}


def odd_lot_split(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """The odd lot of a holding would be sold in parts."""
    return batch.lots[2]


def odd_lot_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the odd lot of the holding."""
    return {"odd_qty": int(odd_qty(batch.board, batch.sellable_qty, _rules(moment))[i])}


def above_max(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """Above the most one order of the board may have."""
    return above_max_qty(batch.board, batch.qty, _rules(moment))


def max_qty_detail(batch: OrderBatch, book: AccountBook, moment: Moment, i: int) -> dict[str, int]:
    """Return the most one order may have."""
    return {"max_qty": int(_rules(moment).max_qty[batch.board[i]])}


def _rules(moment: Moment) -> DayRules:
    assert moment.rules is not None, "asked only of orders that have rules"
    return moment.rules
