"""From the heart's events and views to wire messages. Pure.

Not here: when they are sent (protocol, pushes).
"""

from collections.abc import Mapping
from typing import Final, Literal

from gateway.branch import wire
from risk.book.prices import Quote
from risk.book.views import AccountView, OrderView, PositionView
from risk.domain import events as e
from risk.domain.enums import Language, fix_char
from risk.domain.errors import HotlineError
from risk.domain.fixedpoint import format_e4
from risk.domain.reasons import ReasonCode, reason_words

_NO_FIGURES: Final[Mapping[str, int]] = {}
Kind = Literal[
    "accepted",
    "opened",
    "filled",
    "fill_busted",
    "cancel_requested",
    "canceled",
    "expired",
    "rejected",
    "cancel_rejected",
]


def outcome(client_seq: int, event: e.Event) -> wire.Answer:
    """Return the answer to an order or cancel request whose first event this is."""
    if isinstance(event, e.OrderAccepted):
        return wire.Accepted(client_seq, event.cl_ord_id, event.order_no, event.at_ns)
    if isinstance(event, e.CancelRequested):
        return wire.CancelTaken(client_seq, event.cl_ord_id, event.orig_cl_ord_id, event.at_ns)
    assert isinstance(event, e.OrderDenied | e.CancelDenied), event
    reason, detail = event.reason, event.detail
    return wire.Denied(client_seq, reason, reason.name, *_words(reason, detail), detail)


def failure(client_seq: int, is_unknown: bool, error: HotlineError) -> wire.Failed:
    """Return the answer when there is no outcome now."""
    text = str(error)[: wire.TEXT_CHARS_MAX]
    return wire.Failed(client_seq, is_unknown, error.code, text)


def query_denied(query_no: int, reason: ReasonCode) -> wire.QueryDenied:
    """Return the answer to a question that is not answered."""
    return wire.QueryDenied(query_no, reason, reason.name, *_words(reason, _NO_FIGURES))


def order_row(order: OrderView) -> wire.OrderRow:
    """Return an order as a row."""
    return wire.OrderRow(
        order.cl_ord_id,
        order.order_no,
        order.symbol,
        order.side.value,
        fix_char(order.ord_status),
        order.qty,
        order.cum_qty,
        order.leaves_qty,
        format_e4(order.price_e4),
        order.accepted_ns,
        order.text,
    )


def position_row(position: PositionView) -> wire.PositionRow:
    """Return a holding as a row."""
    return wire.PositionRow(
        position.symbol,
        position.qty,
        position.sellable_qty,
        position.frozen_qty,
        format_e4(position.cost_e4),
    )


def cash_state(query_no: int, account: AccountView) -> wire.CashState:
    """Return an account's cash."""
    return wire.CashState(
        query_no,
        account.account_no,
        format_e4(account.cash_e4),
        format_e4(account.frozen_e4),
        format_e4(account.free_e4),
        format_e4(account.withdrawable_e4),
    )


def quote_state(query_no: int, symbol: str, quote: Quote) -> wire.QuoteState:
    """Return the latest prices."""
    return wire.QuoteState(
        query_no,
        symbol,
        format_e4(quote.last_e4),
        format_e4(quote.bid_e4),
        format_e4(quote.ask_e4),
        quote.recv_ns,
    )


def order_event(seq: int, event: e.Event) -> wire.OrderEvent | None:
    """Return the push for an event, None when it is not about an order of an account."""
    kind = _KINDS.get(type(event))
    if kind is None:
        return None
    if isinstance(event, e.OrderCanceled) and event.is_expired:
        kind = "expired"
    orig = getattr(event, "orig_cl_ord_id", "")
    return wire.OrderEvent(
        event_seq=seq,
        kind=kind,
        at_ns=event.at_ns,
        account_no=event.account_no,  # type: ignore[union-attr]  # all of _KINDS have one
        cl_ord_id=orig or event.cl_ord_id,  # type: ignore[union-attr]
        last_qty=getattr(event, "last_qty", 0),
        last_price=format_e4(getattr(event, "last_px_e4", 0)),
        cum_qty=getattr(event, "cum_qty", 0),
        leaves_qty=getattr(event, "leaves_qty", 0),
        text=getattr(event, "text", "")[: wire.TEXT_CHARS_MAX],
    )


def _words(reason: ReasonCode, detail: Mapping[str, int]) -> tuple[str, str]:
    return reason_words(reason, detail, Language.ZH), reason_words(reason, detail, Language.EN)


_KINDS: Final[dict[type[e.Event], Kind]] = {
    e.OrderAccepted: "accepted",
    e.OrderOpened: "opened",
    e.Filled: "filled",
    e.FillBusted: "fill_busted",
    e.CancelRequested: "cancel_requested",
    e.OrderCanceled: "canceled",
    e.OrderRejected: "rejected",
    e.CancelRejected: "cancel_rejected",
}
