"""Reading the book for doors and people: rows become named tuples with texts and enums.

Everything is as of now and a copy. Not here: anything that changes the book.
"""

from heapq import nlargest
from typing import Final, NamedTuple

from risk.book.account_book import AccountBook
from risk.book.orders import DayOrders
from risk.book.prices import Quote
from risk.domain.enums import AlertKind, Channel, OrdStatus, OrdType, Side, TimeInForce
from risk.domain.orders import OpenOrder

ORDERS_MAX: Final = 500  # of one answer
FILLS_MAX: Final = 500


class AccountView(NamedTuple):
    """Cash of one account, in e4 units."""

    account_no: str
    branch_code: str
    cash_e4: int
    frozen_e4: int
    free_e4: int  # buying power
    unsettled_e4: int
    withdrawable_e4: int
    is_killed: bool


class PositionView(NamedTuple):
    """Shares of one instrument. `cost_e4` is what they cost in all, fees included."""

    symbol: str
    qty: int
    sellable_qty: int
    frozen_qty: int
    bought_today_qty: int
    cost_e4: int


class OrderView(NamedTuple):
    """One order. `text` is what the venue said last."""

    cl_ord_id: str
    order_no: int
    account_no: str
    symbol: str
    side: Side
    ord_type: OrdType
    channel: Channel
    ord_status: OrdStatus
    qty: int
    leaves_qty: int
    cum_qty: int
    price_e4: int
    turnover_e4: int
    fees_e4: int
    reserved_e4: int
    accepted_ns: int
    updated_ns: int
    order_id: str
    text: str
    cancel_cl_ord_id: str  # outstanding cancel request, empty when there is none
    is_routed: bool
    is_resent: bool
    is_reported: bool
    is_cancel_routed: bool

    @property
    def is_open(self) -> bool:
        """Whether the venue may still trade it."""
        return self.leaves_qty > 0


class FillView(NamedTuple):
    """One fill of an order."""

    exec_id: str
    last_qty: int
    last_px_e4: int
    fees_e4: int
    transact_ns: int
    is_busted: bool


class FillOfDay(NamedTuple):
    """One fill of the day that the venue did not take back, with the order it belongs to."""

    cl_ord_id: str
    order_no: int
    symbol: str
    side: Side
    last_qty: int
    last_px_e4: int
    fees_e4: int
    transact_ns: int
    exec_id: str


class AlertView(NamedTuple):
    """One price alert; a disarmed one has fired and waits for the price to go back."""

    alert_no: int
    symbol: str
    kind: AlertKind
    threshold_e4: int
    is_armed: bool
    is_repeating: bool
    set_ns: int


def account_view(book: AccountBook, account_no: str) -> AccountView | None:
    """Return an account's cash, None when it is unknown."""
    row = book.accounts.row_of(account_no)
    if not row:
        return None
    at = book.accounts.at
    return AccountView(
        account_no,
        book.branches.branch_code[at.branch_row[row]],
        at.cash_e4[row],
        at.frozen_e4[row],
        book.accounts.free_e4(row),
        at.unsettled_e4[row],
        book.accounts.withdrawable_e4(row),
        at.is_killed[row],
    )


def buying_power_e4(book: AccountBook, account_no: str) -> int:
    """Return the cash an account may buy with (fees included), 0 when it is unknown."""
    return book.accounts.free_e4(book.accounts.row_of(account_no))


def sellable_qty(book: AccountBook, account_no: str, symbol: str) -> int:
    """Return how many shares an account may sell now."""
    rows = book.accounts.row_of(account_no), book.instruments.row_of(symbol)
    return int(book.positions.at.sellable_qty[book.positions.row_of(*rows)])


def positions_of(book: AccountBook, account_no: str) -> list[PositionView]:
    """Return an account's holdings by symbol; what was sold out is left out."""
    positions = book.positions
    at = positions.at
    found = [
        PositionView(
            book.instruments.symbol[at.instrument_row[row]],
            at.qty[row],
            at.sellable_qty[row],
            at.frozen_qty[row],
            at.bought_today_qty[row],
            at.cost_e4[row],
        )
        for row in positions.of_account(book.accounts, book.accounts.row_of(account_no))
        if at.qty[row] or at.frozen_qty[row] or at.sellable_qty[row]
    ]
    return sorted(found)


def orders_of(book: AccountBook, account_no: str, limit: int = ORDERS_MAX) -> list[OrderView]:
    """Return an account's orders of the day, the newest first, at most `limit`."""
    newest = book.accounts.at.newest_order[book.accounts.row_of(account_no)]
    rows = book.orders.of_account(newest)
    return [_order_view(book, book.orders, row) for row, _ in zip(rows, range(limit), strict=False)]


