"""apply(book, event): the only code that writes to the account book, one function per event type.

An event carries its figures, so nothing here consults a rule or can say no: an event out of order
is a bug and fails an assert. Not here: what leads to an event (risk.core.decide and its friends).
"""

from collections.abc import Callable
from typing import Any, Final

from risk.book.account_book import AccountBook
from risk.book.live_orders import link_live, unlink_live
from risk.book.orders import DayOrders
from risk.core.apply_service import (
    apply_alert_fired,
    apply_alert_rearmed,
    apply_alert_removed,
    apply_alert_set,
    apply_statement_requested,
)
from risk.core.apply_trades import apply_busted, apply_filled
from risk.core.places import note_told, own_place
from risk.domain import events as e
from risk.domain import service_events as s
from risk.domain.enums import KillScope, OrdStatus, Side
from risk.domain.ids import order_no_of
from risk.domain.instrument import Instrument

# Plain integers: reading an enum member costs three times as much as writing a cell.
_BUY: Final = int(Side.BUY)
_PENDING_NEW: Final = int(OrdStatus.PENDING_NEW)
_CLOSED_TEXT_MAX: Final = 200  # characters of a venue's text that the book keeps


def apply(book: AccountBook, event: e.Event) -> None:
    """Change the book by one event. Raises AssertionError when the event cannot follow."""
    APPLY[type(event)](book, event)


def _account_opened(book: AccountBook, event: e.AccountOpened) -> None:
    book.accounts.add(event.account_no, book.branches.row_for(event.branch_code))


def _instrument_listed(book: AccountBook, event: e.InstrumentListed) -> None:
    book.instruments.put(Instrument(*event[1:]))
    book.prices.cover(book.instruments.count)


def _cash_moved(book: AccountBook, event: e.CashMoved) -> None:
    book.accounts.at.cash_e4[book.accounts.rows[event.account_no]] += event.amount_e4


def _shares_moved(book: AccountBook, event: e.SharesMoved) -> None:
    account_row = book.accounts.rows[event.account_no]
    instrument_row = book.instruments.rows[event.symbol]
    row = book.positions.row_for(book.accounts, account_row, instrument_row)
    at = book.positions.at
    at.qty[row] += event.qty
    at.sellable_qty[row] += event.qty
    at.cost_e4[row] += event.cost_e4


def _day_started(book: AccountBook, event: e.DayStarted) -> None:
    assert event.day > book.day, event
    book.start_day(event.day)


def _order_accepted(book: AccountBook, event: e.OrderAccepted) -> None:
    accounts, positions, orders = book.accounts, book.positions, book.orders
    account_row = accounts.rows[event.account_no]
    instrument_row = book.instruments.rows[event.symbol]
    position_row = positions.row_for(accounts, account_row, instrument_row)
    row = orders.add(event.order_no)
    cash, held, own = accounts.at, positions.at, orders.at
    qty = event.qty
    own.account_row[row] = account_row
    own.instrument_row[row] = instrument_row
    own.position_row[row] = position_row
    own.side[row] = event.side
    own.ord_type[row] = event.ord_type
    own.time_in_force[row] = event.time_in_force
    own.channel[row] = event.channel
    own.ord_status[row] = _PENDING_NEW
    own.qty[row] = own.leaves_qty[row] = qty
    own.price_e4[row] = event.price_e4
    own.accepted_ns[row] = own.updated_ns[row] = event.at_ns
    own.older_of_account[row] = cash.newest_order[account_row]
    cash.newest_order[account_row] = row
    own.older_of_position[row] = held.newest_order[position_row]
    held.newest_order[position_row] = row
    if event.side == _BUY:
        own.reserved_e4[row] = event.reserved_e4
        cash.frozen_e4[account_row] += event.reserved_e4
    else:
        held.sellable_qty[position_row] -= qty
        held.frozen_qty[position_row] += qty
    link_live(positions, orders, row)
    _pace(book, account_row, event.account_paced_ns, event.branch_paced_ns)


def _pace(book: AccountBook, account_row: int, account_ns: int, branch_ns: int) -> None:
    if account_ns:
        accounts = book.accounts.at
        accounts.paced_until_ns[account_row] = account_ns
        book.branches.at.paced_until_ns[accounts.branch_row[account_row]] = branch_ns


def _nothing(book: AccountBook, event: e.Event) -> None:
    """Leave the book as it is: a denial changes nothing."""


def _cancel_requested(book: AccountBook, event: e.CancelRequested) -> None:
    orders = book.orders
    row = orders.find(event.orig_cl_ord_id)
    assert row > 0, event
    orders.add_cancel(order_no_of(event.cl_ord_id), row)
    own = orders.at
    own.is_cancel_routed[row] = False
    own.updated_ns[row] = event.at_ns
    _pace(book, own.account_row[row], event.account_paced_ns, event.branch_paced_ns)


def _order_routed(book: AccountBook, event: e.OrderRouted) -> None:
    for cl_ord_id in (event.cl_ord_id, *event.more_cl_ord_ids):
        orders, row = own_place(book, cl_ord_id)
        own = orders.at
        if row > 0:
            own.is_routed[row] = True
            own.is_resent[row] |= event.poss_resend
        elif orders.cl_ord_id(own.cancel_no[-row]) == cl_ord_id:
            own.is_cancel_routed[-row] = True


