import numpy as np
import pytest

from risk.domain.enums import Board, Side
from risk.market.ticks_lots import above_max_qty, odd_qty, off_tick, qty_broken
from tests.builders.rulebooks import one, rules_of

OK, OFF_LOT, BELOW_MIN, SPLITS = "ok", "off_lot", "below_min", "splits"
MAIN, STAR, BSE, CONVERTIBLE = (
    Board.SSE_MAIN,
    Board.SSE_STAR,
    Board.BSE_STOCK,
    Board.SZSE_CONVERTIBLE,
)


def verdict(board: Board, side: Side, qty: int, holding: int) -> set[str]:
    broken = qty_broken(*one(board, side, qty, holding), rules_of())
    names = (OFF_LOT, BELOW_MIN, SPLITS)
    return {name for name, found in zip(names, broken, strict=True) if found[0]}


@pytest.mark.parametrize("qty", [99, 100, 199, 200, 299])
def test_a_holding_of_299_may_be_sold_in_lots_or_with_its_odd_lot(qty):
    assert verdict(MAIN, Side.SELL, qty, 299) == set()


@pytest.mark.parametrize("qty", [1, 98, 101, 198, 298])
def test_a_holding_of_299_may_not_split_its_odd_lot(qty):
    assert verdict(MAIN, Side.SELL, qty, 299) == {SPLITS}


@pytest.mark.parametrize(
    ("board", "qty", "holding", "broken"),
    [
        (MAIN, 150, 300, {OFF_LOT}),  # nothing odd to sell
        (STAR, 200, 350, set()),
        (STAR, 201, 350, set()),
        (STAR, 350, 350, set()),
        (STAR, 150, 350, {BELOW_MIN}),
        (STAR, 150, 150, set()),
        (STAR, 100, 150, {SPLITS}),
        (BSE, 101, 500, set()),
        (BSE, 99, 500, {BELOW_MIN}),
        (BSE, 99, 99, set()),
        (BSE, 98, 99, {SPLITS}),
        (CONVERTIBLE, 15, 25, set()),
        (CONVERTIBLE, 14, 25, {SPLITS}),
        (CONVERTIBLE, 14, 20, {OFF_LOT}),
    ],
)
def test_sells_follow_the_lots_of_their_board(board, qty, holding, broken):
    assert verdict(board, Side.SELL, qty, holding) == broken


@pytest.mark.parametrize(
    ("board", "qty", "broken"),
    [
        (MAIN, 100, set()),
        (MAIN, 150, {OFF_LOT}),
        (MAIN, 99, {OFF_LOT, BELOW_MIN}),
        (STAR, 200, set()),
        (STAR, 201, set()),
        (STAR, 199, {BELOW_MIN}),
        (BSE, 100, set()),
        (BSE, 101, set()),
        (BSE, 99, {BELOW_MIN}),
        (CONVERTIBLE, 10, set()),
        (CONVERTIBLE, 5, {OFF_LOT, BELOW_MIN}),
    ],
)
def test_buys_are_whole_lots_and_never_odd_even_with_an_odd_holding(board, qty, broken):
    assert verdict(board, Side.BUY, qty, qty) == broken


@pytest.mark.parametrize(
    ("board", "price", "is_broken"),
    [(MAIN, 100_100, False), (MAIN, 100_110, True), (Board.SSE_FUND, 10_010, False)],
)
def test_a_price_is_a_multiple_of_its_tick(board, price, is_broken):
    assert off_tick(*one(board, price), rules_of()) == is_broken


@pytest.mark.parametrize(
    ("board", "largest"), [(MAIN, 1_000_000), (STAR, 100_000), (Board.SZSE_CHINEXT, 300_000)]
)
def test_the_largest_order_is_allowed_and_one_more_is_not(board, largest):
    boards, qty = np.array([board, board]), np.array([largest, largest + 1])

    assert above_max_qty(boards, qty, rules_of()).tolist() == [False, True]


@pytest.mark.parametrize(
    ("board", "holding", "odd"),
    [
        (MAIN, 299, 99),
        (MAIN, 300, 0),
        (STAR, 350, 0),
        (STAR, 150, 150),
        (STAR, 200, 0),
        (BSE, 99, 99),
    ],
)
def test_the_odd_lot_of_a_holding_is_what_no_lot_covers(board, holding, odd):
    assert odd_qty(*one(board, holding), rules_of()) == odd