def order_of(book: AccountBook, cl_ord_id: str) -> OrderView | None:
    """Return the order of a ClOrdID(11), or the order that a cancel request is about."""
    place = book.find_order(cl_ord_id)
    return None if place is None else _order_view(book, place.orders, place.row)


def open_orders(book: AccountBook) -> list[OpenOrder]:
    """Return every open order of the firm, oldest first, as the FIX edge wants them at start."""
    found = []
    for row in book.orders.open_rows():
        view = _order_view(book, book.orders, row)
        found.append(
            OpenOrder(
                view.cl_ord_id,
                view.account_no,
                view.symbol,
                view.side,
                view.qty,
                view.price_e4,
                view.ord_type,
                TimeInForce(book.orders.at.time_in_force[row]),
                view.accepted_ns,
                view.is_reported,
                (view.cancel_cl_ord_id,) if view.cancel_cl_ord_id else (),
            )
        )
    return found


def fills_of(book: AccountBook, cl_ord_id: str) -> list[FillView]:
    """Return the fills of an order, the newest first; none when it is unknown."""
    place = book.find_order(cl_ord_id)
    if place is None:
        return []
    executions = place.orders.executions
    at = executions.at
    return [
        FillView(
            executions.exec_id(row),
            at.last_qty[row],
            at.last_px_e4[row],
            at.fees_e4[row],
            at.transact_ns[row],
            at.is_busted[row],
        )
        for row in executions.of_order(place.orders.at.newest_execution[place.row])
    ]


def fills_today(book: AccountBook, account_no: str, limit: int = FILLS_MAX) -> list[FillOfDay]:
    """Return the fills of an account's orders of the day, the newest first, at most `limit`."""
    orders = book.orders
    own, at = orders.at, orders.executions.at
    newest = book.accounts.at.newest_order[book.accounts.row_of(account_no)]
    fills = (
        (fill, row)
        for row in orders.of_account(newest)
        for fill in orders.executions.of_order(own.newest_execution[row])
        if not at.is_busted[fill]
    )
    return [
        FillOfDay(
            orders.cl_ord_id(own.order_no[row]),
            own.order_no[row],
            book.instruments.symbol[own.instrument_row[row]],
            Side(own.side[row]),
            at.last_qty[fill],
            at.last_px_e4[fill],
            at.fees_e4[fill],
            at.transact_ns[fill],
            orders.executions.exec_id(fill),
        )
        for fill, row in nlargest(limit, fills)  # rows rise in the order the fills came
    ]


def alerts_of(book: AccountBook, account_no: str) -> list[AlertView]:
    """Return an account's price alerts, the newest first."""
    at = book.alerts.at
    return [
        AlertView(
            at.alert_no[row],
            book.instruments.symbol[at.instrument_row[row]],
            AlertKind(at.kind[row]),
            at.threshold_e4[row],
            at.is_armed[row],
            at.rearm_e4[row] > 0,
            at.set_ns[row],
        )
        for row in book.alerts.of_account(book.accounts, book.accounts.row_of(account_no))
    ]


def quote_of(book: AccountBook, symbol: str) -> Quote | None:
    """Return the latest prices of a symbol (0 = none yet), None when it is unknown."""
    row = book.instruments.row_of(symbol)
    return book.prices.get(row) if row else None


def take_quote(book: AccountBook, symbol: str, quote: Quote) -> bool:
    """Put a tick into the price columns; False when the symbol is unknown."""
    row = book.instruments.row_of(symbol)
    if row:
        book.prices.put(row, quote)
    return bool(row)


def _order_view(book: AccountBook, orders: DayOrders, row: int) -> OrderView:
    at = orders.at
    return OrderView(
        orders.cl_ord_id(at.order_no[row]),
        at.order_no[row],
        book.accounts.account_no[at.account_row[row]],
        book.instruments.symbol[at.instrument_row[row]],
        Side(at.side[row]),
        OrdType(at.ord_type[row]),
        Channel(at.channel[row]),
        OrdStatus(at.ord_status[row]),
        at.qty[row],
        at.leaves_qty[row],
        at.cum_qty[row],
        at.price_e4[row],
        at.turnover_e4[row],
        at.commission_e4[row] + at.stamp_duty_e4[row] + at.transfer_fee_e4[row],
        at.reserved_e4[row],
        at.accepted_ns[row],
        at.updated_ns[row],
        orders.order_id[row],
        orders.text[row],
        orders.cl_ord_id(at.cancel_no[row]) if at.cancel_no[row] else "",
        at.is_routed[row],
        at.is_resent[row],
        at.is_reported[row],
        at.is_cancel_routed[row],
    )
