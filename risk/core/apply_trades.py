"""Applying trades and their busts to the book.

Part of risk.core.apply, like which nothing here consults a rule. Not here: the figures' origin
(risk.core.fills).
"""

from typing import Final

from risk.book.account_book import AccountBook
from risk.book.live_orders import link_live, unlink_live
from risk.core.places import note_told, own_place
from risk.domain import events as e
from risk.domain.enums import Side

STATUS_EXEC_ID: Final = "status."  # how the ExecID(17) of a fill told by a status answer begins
_BUY: Final = int(Side.BUY)


def apply_filled(book: AccountBook, event: e.Filled) -> None:
    """Book a trade: cash, shares, fees, what was reserved, and the fill itself."""
    orders, row = own_place(book, event.cl_ord_id)
    own = orders.at
    last_qty, leaves_qty = event.last_qty, event.leaves_qty
    turnover_e4 = last_qty * event.last_px_e4
    fees_e4 = event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4
    taken_qty = own.leaves_qty[row] - leaves_qty  # of what was still reserved
    own.turnover_e4[row] += turnover_e4
    own.commission_e4[row] += event.commission_e4
    if event.stamp_duty_e4:
        own.stamp_duty_e4[row] += event.stamp_duty_e4
    own.transfer_fee_e4[row] += event.transfer_fee_e4
    own.cum_qty[row] = event.cum_qty
    own.leaves_qty[row] = leaves_qty
    own.ord_status[row] = event.ord_status
    if event.exec_id.startswith(STATUS_EXEC_ID):
        own.status_cum_qty[row] = event.cum_qty
    if event.side == _BUY:
        cost_e4 = turnover_e4 + fees_e4
        own.reserved_e4[row] -= event.unfrozen_e4
        _bought(book, own.account_row[row], own.position_row[row], event, cost_e4)
    else:
        net_e4 = turnover_e4 - fees_e4
        cost_e4 = _sold(book, own.account_row[row], own.position_row[row], event, taken_qty, net_e4)
    executions = orders.executions
    fill = executions.add(row, event.exec_id)
    to = executions.at
    to.older_of_order[fill] = own.newest_execution[row]
    own.newest_execution[row] = fill
    to.last_qty[fill] = last_qty
    to.last_px_e4[fill] = event.last_px_e4
    to.cost_e4[fill] = cost_e4
    to.fees_e4[fill] = fees_e4
    to.transact_ns[fill] = event.transact_ns
    if taken_qty and not leaves_qty and orders is book.orders:
        unlink_live(book.positions, orders, row)
    if event.order_id:
        orders.order_id[row] = event.order_id
    note_told(book, orders, row, event)


def _bought(
    book: AccountBook, account_row: int, position_row: int, event: e.Filled, cost_e4: int
) -> None:
    cash, held = book.accounts.at, book.positions.at
    cash.cash_e4[account_row] -= cost_e4
    cash.frozen_e4[account_row] -= event.unfrozen_e4
    held.qty[position_row] += event.last_qty
    held.sellable_qty[position_row] += event.sellable_qty
    held.bought_today_qty[position_row] += event.last_qty - event.sellable_qty
    held.cost_e4[position_row] += cost_e4


def _sold(
    book: AccountBook,
    account_row: int,
    position_row: int,
    event: e.Filled,
    taken_qty: int,
    net_e4: int,
) -> int:
    """Move the shares out and the proceeds in; return the cost of the shares sold."""
    cash, held = book.accounts.at, book.positions.at
    last_qty, qty = event.last_qty, held.qty[position_row]
    cash.cash_e4[account_row] += net_e4
    cash.unsettled_e4[account_row] += max(net_e4, 0)
    cost_e4 = held.cost_e4[position_row] * last_qty // qty if qty > last_qty else None
    cost_e4 = held.cost_e4[position_row] if cost_e4 is None else cost_e4
    held.qty[position_row] = qty - last_qty
    held.frozen_qty[position_row] -= taken_qty
    held.sellable_qty[position_row] -= last_qty - taken_qty  # sold after we had released it
    held.cost_e4[position_row] -= cost_e4
    return int(cost_e4)


def apply_busted(book: AccountBook, event: e.FillBusted) -> None:
    """Take a trade back and reserve again what is open again."""
    orders, row = own_place(book, event.cl_ord_id)
    own, executions = orders.at, orders.executions
    fill = executions.row_of(row, event.exec_ref_id)
    assert fill, event
    turnover_e4 = event.last_qty * event.last_px_e4
    fees_e4 = event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4
    account_row, position_row = own.account_row[row], own.position_row[row]
    cash, held = book.accounts.at, book.positions.at
    reopened_qty = event.leaves_qty - own.leaves_qty[row]
    cost_e4 = executions.at.cost_e4[fill]
    if event.side == _BUY:
        cash.cash_e4[account_row] += turnover_e4 + fees_e4
        cash.frozen_e4[account_row] += event.frozen_e4
        own.reserved_e4[row] += event.frozen_e4
        is_of_today = orders is book.orders  # what an earlier day bought is sellable since
        locked_qty = min(held.bought_today_qty[position_row], event.last_qty) if is_of_today else 0
        held.bought_today_qty[position_row] -= locked_qty
        held.sellable_qty[position_row] -= event.last_qty - locked_qty
        held.qty[position_row] -= event.last_qty
        held.cost_e4[position_row] -= min(cost_e4, held.cost_e4[position_row])
    else:
        net_e4 = turnover_e4 - fees_e4
        cash.cash_e4[account_row] -= net_e4
        unsettled_e4 = cash.unsettled_e4[account_row] - max(net_e4, 0)
        cash.unsettled_e4[account_row] = max(unsettled_e4, 0)  # a day may lie between
        held.qty[position_row] += event.last_qty
        held.frozen_qty[position_row] += reopened_qty
        held.sellable_qty[position_row] += event.last_qty - reopened_qty
        held.cost_e4[position_row] += cost_e4
    if reopened_qty and not own.leaves_qty[row] and orders is book.orders:
        link_live(book.positions, orders, row)
    own.turnover_e4[row] -= turnover_e4
    own.commission_e4[row] -= event.commission_e4
    own.stamp_duty_e4[row] -= event.stamp_duty_e4
    own.transfer_fee_e4[row] -= event.transfer_fee_e4
    own.cum_qty[row] = event.cum_qty
    own.leaves_qty[row] = event.leaves_qty
    own.status_cum_qty[row] = max(0, own.status_cum_qty[row] - event.last_qty)
    own.ord_status[row] = event.ord_status
    executions.at.is_busted[fill] = True
    executions.see(row, event.exec_id, fill)
    note_told(book, orders, row, event)
