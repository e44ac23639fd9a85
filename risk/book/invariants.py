"""What must hold of a book after every event, as a list of named checks.

For tests, replay and `hotline doctor`: each returns the rows (or keys) that break it.
Not here: what only a venue's bust can cause and people must settle (cash or shares below zero).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.columns import I64, NOBODY, ColumnTable
from risk.book.orders import DayOrders
from risk.domain.enums import OrdStatus, Side


class Invariant(NamedTuple):
    """A statement about a book; `broken` returns the rows that contradict it."""

    statement: str
    broken: Callable[[AccountBook], I64]


def broken_invariants(book: AccountBook) -> dict[str, list[int]]:
    """Return the statements that do not hold, with the first rows that contradict each."""
    found = {invariant.statement: invariant.broken(book)[:10] for invariant in INVARIANTS}
    return {statement: rows.tolist() for statement, rows in found.items() if len(rows)}


def _frozen_is_reserved(book: AccountBook) -> I64:
    """Cash frozen on an account is what its open buys reserve."""
    reserved = np.zeros(book.accounts.count, np.int64)
    for orders in (book.orders, book.orders_before):
        used = slice(orders.count)
        np.add.at(reserved, orders.account_row[used], orders.reserved_e4[used])
    return np.flatnonzero(reserved != book.accounts.frozen_e4[: book.accounts.count])


def _frozen_shares_are_open(book: AccountBook) -> I64:
    """Shares frozen in a position are what its open sells have left."""
    leaves = np.zeros(book.positions.count, np.int64)
    for orders in (book.orders, book.orders_before):
        sells = np.flatnonzero(orders.side[: orders.count] == Side.SELL)
        np.add.at(leaves, orders.position_row[sells], orders.leaves_qty[sells])
    return np.flatnonzero(leaves != book.positions.frozen_qty[: book.positions.count])


def _shares_add_up(book: AccountBook) -> I64:
    positions, used = book.positions, slice(book.positions.count)
    parts = positions.sellable_qty[used] + positions.frozen_qty[used]
    return np.flatnonzero(positions.qty[used] != parts + positions.bought_today_qty[used])


def _nothing_frozen_below_zero(book: AccountBook) -> I64:
    positions, used = book.positions, slice(book.positions.count)
    below = (positions.frozen_qty[used] < 0) | (positions.bought_today_qty[used] < 0)
    accounts, used = book.accounts, slice(book.accounts.count)
    below_cash = (accounts.frozen_e4[used] < 0) | (accounts.unsettled_e4[used] < 0)
    return np.concatenate([np.flatnonzero(below), np.flatnonzero(below_cash)])


def _quantities_add_up(book: AccountBook) -> I64:
    """An order never has more than its quantity; one that was not ended early has exactly it."""
    return _order_rows(book, _qty_broken)


def _qty_broken(orders: DayOrders) -> I64:
    used = slice(orders.count)
    both = orders.cum_qty[used] + orders.leaves_qty[used]
    ended = np.isin(orders.ord_status[used], _ENDED_EARLY)
    wrong = (both > orders.qty[used]) | ((orders.leaves_qty[used] > 0) & ended)
    full = (orders.ord_status[used] == OrdStatus.FILLED) != (
        orders.cum_qty[used] == orders.qty[used]
    )
    return np.flatnonzero(wrong | (full & (np.arange(orders.count) != NOBODY) & ~ended))


def _closed_orders_reserve_nothing(book: AccountBook) -> I64:
    return _order_rows(
        book,
        lambda orders: np.flatnonzero(
            (orders.leaves_qty[: orders.count] == 0) & (orders.reserved_e4[: orders.count] != 0)
        ),
    )


def _fills_add_up(book: AccountBook) -> I64:
    """The fills of an order that were not taken back are its cum_qty and turnover."""
    return _order_rows(book, _fills_broken)


def _fills_broken(orders: DayOrders) -> I64:
    executions = orders.executions
    rows = np.flatnonzero(~executions.is_busted[: executions.count])
    order_row, qty = executions.order_row[rows], executions.last_qty[rows].astype(np.int64)
    cum, turnover = np.zeros(orders.count, np.int64), np.zeros(orders.count, np.int64)
    np.add.at(cum, order_row, qty)
    np.add.at(turnover, order_row, qty * executions.last_px_e4[rows])
    wrong = (cum != orders.cum_qty[: orders.count]) | (
        turnover != orders.turnover_e4[: orders.count]
    )
    return np.flatnonzero(wrong)


def _live_lists_are_right(book: AccountBook) -> I64:
    """Each position's list has its open orders of the day, and the best price of each side."""
    positions, orders = book.positions, book.orders
    highest, lowest = np.zeros(positions.count, np.int64), np.zeros(positions.count, np.int64)
    listed = np.zeros(orders.count, np.int64)
    at = orders.at
    for position_row in np.flatnonzero(positions.newest_live[: positions.count]).tolist():
        row = positions.at.newest_live[position_row]
        while row:
            listed[row] += 1
            price_e4 = at.price_e4[row]
            if at.side[row] == Side.BUY:
                highest[position_row] = max(highest[position_row], price_e4)
            elif not lowest[position_row] or price_e4 < lowest[position_row]:
                lowest[position_row] = price_e4
            row = at.next_live[row]
    is_open = orders.leaves_qty[: orders.count] > 0
    used = slice(positions.count)
    wrong = (highest != positions.highest_buy_e4[used]) | (lowest != positions.lowest_sell_e4[used])
    return np.concatenate([np.flatnonzero(wrong), np.flatnonzero(listed != is_open)])


