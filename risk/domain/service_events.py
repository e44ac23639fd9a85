"""What has happened around trading: alerts, statements, PINs, calls; beside risk.domain.events.

The same rules hold: an event carries its figures, new fields go to the end with a default.
Not here: orders, cash and shares (risk.domain.events).
"""

from typing import NamedTuple

from risk.domain.enums import AlertKind, Channel, StatementForm
from risk.domain.statements import StatementFill, StatementOrder, StatementPosition


class AlertSet(NamedTuple):
    """A price alert waits. `rearm_e4`: where a repeating one arms itself again, else 0."""

    at_ns: int
    request_id: str
    alert_no: int
    account_no: str
    symbol: str
    kind: AlertKind
    threshold_e4: int
    rearm_e4: int
    channel: Channel
    branch_code: str
    trace_id: str


class AlertRemoved(NamedTuple):
    """The customer took a price alert away."""

    at_ns: int
    request_id: str
    alert_no: int
    account_no: str
    symbol: str
    kind: AlertKind
    threshold_e4: int
    channel: Channel
    branch_code: str
    trace_id: str


class AlertFired(NamedTuple):
    """A price alert came true by this price; one that does not repeat is gone."""

    at_ns: int
    alert_no: int
    account_no: str
    symbol: str
    kind: AlertKind
    threshold_e4: int
    last_px_e4: int
    tick_ns: int
    is_repeating: bool


class AlertRearmed(NamedTuple):
    """A repeating price alert waits again, by this price."""

    at_ns: int
    alert_no: int
    account_no: str
    last_px_e4: int
    tick_ns: int


class StatementRequested(NamedTuple):
    """A statement is on its way; its figures are those of this moment.

    The rows are empty for an SMS and hold at most STATEMENT_ROWS_MAX of each kind for a mail; the
    counts are of all there are.
    """

    at_ns: int
    request_id: str
    account_no: str
    form: StatementForm
    channel: Channel
    branch_code: str
    trace_id: str
    cash_e4: int
    frozen_e4: int
    free_e4: int
    withdrawable_e4: int
    market_value_e4: int
    position_count: int
    order_count: int
    fill_count: int
    bought_e4: int  # turnover of the day's buys
    sold_e4: int
    fees_e4: int
    positions: tuple[StatementPosition, ...]
    orders: tuple[StatementOrder, ...]
    fills: tuple[StatementFill, ...]


class PinChanged(NamedTuple):
    """The customer's telephone PIN is another one since `changed_ns`."""

    at_ns: int
    request_id: str
    account_no: str
    channel: Channel
    changed_ns: int
    trace_id: str


class CallRecorded(NamedTuple):
    """A phone call is over; its record and recording have these SHA-256 digests (hexadecimal)."""

    at_ns: int
    call_no: str
    account_no: str
    ani: str
    dnis: str
    record_sha256: str
    recording_sha256: str


ServiceEvent = (
    AlertSet
    | AlertRemoved
    | AlertFired
    | AlertRearmed
    | StatementRequested
    | PinChanged
    | CallRecorded
)

# Stable numbers for the journal, in one row with EVENT_TYPES; a number is never used again.
SERVICE_EVENT_TYPES: dict[int, type[ServiceEvent]] = {
    22: AlertSet,
    23: AlertRemoved,
    24: AlertFired,
    25: AlertRearmed,
    26: StatementRequested,
    27: PinChanged,
    40: CallRecorded,
}
