"""The vectorised market rules against one-at-a-time oracles in Decimal."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.domain.enums import ListingStatus, Side
from risk.domain.fixedpoint import E4
from risk.market.fees import buy_fees_max, order_fees
from risk.market.price_bands import cage_bounds, price_limits
from risk.market.ticks_lots import qty_broken
from tests.builders.books import BOARDS as TRADED
from tests.builders.rulebooks import one, rules_of
from tests.oracles.fees_decimal import Schedule, owed
from tests.oracles.price_limits_decimal import cage, limits

RULES = rules_of()
BOARDS = st.sampled_from(TRADED)
LIMITED = st.sampled_from([s for s in ListingStatus if s != ListingStatus.NO_LIMIT_DAY])
MANY = settings(max_examples=400, deadline=None)


def yuan(amount_e4: int) -> Decimal:
    return Decimal(int(amount_e4)) / E4


@MANY
@given(BOARDS, LIMITED, st.integers(1, 10**6))
def test_limits_equal_the_oracle(board, status, ticks):
    tick_e4 = int(RULES.tick_e4[board])
    down_e4, up_e4 = price_limits(*one(ticks * tick_e4, board, status), RULES)
    rate = Decimal(int(RULES.limit_bp[board, status])) / 10_000

    assert (yuan(down_e4[0]), yuan(up_e4[0])) == limits(yuan(ticks * tick_e4), rate, yuan(tick_e4))


@MANY
@given(
    BOARDS.filter(lambda board: RULES.cage_bp[board] > 0),
    st.sampled_from(list(Side)),
    st.lists(st.integers(0, 10**5), min_size=3, max_size=3),
    st.integers(1, 10**5),
)
def test_the_cage_equals_the_oracle(board, side, best_ticks, prev_ticks):
    tick_e4 = int(RULES.tick_e4[board])
    prices = [ticks * tick_e4 for ticks in (*best_ticks, prev_ticks)]
    bound_e4 = cage_bounds(*one(board, side, *prices), RULES)

    assert yuan(bound_e4[0]) == cage(
        side == Side.BUY,
        *map(yuan, prices),
        Decimal(int(RULES.cage_bp[board])) / 10_000,
        int(RULES.cage_ticks[board]),
        yuan(tick_e4),
    )


@MANY
@given(
    BOARDS,
    st.sampled_from(list(Side)),
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**7)), max_size=8),
)
def test_fees_over_partial_fills_equal_the_oracle_and_never_exceed_what_was_frozen(
    board, side, fills
):
    turnover_e4, charged = 0, order_fees(RULES, board, side, 0)
    for qty, price_e4 in fills:
        turnover_e4 += qty * price_e4
        before, charged = charged, order_fees(RULES, board, side, turnover_e4)
        assert all(new >= old for old, new in zip(before, charged, strict=True))
    ppm = RULES.board_fees[board]
    schedule = Schedule(
        Decimal(ppm.commission_ppm) / 10**6,
        yuan(ppm.commission_min_e4),
        Decimal(ppm.stamp_duty_ppm) / 10**6,
        Decimal(ppm.transfer_fee_ppm) / 10**6,
    )
    expected = owed(schedule, side == Side.SELL, [(qty, yuan(px)) for qty, px in fills])

    assert tuple(map(yuan, charged)) == expected
    if fills and side == Side.BUY:
        highest_e4 = max(px for _, px in fills)
        notional_e4 = sum(qty for qty, _ in fills) * highest_e4
        assert sum(charged) <= buy_fees_max(*one(board, notional_e4), RULES)[0]


@MANY
@given(BOARDS, st.integers(1, 1_000), st.integers(0, 1_000))
def test_a_holding_can_always_be_sold_in_allowed_orders_down_to_nothing(board, qty, holding):
    """Selling an allowed quantity leaves a holding that is sellable in turn, and all at once."""
    if 0 < qty <= holding:
        broken = qty_broken(*one(board, Side.SELL, qty, holding), RULES)
        rest = holding - qty
        if not np.any(broken) and rest:
            assert not np.any(qty_broken(*one(board, Side.SELL, rest, rest), RULES))