def _alerts_are_listed_and_watched(book: AccountBook) -> I64:
    """Each alert is on its account's list once and on watch; the other rows are free."""
    alerts, accounts = book.alerts, book.accounts
    listed = np.zeros(alerts.count, np.int64)
    for account_row in np.flatnonzero(accounts.newest_alert[: accounts.count]).tolist():
        for row in alerts.of_account(accounts, account_row):
            listed[row] += alerts.at.account_row[row] == account_row
    free, row = np.zeros(alerts.count, np.int64), alerts.free_row
    while row:
        free[row] += 1
        row = alerts.at.older_of_account[row]
    is_alert = alerts.alert_no[: alerts.count] > 0
    rows = np.flatnonzero(is_alert).tolist()
    wanted = {(row, alerts.at.instrument_row[row], *alerts.watch_of(row)) for row in rows}
    astray = [row for row, *_ in wanted ^ alerts.watchlist.watches()]
    is_row = np.arange(alerts.count) != NOBODY
    wrong = (listed != is_alert) | (free != (is_row & ~is_alert))
    return np.concatenate([np.flatnonzero(wrong), np.array(astray, np.int64)])


def _nobody_is_nobody(book: AccountBook) -> I64:
    tables: tuple[ColumnTable[Any], ...] = (
        *(book.accounts, book.positions, book.instruments, book.orders, book.branches),
        book.alerts,
    )
    written = [any(getattr(table, name)[NOBODY] for name in table.dtypes) for table in tables]
    return np.flatnonzero(written)


def _order_rows(book: AccountBook, broken: Callable[[DayOrders], I64]) -> I64:
    return np.concatenate([broken(book.orders), broken(book.orders_before)])


_ENDED_EARLY: Final = (OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED)

INVARIANTS: Final = (
    Invariant("frozen cash is what open buys reserve", _frozen_is_reserved),
    Invariant("frozen shares are what open sells have left", _frozen_shares_are_open),
    Invariant("shares are sellable, frozen or bought today", _shares_add_up),
    Invariant("nothing frozen or unsettled is below zero", _nothing_frozen_below_zero),
    Invariant("filled and open quantity stay within the order", _quantities_add_up),
    Invariant("a closed order reserves nothing", _closed_orders_reserve_nothing),
    Invariant("fills add up to their order", _fills_add_up),
    Invariant("live orders are listed with their best prices", _live_lists_are_right),
    Invariant("alerts are listed and watched", _alerts_are_listed_and_watched),
    Invariant("row 0 stays empty", _nobody_is_nobody),
)
