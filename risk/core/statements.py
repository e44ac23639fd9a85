"""Statements on request: the figures of the moment, taken into the event that sends them.

Not here: their words (notify.render), or statements of a day after its clearing.
"""

from itertools import islice

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

_EVERYTHING = 1_000_000  # orders or fills of one account and day


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
    orders = views.orders_of(book, command.account_no, _EVERYTHING)
    fills = views.fills_today(book, command.account_no, _EVERYTHING)
    turnover_e4 = dict.fromkeys(Side, 0)
    for fill in fills:
        turnover_e4[fill.side] += fill.last_qty * fill.last_px_e4
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
        len(orders),
        len(fills),
        turnover_e4[Side.BUY],
        turnover_e4[Side.SELL],
        sum(fill.fees_e4 for fill in fills),
        tuple(positions[:most]),
        tuple(_order(view) for view in islice(orders, most)),
        tuple(_fill(fill) for fill in islice(fills, most)),
    )


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
