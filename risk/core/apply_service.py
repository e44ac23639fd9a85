"""Applying what happened around trading: alerts and statements.

Part of risk.core.apply, like which nothing here consults a rule. Not here: the levels' origin
(risk.core.alerts).
"""

from risk.book.account_book import AccountBook
from risk.domain import service_events as s

_Alert = s.AlertRemoved | s.AlertFired | s.AlertRearmed


def apply_alert_set(book: AccountBook, event: s.AlertSet) -> None:
    """Add an armed alert."""
    assert event.alert_no == book.alerts.last_no + 1, event
    book.alerts.add(
        book.accounts,
        book.accounts.rows[event.account_no],
        book.instruments.rows[event.symbol],
        event.kind,
        event.threshold_e4,
        event.rearm_e4,
        event.at_ns,
    )


def apply_alert_removed(book: AccountBook, event: s.AlertRemoved) -> None:
    """Forget an alert."""
    book.alerts.remove(book.accounts, _row(book, event))


def apply_alert_fired(book: AccountBook, event: s.AlertFired) -> None:
    """Disarm an alert that repeats, forget one that does not."""
    row = _row(book, event)
    if event.is_repeating:
        book.alerts.arm(row, is_armed=False)
    else:
        book.alerts.remove(book.accounts, row)


def apply_alert_rearmed(book: AccountBook, event: s.AlertRearmed) -> None:
    """Let it wait for its threshold again."""
    book.alerts.arm(_row(book, event), is_armed=True)


def apply_statement_requested(book: AccountBook, event: s.StatementRequested) -> None:
    """Note when the account asked last."""
    book.accounts.at.statement_ns[book.accounts.rows[event.account_no]] = event.at_ns


def _row(book: AccountBook, event: _Alert) -> int:
    account_row = book.accounts.rows[event.account_no]
    row = book.alerts.row_of(book.accounts, account_row, event.alert_no)
    assert row, event
    return row
