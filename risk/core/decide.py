"""decide(book, rules, moment, command): the events of one command, by its type.

Pure but for reading the book: each event must be applied before the next is asked for. Orders are
decided a wave at a time by risk.core.orders and do not come here.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from risk.book.account_book import AccountBook
from risk.checks.moment import Moment, TradingRules
from risk.core import alerts, refusals, upkeep
from risk.core.alerts import decide_set_alert
from risk.core.orders import decide_cancel
from risk.core.reports import decide_execution
from risk.core.statements import decide_statement
from risk.domain import commands as c
from risk.domain.events import Event

_Simple = Callable[[AccountBook, Any, int], Iterator[Event]]


def decide(
    book: AccountBook, rules: TradingRules, moment: Moment, command: c.Command
) -> Iterator[Event]:
    """Return what a command other than an order leads to, at least one event."""
    if isinstance(command, c.RecordExecution):
        return decide_execution(book, rules, command, moment.now_ns)
    if isinstance(command, c.CancelOrder):
        return iter((decide_cancel(book, moment, command),))
    if isinstance(command, c.SetAlert):
        return iter((decide_set_alert(book, moment, command),))
    if isinstance(command, c.RequestStatement):
        return iter((decide_statement(book, moment, command),))
    return BY_TYPE[type(command)](book, command, moment.now_ns)


BY_TYPE: Final[dict[type[c.Command], _Simple]] = {
    c.OpenAccount: upkeep.open_account,
    c.ListInstrument: upkeep.list_instrument,
    c.MoveCash: upkeep.move_cash,
    c.MoveShares: upkeep.move_shares,
    c.StartDay: upkeep.start_day,
    c.RecordRouted: upkeep.record_routed,
    c.RecordCancelReject: refusals.decide_cancel_reject,
    c.RecordRefusal: refusals.decide_refusal,
    c.RecordInbound: upkeep.record_inbound,
    c.SetKillSwitch: upkeep.set_kill_switch,
    c.TakeFingerprint: upkeep.take_fingerprint,
    c.RecordCall: upkeep.record_call,
    c.RemoveAlert: alerts.remove_alert,
    c.FireAlert: alerts.fire_alert,
    c.RearmAlert: alerts.rearm_alert,
    c.RecordPinChange: upkeep.record_pin_change,
}
