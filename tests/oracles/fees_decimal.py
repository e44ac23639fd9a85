"""Fees of one order in Decimal yuan, written from the rule text alone."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

FEN = Decimal("0.01")


class Schedule(NamedTuple):
    """Rates as fractions, the minimum in yuan."""

    commission: Decimal
    commission_min: Decimal
    stamp_duty: Decimal
    transfer_fee: Decimal


def to_fen(amount: Decimal) -> Decimal:
    """Round half up to the fen."""
    return amount.quantize(FEN, ROUND_HALF_UP)


def owed(
    schedule: Schedule, is_sell: bool, fills: list[tuple[int, Decimal]]
) -> tuple[Decimal, Decimal, Decimal]:
    """Return commission, stamp duty and transfer fee of an order with these (qty, price) fills."""
    if not fills:
        return Decimal(0), Decimal(0), Decimal(0)
    turnover = sum((qty * price for qty, price in fills), Decimal(0))
    return (
        max(to_fen(turnover * schedule.commission), schedule.commission_min),
        to_fen(turnover * schedule.stamp_duty) if is_sell else Decimal(0),
        to_fen(turnover * schedule.transfer_fee),
    )
