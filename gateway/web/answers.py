"""What the book and the events say, as answers on the wire. Pure.

Not here: who may see it (the rooms check the account first).
"""

from gateway.web import schemas as s
from gateway.web.wording import moment, word
from risk.book.prices import Quote
from risk.book.views import AccountView, FillView, OrderView, PositionView
from risk.domain.events import CancelRequested, OrderAccepted
from risk.domain.fixedpoint import format_e4
from risk.domain.instrument import Instrument


def accepted_answer(event: OrderAccepted) -> s.AcceptedAnswer:
    """Return the answer to an order we accepted."""
    return s.AcceptedAnswer(
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        symbol=event.symbol,
        side=word(event.side),
        qty=event.qty,
        price=format_e4(event.price_e4),
        reserved=format_e4(event.reserved_e4),
        accepted_at=moment(event.at_ns),
        trace_id=event.trace_id,
    )


def cancel_answer(event: CancelRequested) -> s.CancelAnswer:
    """Return the answer to a cancel request we accepted."""
    return s.CancelAnswer(
        cl_ord_id=event.cl_ord_id,
        orig_cl_ord_id=event.orig_cl_ord_id,
        requested_at=moment(event.at_ns),
        trace_id=event.trace_id,
    )


def order_answer(view: OrderView) -> s.OrderAnswer:
    """Return an order. The average price is rounded half up to 4 decimals."""
    avg_px_e4 = 0
    if view.cum_qty:
        avg_px_e4 = (2 * view.turnover_e4 + view.cum_qty) // (2 * view.cum_qty)
    return s.OrderAnswer(
        cl_ord_id=view.cl_ord_id,
        order_no=view.order_no,
        symbol=view.symbol,
        side=word(view.side),
        ord_status=view.ord_status.name.lower(),  # type: ignore[arg-type]  # a test compares them
        qty=view.qty,
        cum_qty=view.cum_qty,
        leaves_qty=view.leaves_qty,
        price=format_e4(view.price_e4),
        avg_px=format_e4(avg_px_e4),
        fees=format_e4(view.fees_e4),
        reserved=format_e4(view.reserved_e4),
        channel=word(view.channel),
        accepted_at=moment(view.accepted_ns),
        updated_at=moment(view.updated_ns),
        order_id=view.order_id,
        text=view.text,
        is_cancel_requested=bool(view.cancel_cl_ord_id),
    )


def fill_answer(order: OrderView, fill: FillView) -> s.FillAnswer:
    """Return a fill of an order."""
    return s.FillAnswer(
        exec_id=fill.exec_id,
        cl_ord_id=order.cl_ord_id,
        symbol=order.symbol,
        side=word(order.side),
        last_qty=fill.last_qty,
        last_px=format_e4(fill.last_px_e4),
        fees=format_e4(fill.fees_e4),
        transact_at=moment(fill.transact_ns),
        is_busted=bool(fill.is_busted),
    )


def account_answer(view: AccountView) -> s.AccountAnswer:
    """Return an account's cash."""
    return s.AccountAnswer(
        account_no=view.account_no,
        branch_code=view.branch_code,
        cash=format_e4(view.cash_e4),
        frozen=format_e4(view.frozen_e4),
        free=format_e4(view.free_e4),
        unsettled=format_e4(view.unsettled_e4),
        withdrawable=format_e4(view.withdrawable_e4),
        is_killed=bool(view.is_killed),
    )


def position_answer(view: PositionView) -> s.PositionAnswer:
    """Return a holding."""
    return s.PositionAnswer(
        symbol=view.symbol,
        qty=view.qty,
        sellable_qty=view.sellable_qty,
        frozen_qty=view.frozen_qty,
        bought_today_qty=view.bought_today_qty,
        cost=format_e4(view.cost_e4),
    )


def quote_answer(instrument: Instrument, quote: Quote) -> s.QuoteAnswer:
    """Return the latest prices of an instrument."""
    return s.QuoteAnswer(
        symbol=instrument.symbol,
        bid=_price(quote.bid_e4),
        ask=_price(quote.ask_e4),
        last=_price(quote.last_e4),
        prev_close=format_e4(instrument.prev_close_e4),
        received_at=moment(quote.recv_ns),
    )


def instrument_answer(instrument: Instrument) -> s.InstrumentAnswer:
    """Return an instrument's static data."""
    return s.InstrumentAnswer(
        symbol=instrument.symbol,
        name_zh=instrument.name_zh,
        name_en=instrument.name_en,
        board=word(instrument.board),
        status=word(instrument.status),
        prev_close=format_e4(instrument.prev_close_e4),
        is_t0=bool(instrument.is_t0),
        is_halted=bool(instrument.is_halted),
    )


def _price(price_e4: int) -> str:
    return format_e4(price_e4) if price_e4 else ""
