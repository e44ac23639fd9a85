"""Figures of trades: what a fill costs and releases, what a bust gives back.

An order owes fees on its whole turnover, by the schedule of its own day; a fill is charged the
difference to what the order was charged before, so increments add up to the order's total.
Not here: whether a report is a new trade (risk.core.reports).
"""

from typing import Final, NamedTuple

from risk.book.account_book import AccountBook, OrderPlace
from risk.checks.moment import TradingRules
from risk.core.members import BOARD, CHANNEL, ORD_STATUS, SIDE
from risk.domain.commands import RecordExecution
from risk.domain.enums import Board, OrdStatus, Side
from risk.domain.events import FillBusted, Filled
from risk.market.fees import Fees, order_fees
from risk.market.rulebook import DayRules

_NO_FEES: Final = Fees(0, 0, 0)
_CLOSED: Final = frozenset({OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED})


class Trade(NamedTuple):
    """One trade to book."""

    exec_id: str
    last_qty: int
    last_px_e4: int


def filled(
    book: AccountBook,
    rules: TradingRules,
    place: OrderPlace,
    report: RecordExecution,
    trade: Trade,
    at_ns: int,
) -> Filled:
    """Return the event of a trade; an order that had ended stays ended.

    The reservation suffices for every fill at the order's price or better: fees never fall as the
    turnover grows. Should a venue fill beyond the price, free cash pays the rest: a real fill is
    never lost.
    """
    own, row = place.orders.at, place.row
    side = SIDE[own.side[row]]
    last_qty, last_px_e4 = trade.last_qty, trade.last_px_e4
    cum_qty = own.cum_qty[row] + last_qty
    leaves_qty = max(0, own.leaves_qty[row] - last_qty)
    turnover_e4 = own.turnover_e4[row] + last_qty * last_px_e4
    day_rules = rules.of_day(place.orders.day)
    instrument_row = own.instrument_row[row]
    board = BOARD[book.instruments.at.board[instrument_row]]
    owed = _fees(day_rules, board, side, turnover_e4)
    unfrozen_e4 = sellable_qty = 0
    if side == Side.BUY:
        unfrozen_e4 = own.reserved_e4[row] - min(
            own.reserved_e4[row],
            _reservation_e4(day_rules, board, turnover_e4, leaves_qty, own.price_e4[row], owed),
        )
        is_t0 = book.instruments.at.is_t0[instrument_row]
        is_late = place.orders is not book.orders  # traded the day before: T+1 is today
        if is_t0 or is_late or (day_rules is not None and day_rules.is_t0[board]):
            sellable_qty = last_qty
    return Filled(
        at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        book.accounts.account_no[own.account_row[row]],
        book.instruments.symbol[instrument_row],
        side,
        report.order_id,
        trade.exec_id,
        last_qty,
        last_px_e4,
        cum_qty,
        leaves_qty,
        _status_after_fill(own.ord_status[row], cum_qty, leaves_qty, own.qty[row]),
        owed.commission_e4 - own.commission_e4[row],
        owed.stamp_duty_e4 - own.stamp_duty_e4[row],
        owed.transfer_fee_e4 - own.transfer_fee_e4[row],
        unfrozen_e4,
        report.fix_session,
        report.msg_seq_num,
        report.transact_ns,
        own.order_no[row],
        CHANNEL[own.channel[row]],
        sellable_qty,
    )


def busted(
    book: AccountBook,
    rules: TradingRules,
    place: OrderPlace,
    report: RecordExecution,
    fill_row: int,
    at_ns: int,
) -> FillBusted:
    """Return the event that takes a fill back.

    The quantity is open again as far as the venue says so (LeavesQty(151)), but never of an order
    that was cancelled, expired or rejected, or of an earlier day.
    """
    own, row, executions = place.orders.at, place.row, place.orders.executions
    side = SIDE[own.side[row]]
    last_qty, last_px_e4 = executions.at.last_qty[fill_row], executions.at.last_px_e4[fill_row]
    cum_qty = own.cum_qty[row] - last_qty
    turnover_e4 = own.turnover_e4[row] - last_qty * last_px_e4
    day_rules = rules.of_day(place.orders.day)
    board = BOARD[book.instruments.at.board[own.instrument_row[row]]]
    owed = _fees(day_rules, board, side, turnover_e4)
    leaves_qty = own.leaves_qty[row]
    if place.orders is book.orders and own.ord_status[row] not in _CLOSED:
        leaves_qty = min(max(leaves_qty, report.leaves_qty), leaves_qty + last_qty)
    reserved_e4 = 0
    if side == Side.BUY:
        price_e4 = own.price_e4[row]
        reserved_e4 = _reservation_e4(day_rules, board, turnover_e4, leaves_qty, price_e4, owed)
    status = own.ord_status[row]
    if leaves_qty:
        status = OrdStatus.PARTIALLY_FILLED if cum_qty else OrdStatus.NEW
    elif status not in _CLOSED:
        status = OrdStatus.CANCELED  # was filled, and what is missing is not open again
    return FillBusted(
        at_ns,
        place.orders.cl_ord_id(own.order_no[row]),
        book.accounts.account_no[own.account_row[row]],
        book.instruments.symbol[own.instrument_row[row]],
        side,
        report.exec_id,
        executions.exec_id(fill_row),
        last_qty,
        last_px_e4,
        cum_qty,
        leaves_qty,
        ORD_STATUS[status],
        own.commission_e4[row] - owed.commission_e4,
        own.stamp_duty_e4[row] - owed.stamp_duty_e4,
        own.transfer_fee_e4[row] - owed.transfer_fee_e4,
        max(0, reserved_e4 - own.reserved_e4[row]),
        report.fix_session,
        report.msg_seq_num,
        own.order_no[row],
    )


def open_status(place: OrderPlace) -> OrdStatus:
    """Return the status of an open order that nothing is pending for."""
    own, row = place.orders.at, place.row
    return OrdStatus.PARTIALLY_FILLED if own.cum_qty[row] else OrdStatus.NEW


def _status_after_fill(status: int, cum_qty: int, leaves_qty: int, qty: int) -> OrdStatus:
    if cum_qty == qty:
        return OrdStatus.FILLED
    if status in _CLOSED or (leaves_qty and status == OrdStatus.PENDING_CANCEL):
        return ORD_STATUS[status]
    return OrdStatus.PARTIALLY_FILLED if leaves_qty else OrdStatus.CANCELED


def _reservation_e4(
    rules: DayRules | None,
    board: Board,
    turnover_e4: int,
    leaves_qty: int,
    price_e4: int,
    owed: Fees,
) -> int:
    """Return what a buy must keep frozen: the rest at its price, with the fees not yet charged."""
    if not leaves_qty:
        return 0
    rest_e4 = leaves_qty * price_e4
    highest = _fees(rules, board, Side.BUY, turnover_e4 + rest_e4)
    return rest_e4 + highest.total_e4 - owed.total_e4


def _fees(rules: DayRules | None, board: Board, side: Side, turnover_e4: int) -> Fees:
    """Return what an order owes in all; nothing when its day has left the rulebook's horizon."""
    return _NO_FEES if rules is None else order_fees(rules, board, side, turnover_e4)
