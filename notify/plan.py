"""Which events are told to the customer, and the facts each notice needs.

Pure: an event in, facts out. A denial is not told here: the customer hears it at the door at once.
Not here: words and languages (notify.render), rows (notify.outbox).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from notify.notices import NoticeKind, Route
from risk.domain.enums import AlertKind, Side, StatementForm
from risk.domain.events import (
    CancelRejected,
    Event,
    FillBusted,
    Filled,
    OrderCanceled,
    OrderRejected,
)
from risk.domain.service_events import AlertFired, PinChanged, StatementRequested

VENUE_TEXT_CHARS_MAX: Final = 40


class Facts(NamedTuple):
    """What a notice tells, in the units of the event; fields a kind does not tell are zero.

    `reject_reason` is OrdRejReason(103) or CxlRejReason(102). `venue_text` is printable text.
    `only_route` is the one way it goes, None for every way the customer has.
    """

    kind: NoticeKind
    account_no: str
    cl_ord_id: str
    order_no: int
    at_ns: int
    symbol: str = ""
    side: Side = Side.BUY
    qty: int = 0
    price_e4: int = 0
    cum_qty: int = 0
    leaves_qty: int = 0
    fees_e4: int = 0
    amount_e4: int = 0
    reject_reason: int = 0
    venue_text: str = ""
    threshold_e4: int = 0
    is_above: bool = False
    is_repeating: bool = False
    statement: StatementRequested | None = None
    only_route: Route | None = None


def facts_of(event: Event) -> Facts | None:
    """Return what to tell of an event, or None when it is not told."""
    tell = _TOLD.get(type(event))
    return None if tell is None else tell(event)


def _filled(event: Filled) -> Facts:
    return Facts(
        kind=NoticeKind.FILLED,
        account_no=event.account_no,
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        at_ns=event.transact_ns or event.at_ns,
        symbol=event.symbol,
        side=event.side,
        qty=event.last_qty,
        price_e4=event.last_px_e4,
        cum_qty=event.cum_qty,
        leaves_qty=event.leaves_qty,
        fees_e4=event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4,
        amount_e4=event.last_qty * event.last_px_e4,
    )


def _fill_busted(event: FillBusted) -> Facts:
    return Facts(
        kind=NoticeKind.FILL_BUSTED,
        account_no=event.account_no,
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        at_ns=event.at_ns,
        symbol=event.symbol,
        side=event.side,
        qty=event.last_qty,
        price_e4=event.last_px_e4,
        cum_qty=event.cum_qty,
        leaves_qty=event.leaves_qty,
        amount_e4=event.last_qty * event.last_px_e4,
    )


def _order_rejected(event: OrderRejected) -> Facts:
    return Facts(
        kind=NoticeKind.ORDER_REJECTED,
        account_no=event.account_no,
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        at_ns=event.at_ns,
        symbol=event.symbol,
        side=event.side,
        qty=event.qty,
        price_e4=event.price_e4,
        reject_reason=event.ord_rej_reason,
        venue_text=_plain(event.text),
    )


def _order_canceled(event: OrderCanceled) -> Facts:
    return Facts(
        kind=NoticeKind.ORDER_EXPIRED if event.is_expired else NoticeKind.ORDER_CANCELED,
        account_no=event.account_no,
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        at_ns=event.at_ns,
        symbol=event.symbol,
        side=event.side,
        qty=event.canceled_qty,
        cum_qty=event.cum_qty,
    )


def _cancel_rejected(event: CancelRejected) -> Facts:
    return Facts(
        kind=NoticeKind.CANCEL_REJECTED,
        account_no=event.account_no,
        cl_ord_id=event.orig_cl_ord_id or event.cl_ord_id,
        order_no=event.order_no,
        at_ns=event.at_ns,
        reject_reason=event.cxl_rej_reason,
        venue_text=_plain(event.text),
    )


def _alert_fired(event: AlertFired) -> Facts:
    return Facts(
        kind=NoticeKind.ALERT_FIRED,
        account_no=event.account_no,
        cl_ord_id="",
        order_no=0,
        at_ns=event.tick_ns,
        symbol=event.symbol,
        price_e4=event.last_px_e4,
        threshold_e4=event.threshold_e4,
        is_above=event.kind is AlertKind.AT_OR_ABOVE,
        is_repeating=event.is_repeating,
    )


def _pin_changed(event: PinChanged) -> Facts:
    return Facts(
        kind=NoticeKind.PIN_CHANGED,
        account_no=event.account_no,
        cl_ord_id="",
        order_no=0,
        at_ns=event.changed_ns,
    )


def _statement(event: StatementRequested) -> Facts:
    return Facts(
        kind=NoticeKind.STATEMENT,
        account_no=event.account_no,
        cl_ord_id="",
        order_no=0,
        at_ns=event.at_ns,
        statement=event,
        only_route=Route.SMS if event.form is StatementForm.SMS else Route.MAIL,
    )


def _plain(text: str) -> str:
    """Return a venue's text as one printable line of bounded length."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line[:VENUE_TEXT_CHARS_MAX]


_TOLD: dict[type[Any], Callable[[Any], Facts]] = {
    Filled: _filled,
    FillBusted: _fill_busted,
    OrderRejected: _order_rejected,
    OrderCanceled: _order_canceled,
    CancelRejected: _cancel_rejected,
    AlertFired: _alert_fired,
    PinChanged: _pin_changed,
    StatementRequested: _statement,
}
