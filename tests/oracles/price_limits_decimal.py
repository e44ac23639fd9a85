"""Daily limits and cage one order at a time in Decimal, written from the rule text alone."""

from decimal import ROUND_HALF_UP, Decimal


def on_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Round half up to the tick."""
    return (price / tick).quantize(Decimal(1), ROUND_HALF_UP) * tick


def limits(prev: Decimal, rate: Decimal, tick: Decimal) -> tuple[Decimal, Decimal]:
    """Return (down, up)."""
    up, down = on_tick(prev * (1 + rate), tick), on_tick(prev * (1 - rate), tick)
    if up - prev < tick:
        up = prev + tick
    if prev - down < tick:
        down = prev - tick
    return max(down, tick), up


def cage(
    is_buy: bool,
    bid: Decimal,
    ask: Decimal,
    last: Decimal,
    prev: Decimal,
    rate: Decimal,
    ticks: int,
    tick: Decimal,
) -> Decimal:
    """Return the bound of a limit order; 0 stands for a price that does not exist."""
    base = next(p for p in ((ask, bid, last, prev) if is_buy else (bid, ask, last, prev)) if p)
    if is_buy:
        return max(on_tick(base * (1 + rate), tick), base + ticks * tick)
    return max(min(on_tick(base * (1 - rate), tick), base - ticks * tick), Decimal(0))
