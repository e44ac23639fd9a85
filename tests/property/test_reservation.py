"""What an accepted buy freezes pays for all its fills, however it is cut up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from risk.domain import commands as c
from risk.domain.enums import Side
from risk.domain.events import Filled, OrderAccepted
from tests.builders.books import BOARDS as TRADED
from tests.builders.desk import Desk

BOARDS = {f"{600_100 + board}": board for board in TRADED}
CUTS = st.lists(st.integers(1, 2_000), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    symbol=st.sampled_from(sorted(BOARDS)),
    lots=st.integers(2, 60),
    cuts=CUTS,
    better=st.lists(st.integers(0, 20), min_size=13, max_size=13),
)
def test_every_fill_is_paid_by_what_was_frozen(
    symbol: str, lots: int, cuts: list[int], better: list[int]
) -> None:
    desk = Desk()
    desk.take(c.ListInstrument("l", symbol, BOARDS[symbol], "", "", 100_000))
    accepted = desk.one(desk.order(Side.BUY, 100 * lots, 100_000, symbol=symbol))
    assert isinstance(accepted, OrderAccepted)
    free_e4 = desk.cash.free_e4
    for last_qty, ticks in zip([*cuts, 100 * lots], better, strict=False):
        left = desk.view(accepted.cl_ord_id).leaves_qty
        if not left:
            break
        px_e4 = 100_000 - 100 * ticks
        qty = min(last_qty, left)
        (filled,) = desk.fill(accepted.cl_ord_id, qty, px_e4, symbol=symbol)
        assert isinstance(filled, Filled)
        fees_e4 = filled.commission_e4 + filled.stamp_duty_e4 + filled.transfer_fee_e4
        assert filled.unfrozen_e4 >= qty * px_e4 + fees_e4
        assert desk.cash.free_e4 >= free_e4
        free_e4 = desk.cash.free_e4
    view = desk.view(accepted.cl_ord_id)
    assert (view.reserved_e4 == 0) == (view.leaves_qty == 0)
    assert desk.cash.frozen_e4 == view.reserved_e4
