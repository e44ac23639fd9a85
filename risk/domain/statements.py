"""The rows of a statement, as figures of one moment.

Not here: gathering them (risk.core.statements) or their words (notify.render).
"""

from typing import Final, NamedTuple

from risk.domain.enums import OrdStatus, Side

STATEMENT_ROWS_MAX: Final = 200  # of each kind: the rest is for the daily statement


class StatementPosition(NamedTuple):
    """Shares of one instrument at `price_e4`: the last price, else the previous close."""

    symbol: str
    qty: int
    sellable_qty: int
    cost_e4: int
    price_e4: int


class StatementOrder(NamedTuple):
    """One order of the day."""

    order_no: int
    symbol: str
    side: Side
    qty: int
    cum_qty: int
    price_e4: int
    ord_status: OrdStatus
    accepted_ns: int


class StatementFill(NamedTuple):
    """One fill of the day."""

    order_no: int
    symbol: str
    side: Side
    last_qty: int
    last_px_e4: int
    fees_e4: int
    transact_ns: int
