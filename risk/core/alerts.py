"""Price alerts: who may set one, and what a price does to it.

An alert fires once when a price is at or beyond its threshold, however it got there: by steps, in
one jump or while nobody looked. One that repeats then waits, disarmed, until a price has gone back
by REARM_BP of the threshold, so that a price that trembles about it tells the customer once.
A threshold that the price has reached already is denied: the customer can hear the quote.
Not here: finding the alerts that a price reaches (risk.alerts.watchlist, gateway.feed).
"""

from collections.abc import Iterator
from typing import Final

from risk.book.account_book import AccountBook
from risk.checks.moment import Moment
from risk.domain import commands as c
from risk.domain import service_events as s
from risk.domain.enums import AlertKind, Channel
from risk.domain.events import CommandDenied, Event
from risk.domain.fixedpoint import BP, FEN_E4, PRICE_E4_MAX
from risk.domain.reasons import ReasonCode

REARM_BP: Final = 50
_KINDS: Final = frozenset(int(kind) for kind in AlertKind)
_ABOVE: Final = int(AlertKind.AT_OR_ABOVE)
_Crossed = c.FireAlert | c.RearmAlert


def rearm_level_e4(kind: AlertKind, threshold_e4: int) -> int:
    """Return the price at which a repeating alert arms itself again; at least a fen away."""
    band_e4 = max(threshold_e4 * REARM_BP // BP, FEN_E4)
    is_above = kind == AlertKind.AT_OR_ABOVE
    return max(1, threshold_e4 - band_e4) if is_above else threshold_e4 + band_e4


def decide_set_alert(book: AccountBook, moment: Moment, command: c.SetAlert) -> Event:
    """Return whether the alert waits from now on."""
    account_row = book.accounts.row_of(command.account_no)
    instrument_row = book.instruments.row_of(command.symbol)
    kind, threshold_e4 = command.kind, command.threshold_e4
    alerts, now_ns = book.alerts, moment.now_ns

    def denied(reason: ReasonCode, detail: dict[str, int] | None = None) -> CommandDenied:
        return CommandDenied(now_ns, command.request_id, reason, detail or {})

    reason = account_denial(book, account_row, command.branch_code)
    if reason is not None:
        return denied(reason)
    if not instrument_row:
        return denied(ReasonCode.SYMBOL_UNKNOWN)
    if kind not in _KINDS:
        return denied(ReasonCode.ALERT_KIND_UNKNOWN)
    if not 0 < threshold_e4 <= PRICE_E4_MAX:
        return denied(ReasonCode.ALERT_PRICE_NOT_VALID)
    own = list(alerts.of_account(book.accounts, account_row))
    at = alerts.at
    wish = instrument_row, kind, threshold_e4
    if any((at.instrument_row[row], at.kind[row], at.threshold_e4[row]) == wish for row in own):
        return denied(ReasonCode.ALERT_EXISTS)
    if len(own) >= moment.house.alerts_per_account:
        return denied(ReasonCode.ALERT_LIMIT, {"most": moment.house.alerts_per_account})
    last_e4 = book.prices.at.last_e4[instrument_row]
    if last_e4 and _is_reached(kind == _ABOVE, threshold_e4, last_e4):
        return denied(ReasonCode.ALERT_REACHED, {"last_e4": last_e4})
    return s.AlertSet(
        now_ns,
        command.request_id,
        alerts.last_no + 1,
        command.account_no,
        command.symbol,
        AlertKind(kind),
        threshold_e4,
        rearm_level_e4(AlertKind(kind), threshold_e4) if command.is_repeating else 0,
        Channel(command.channel),
        command.branch_code,
        command.trace_id,
    )


def remove_alert(book: AccountBook, command: c.RemoveAlert, at_ns: int) -> Iterator[Event]:
    """Take an alert of one's own away."""
    account_row = book.accounts.row_of(command.account_no)
    reason = account_denial(book, account_row, command.branch_code)
    row = book.alerts.row_of(book.accounts, account_row, command.alert_no)
    if reason is None and not row:
        reason = ReasonCode.ALERT_UNKNOWN
    if reason is not None:
        yield CommandDenied(at_ns, command.request_id, reason, {})
        return
    at = book.alerts.at
    yield s.AlertRemoved(
        at_ns,
        command.request_id,
        command.alert_no,
        command.account_no,
        book.instruments.symbol[at.instrument_row[row]],
        AlertKind(at.kind[row]),
        at.threshold_e4[row],
        Channel(command.channel),
        command.branch_code,
        command.trace_id,
    )


def fire_alert(book: AccountBook, command: c.FireAlert, at_ns: int) -> Iterator[Event]:
    """Tell it, unless it is gone, disarmed or not reached by this price."""
    row = _crossed_row(book, command, is_armed=True)
    if not row:
        yield CommandDenied(at_ns, command.request_id, ReasonCode.ALERT_UNKNOWN, {})
        return
    at = book.alerts.at
    yield s.AlertFired(
        at_ns,
        command.alert_no,
        command.account_no,
        book.instruments.symbol[at.instrument_row[row]],
        AlertKind(at.kind[row]),
        at.threshold_e4[row],
        command.last_px_e4,
        command.tick_ns,
        at.rearm_e4[row] > 0,
    )


def rearm_alert(book: AccountBook, command: c.RearmAlert, at_ns: int) -> Iterator[Event]:
    """Arm it again, unless it is gone, armed or the price has not gone back far enough."""
    if _crossed_row(book, command, is_armed=False):
        yield s.AlertRearmed(at_ns, *command[2:3], command.account_no, *command[3:])
    else:
        yield CommandDenied(at_ns, command.request_id, ReasonCode.ALERT_UNKNOWN, {})


def account_denial(book: AccountBook, account_row: int, door_branch: str) -> ReasonCode | None:
    """Return why this door may not speak for the account, None when it may."""
    if not account_row:
        return ReasonCode.ACCOUNT_UNKNOWN
    branch_row = book.accounts.at.branch_row[account_row]
    if door_branch and book.branches.rows.get(door_branch) != branch_row:
        return ReasonCode.NOT_YOUR_ACCOUNT
    return None


def _crossed_row(book: AccountBook, command: _Crossed, is_armed: bool) -> int:
    """Return the alert's row when it waits in this state and the price reaches it, else 0."""
    account_row = book.accounts.row_of(command.account_no)
    row = book.alerts.row_of(book.accounts, account_row, command.alert_no)
    if not row or book.alerts.at.is_armed[row] is not is_armed:
        return 0
    return row if _is_reached(*book.alerts.watch_of(row), command.last_px_e4) else 0


def _is_reached(is_upward: bool, level_e4: int, last_e4: int) -> bool:
    return last_e4 >= level_e4 if is_upward else 0 < last_e4 <= level_e4
