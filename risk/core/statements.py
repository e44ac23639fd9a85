"""Statements on request: the figures of the moment, taken into the event that sends them.

Not here: their words (notify.render), or statements of a day after its clearing.
"""

from risk.book import views
from risk.book.account_book import AccountBook
from risk.checks.moment import Moment
from risk.core.alerts import account_denial
from risk.domain import commands as c
from risk.domain.enums import Channel, Side, StatementForm
from risk.domain.events import CommandDenied, Event
from risk.domain.ids import NS
from risk.domain.reasons import ReasonCode
from risk.domain.service_events import StatementRequested
from risk.domain.statements import (
    STATEMENT_ROWS_MAX,
    StatementFill,
    StatementOrder,
    StatementPosition,
)


def decide_statement(book: AccountBook, moment: Moment, command: c.RequestStatement) -> Event:
    """Return the statement with its figures, or why none is sent."""
    account_row = book.accounts.row_of(command.account_no)
    now_ns = moment.now_ns
    reason = account_denial(book, account_row, command.branch_code)
    if reason is not None:
        return CommandDenied(now_ns, command.request_id, reason, {})
    last_ns = book.accounts.at.statement_ns[account_row]
    wait_ns = last_ns + moment.house.statement_wait_s * NS - now_ns
    if last_ns and 0 < wait_ns <= moment.house.statement_wait_s * NS:
        detail = {"wait_s": -(-wait_ns // NS)}
        return CommandDenied(now_ns, command.request_id, ReasonCode.STATEMENT_TOO_SOON, detail)
    return _statement(book, now_ns, command)


def _statement(book: AccountBook, now_ns: int, command: c.RequestStatement) -> StatementRequested:
    cash = views.account_view(book, command.account_no)
    assert cash is not None, command
    positions = [_position(book, view) for view in views.positions_of(book, command.account_no)]
    form = StatementForm.SMS if command.form == StatementForm.SMS else StatementForm.MAIL
    most = STATEMENT_ROWS_MAX if form == StatementForm.MAIL else 0
    return StatementRequested(
        now_ns,
        command.request_id,
        command.account_no,
        form,
        Channel(command.channel),
        command.branch_code,
        command.trace_id,
        cash.cash_e4,
        cash.frozen_e4,
        cash.free_e4,
        cash.withdrawable_e4,
        sum(row.qty * row.price_e4 for row in positions),
        len(positions),
        *_sums_of_day(book, command.account_no),
        tuple(positions[:most]),
        tuple(_order(view) for view in views.orders_of(book, command.account_no, most)),
        tuple(_fill(fill) for fill in views.fills_today(book, command.account_no, most)),
    )


def _sums_of_day(book: AccountBook, account_no: str) -> tuple[int, int, int, int, int]:
    """Return the day's orders, fills, turnover bought and sold, and fees, without their rows."""
    orders = book.orders
    own, fills = orders.at, orders.executions
    newest = book.accounts.at.newest_order[book.accounts.row_of(account_no)]
    order_count = fill_count = bought_e4 = sold_e4 = fees_e4 = 0
    for row in orders.of_account(newest):
        order_count += 1
        if own.side[row] == Side.BUY:
            bought_e4 += own.turnover_e4[row]
        else:
            sold_e4 += own.turnover_e4[row]
        fees_e4 += own.commission_e4[row] + own.stamp_duty_e4[row] + own.transfer_fee_e4[row]
        for fill in fills.of_order(own.newest_execution[row]):
            fill_count += not fills.at.is_busted[fill]
    return order_count, fill_count, bought_e4, sold_e4, fees_e4


def _position(book: AccountBook, view: views.PositionView) -> StatementPosition:
    row = book.instruments.row_of(view.symbol)
    price_e4 = book.prices.at.last_e4[row] or book.instruments.at.prev_close_e4[row]
    return StatementPosition(view.symbol, view.qty, view.sellable_qty, view.cost_e4, price_e4)


def _order(view: views.OrderView) -> StatementOrder:
    return StatementOrder(
        view.order_no,
        view.symbol,
        view.side,
        view.qty,
        view.cum_qty,
        view.price_e4,
        view.ord_status,
        view.accepted_ns,
    )


def _fill(fill: views.FillOfDay) -> StatementFill:
    return StatementFill(
        fill.order_no,
        fill.symbol,
        fill.side,
        fill.last_qty,
        fill.last_px_e4,
        fill.fees_e4,
        fill.transact_ns,
    )