def _order_opened(book: AccountBook, event: e.OrderOpened) -> None:
    orders, row = own_place(book, event.cl_ord_id)
    orders.at.ord_status[row] = event.ord_status
    if event.order_id:
        orders.order_id[row] = event.order_id
    note_told(book, orders, row, event)


def _order_canceled(book: AccountBook, event: e.OrderCanceled) -> None:
    orders, row = own_place(book, event.cl_ord_id)
    status = OrdStatus.EXPIRED if event.is_expired else OrdStatus.CANCELED
    _close(book, orders, row, status, event.canceled_qty, event.unfrozen_e4, event.text)
    if event.order_id:
        orders.order_id[row] = event.order_id
    orders.at.cancel_no[row] = 0
    note_told(book, orders, row, event)


def _order_rejected(book: AccountBook, event: e.OrderRejected) -> None:
    orders, row = own_place(book, event.cl_ord_id)
    _close(book, orders, row, OrdStatus.REJECTED, event.qty, event.unfrozen_e4, event.text)
    note_told(book, orders, row, event)


def _close(
    book: AccountBook,
    orders: DayOrders,
    row: int,
    status: OrdStatus,
    qty: int,
    unfrozen_e4: int,
    text: str,
) -> None:
    """End an order: release what was reserved for `qty`, all that it had left."""
    own = orders.at
    assert qty == own.leaves_qty[row] > 0, (orders.cl_ord_id(own.order_no[row]), qty)
    if own.side[row] == _BUY:
        own.reserved_e4[row] -= unfrozen_e4
        book.accounts.at.frozen_e4[own.account_row[row]] -= unfrozen_e4
    else:
        held, position_row = book.positions.at, own.position_row[row]
        held.frozen_qty[position_row] -= qty
        held.sellable_qty[position_row] += qty
    own.leaves_qty[row] = 0
    own.ord_status[row] = status
    orders.text[row] = text[:_CLOSED_TEXT_MAX]
    if orders is book.orders:
        unlink_live(book.positions, orders, row)


def _cancel_rejected(book: AccountBook, event: e.CancelRejected) -> None:
    orders, row = own_place(book, event.orig_cl_ord_id)
    own = orders.at
    if own.cancel_no[row] and orders.cl_ord_id(own.cancel_no[row]) == event.cl_ord_id:
        own.cancel_no[row] = 0
    if own.ord_status[row] == OrdStatus.PENDING_CANCEL:
        filled = OrdStatus.PARTIALLY_FILLED if own.cum_qty[row] else OrdStatus.NEW
        own.ord_status[row] = filled
    orders.text[row] = event.text[:_CLOSED_TEXT_MAX]
    note_told(book, orders, row, event)


def _status_noted(book: AccountBook, event: e.StatusNoted) -> None:
    orders, row = own_place(book, event.cl_ord_id)
    orders.at.ord_status[row] = event.ord_status
    orders.text[row] = event.text[:_CLOSED_TEXT_MAX]
    note_told(book, orders, row, event)


def _inbound_ignored(book: AccountBook, event: e.InboundIgnored) -> None:
    book.pass_inbound(event.fix_session, event.msg_seq_num)


def _kill_switch_set(book: AccountBook, event: e.KillSwitchSet) -> None:
    if event.scope == KillScope.FIRM:
        book.is_firm_killed = event.is_on
    elif event.scope == KillScope.BRANCH:
        book.branches.at.is_killed[book.branches.row_for(event.key)] = event.is_on
    elif event.scope == KillScope.ACCOUNT:
        book.accounts.at.is_killed[book.accounts.rows[event.key]] = event.is_on
    else:
        book.instruments.at.is_killed[book.instruments.rows[event.key]] = event.is_on


APPLY: Final[dict[type[e.Event], Callable[[AccountBook, Any], None]]] = {
    e.AccountOpened: _account_opened,
    e.InstrumentListed: _instrument_listed,
    e.CashMoved: _cash_moved,
    e.SharesMoved: _shares_moved,
    e.DayStarted: _day_started,
    e.OrderAccepted: _order_accepted,
    e.OrderDenied: _nothing,
    e.CancelRequested: _cancel_requested,
    e.CancelDenied: _nothing,
    e.OrderRouted: _order_routed,
    e.OrderOpened: _order_opened,
    e.Filled: apply_filled,
    e.FillBusted: apply_busted,
    e.OrderCanceled: _order_canceled,
    e.OrderRejected: _order_rejected,
    e.CancelRejected: _cancel_rejected,
    e.StatusNoted: _status_noted,
    e.InboundIgnored: _inbound_ignored,
    e.KillSwitchSet: _kill_switch_set,
    e.CommandDenied: _nothing,
    e.FingerprintTaken: _nothing,
    s.CallRecorded: _nothing,
    s.AlertSet: apply_alert_set,
    s.AlertRemoved: apply_alert_removed,
    s.AlertFired: apply_alert_fired,
    s.AlertRearmed: apply_alert_rearmed,
    s.StatementRequested: apply_statement_requested,
    s.PinChanged: _nothing,
}
