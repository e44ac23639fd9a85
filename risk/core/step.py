"""step(book, rules, commands, now_ns): waves, decide, apply; the one way commands reach the book.

What sequencer, simulation and oracle tests call. Not here: durability, idempotency, time.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from risk.book.account_book import AccountBook
from risk.book.columns import NOBODY
from risk.checks.batch import BARRIER, waves
from risk.checks.moment import TradingRules
from risk.core.apply import APPLY
from risk.core.decide import decide
from risk.core.orders import decide_orders
from risk.domain import commands as c
from risk.domain.events import Event


def step(
    book: AccountBook, rules: TradingRules, commands: Sequence[c.Command], now_ns: int
) -> list[list[Event]]:
    """Return the events of each command, at least one, applied to the book.

    The first event of a command is the answer to who asked. Commands take effect in order, as if
    each had come alone. `now_ns` is the wall clock, Unix time in ns.
    """
    caused: list[list[Event]] = []
    for rows in waves(ACCOUNT_ROW[type(command)](book, command) for command in commands):
        wave = commands[len(caused) : len(caused) + len(rows)]
        _step_wave(book, rules, wave, rows, now_ns, caused)
    return caused


def _step_wave(
    book: AccountBook,
    rules: TradingRules,
    commands: Sequence[c.Command],
    rows: Sequence[int],
    now_ns: int,
    caused: list[list[Event]],
) -> None:
    moment = rules.moment(book, now_ns)
    orders = [command for command in commands if isinstance(command, c.SubmitOrder)]
    if orders:
        is_order = [isinstance(command, c.SubmitOrder) for command in commands]
        order_rows = [row for row, is_one in zip(rows, is_order, strict=True) if is_one]
        outcome = decide_orders(book, moment, orders, order_rows)
    turn = 0
    for command in commands:
        if isinstance(command, c.SubmitOrder):
            event: Event = outcome(turn)
            turn += 1
            APPLY[type(event)](book, event)
            caused.append([event])
            continue
        events: list[Event] = []
        for event in decide(book, rules, moment, command):
            APPLY[type(event)](book, event)
            events.append(event)
        caused.append(events)


def _named(book: AccountBook, command: Any) -> int:
    return book.accounts.rows.get(command.account_no, NOBODY)


def _reported(book: AccountBook, command: Any) -> int:
    place = book.find_order(command.cl_ord_id) or book.find_order(command.orig_cl_ord_id)
    return place.orders.at.account_row[place.row] if place else NOBODY


def _refused(book: AccountBook, command: Any) -> int:
    place = book.find_order(command.ref_cl_ord_id)
    return place.orders.at.account_row[place.row] if place else NOBODY


def _nobody(book: AccountBook, command: Any) -> int:
    return NOBODY


def _everybody(book: AccountBook, command: Any) -> int:
    return BARRIER


# Whose account a command concerns, by its row.
ACCOUNT_ROW: Final[dict[type[c.Command], Callable[[AccountBook, Any], int]]] = {
    c.OpenAccount: _everybody,
    c.ListInstrument: _everybody,
    c.MoveCash: _named,
    c.MoveShares: _named,
    c.StartDay: _everybody,
    c.SubmitOrder: _named,
    c.CancelOrder: _named,
    c.RecordRouted: _nobody,
    c.RecordExecution: _reported,
    c.RecordCancelReject: _reported,
    c.RecordRefusal: _refused,
    c.RecordInbound: _nobody,
    c.SetKillSwitch: _everybody,
    c.TakeFingerprint: _everybody,
    c.RecordCall: _nobody,
    c.SetAlert: _named,
    c.RemoveAlert: _named,
    c.FireAlert: _named,
    c.RearmAlert: _named,
    c.RequestStatement: _named,
    c.RecordPinChange: _nobody,
}
