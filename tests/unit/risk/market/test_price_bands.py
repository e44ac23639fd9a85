from datetime import date

import numpy as np
import pytest

from risk.domain.enums import Board, ListingStatus, Side
from risk.domain.fixedpoint import PRICE_E4_MAX
from risk.market.price_bands import cage_bounds, outside_cage, price_limits
from tests.builders.rulebooks import one, rules_of

NORMAL, ST = ListingStatus.NORMAL, ListingStatus.RISK_WARNING
DELISTING, FREE = ListingStatus.DELISTING_PERIOD, ListingStatus.NO_LIMIT_DAY
BEFORE, SINCE = date(2026, 7, 3), date(2026, 7, 6)


@pytest.mark.parametrize(
    ("day", "board", "status", "prev", "down", "up"),
    [
        (SINCE, Board.SZSE_MAIN, NORMAL, 98_400, 88_600, 108_200),  # SZ-file 1.42 note
        (SINCE, Board.SSE_MAIN, NORMAL, 100_000, 90_000, 110_000),
        (BEFORE, Board.SSE_MAIN, ST, 100_000, 95_000, 105_000),
        (SINCE, Board.SSE_MAIN, ST, 100_000, 90_000, 110_000),
        (BEFORE, Board.SZSE_MAIN, ST, 100_000, 95_000, 105_000),
        (SINCE, Board.SZSE_MAIN, ST, 100_000, 90_000, 110_000),
        (BEFORE, Board.SSE_MAIN, DELISTING, 100_000, 90_000, 110_000),
        (BEFORE, Board.SZSE_CHINEXT, ST, 100_000, 80_000, 120_000),
        (SINCE, Board.SSE_STAR, NORMAL, 1_234_500, 987_600, 1_481_400),
        (SINCE, Board.BSE_STOCK, NORMAL, 55_500, 38_900, 72_200),  # 3.885 and 7.215 round up
        (SINCE, Board.SSE_FUND, NORMAL, 12_340, 11_110, 13_570),  # 1.1106 and 1.3574
        (SINCE, Board.SSE_CONVERTIBLE, NORMAL, 1_200_000, 960_000, 1_440_000),
        (BEFORE, Board.SSE_MAIN, ST, 500, 400, 600),  # 5 % of 0.05 is less than a tick
        (SINCE, Board.SSE_MAIN, NORMAL, 100, 100, 200),  # never below one tick
    ],
)
def test_limits_are_rounded_half_up_and_at_least_one_tick_wide(day, board, status, prev, down, up):
    prev_e4, board_row, status_row = one(prev, board, status)

    assert price_limits(prev_e4, board_row, status_row, rules_of(day)) == (down, up)


@pytest.mark.parametrize(
    ("board", "is_call", "down", "up"),
    [
        (Board.SSE_MAIN, True, 50_000, 900_000),
        (Board.SSE_MAIN, False, 100, PRICE_E4_MAX),
        (Board.SZSE_CONVERTIBLE, True, 70_000, 130_000),
        (Board.BSE_STOCK, True, 100, 10_000_000),
    ],
)
def test_a_no_limit_day_bounds_only_the_call_auction(board, is_call, down, up):
    prev_e4, board_row, status_row = one(100_000, board, FREE)

    assert price_limits(prev_e4, board_row, status_row, rules_of(), is_call) == (down, up)


@pytest.mark.parametrize(
    ("board", "side", "bid", "ask", "last", "prev", "bound"),
    [
        (Board.SSE_STAR, Side.BUY, 0, 100_100, 0, 90_000, 102_100),  # ask 10.01 -> 10.21
        (Board.SSE_STAR, Side.SELL, 100_000, 0, 0, 90_000, 98_000),  # bid 10.00 -> 9.80
        (Board.SSE_MAIN, Side.BUY, 0, 1_000_000, 0, 0, 1_020_000),
        (Board.SSE_MAIN, Side.BUY, 0, 30_000, 0, 0, 31_000),  # ten ticks are wider than 2 %
        (Board.SSE_MAIN, Side.SELL, 30_000, 0, 0, 0, 29_000),
        (Board.SSE_STAR, Side.BUY, 0, 30_000, 0, 0, 30_600),  # no term in ticks
        (Board.SZSE_CHINEXT, Side.SELL, 30_000, 0, 0, 0, 29_400),
        (Board.BSE_STOCK, Side.BUY, 0, 100_000, 0, 0, 105_000),
        (Board.BSE_STOCK, Side.SELL, 10_000, 0, 0, 0, 9_000),
        (Board.SSE_MAIN, Side.BUY, 100_000, 0, 99_000, 98_000, 102_000),  # own best
        (Board.SSE_MAIN, Side.BUY, 0, 0, 99_000, 98_000, 101_000),  # last: 1.98 % is ten ticks
        (Board.SSE_MAIN, Side.SELL, 0, 0, 0, 98_000, 96_000),  # previous close
        (Board.SSE_MAIN, Side.SELL, 500, 0, 0, 0, 0),
        (Board.SSE_FUND, Side.BUY, 0, 10_000, 0, 0, PRICE_E4_MAX),
        (Board.SSE_FUND, Side.SELL, 10_000, 0, 0, 0, 0),
    ],
)
def test_the_cage_counts_from_the_best_price_there_is(board, side, bid, ask, last, prev, bound):
    assert cage_bounds(*one(board, side, bid, ask, last, prev), rules_of()) == bound


def test_the_main_board_had_no_cage_before_registration_listings():
    arrays = one(Board.SSE_MAIN, Side.BUY, 0, 100_000, 0, 100_000)

    assert cage_bounds(*arrays, rules_of(date(2023, 4, 7))) == PRICE_E4_MAX
    assert cage_bounds(*arrays, rules_of(date(2023, 4, 10))) == 102_000


def test_a_price_on_the_bound_is_inside_the_cage():
    side = np.array([Side.BUY, Side.BUY, Side.SELL, Side.SELL])
    price = np.array([102_100, 102_200, 98_000, 97_900])
    bound = np.array([102_100, 102_100, 98_000, 98_000])

    assert outside_cage(side, price, bound).tolist() == [False, True, False, True]
