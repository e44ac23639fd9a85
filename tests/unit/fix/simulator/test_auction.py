import pytest

from fix.simulator.auction import uncross
from fix.simulator.messages import Level

TICK = 100


def levels(text: str) -> list[Level]:
    """Read "10.05x300 10.04x100" as levels."""
    pairs = (each.split("x") for each in text.split())
    return [Level(round(float(price) * 10_000), int(qty)) for price, qty in pairs]


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "price", "qty"),
    [
        ("10.05x300", "10.05x300", "10.00", "10.05", 300),
        # most volume
        ("10.05x100 10.03x300", "10.03x200 10.05x500", "10.10", "10.03", 200),
        # a buy above the price may not be left over
        ("10.10x300", "9.90x200", "10.00", "10.10", 200),
        ("10.10x200", "9.90x300", "10.00", "9.90", 200),
        # as much at 10.03 and 10.04, but 10.04 leaves nothing over
        ("10.04x200 10.03x100", "10.03x200", "10.00", "10.04", 200),
        # any price between trades all: the nearest to the reference
        ("10.10x100", "9.90x100", "10.02", "10.02", 100),
        ("10.10x100", "9.90x100", "11.00", "10.10", 100),
        ("10.10x100", "9.90x100", "9.00", "9.90", 100),
        # strictly between two levels nothing is left over
        ("10.10x100 10.00x50", "9.90x100 10.05x50", "9.00", "10.01", 100),
    ],
)
def test_the_auction_takes_most_volume_then_least_rest_then_the_nearest(
    bids, asks, reference, price, qty
):
    [expected], [near] = levels(f"{price}x{qty}"), levels(f"{reference}x1")

    assert uncross(levels(bids), levels(asks), near.price_e4, TICK) == tuple(expected)


@pytest.mark.parametrize(
    ("bids", "asks"), [("", ""), ("10.00x100", ""), ("", "10.00x100"), ("9.99x100", "10.00x100")]
)
def test_nothing_trades_when_the_sides_do_not_meet(bids, asks):
    assert uncross(levels(bids), levels(asks), 100_000, TICK) is None


def test_a_reference_off_the_tick_is_rounded_down():
    assert uncross(levels("10.10x100"), levels("9.90x100"), 100_050, TICK) == (100_000, 100)
