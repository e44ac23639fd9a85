from datetime import date

import pytest

from risk.domain.enums import Board, Side
from risk.market.fees import Fees, buy_fees_max, order_fees
from tests.builders.rulebooks import one, rules_of

YUAN = 10_000
BUY, SELL = Side.BUY, Side.SELL
MAIN, FUND, CONVERTIBLE = Board.SSE_MAIN, Board.SZSE_FUND, Board.SSE_CONVERTIBLE


@pytest.mark.parametrize(
    ("board", "side", "turnover_yuan", "fees"),
    [
        (MAIN, BUY, 0, Fees(0, 0, 0)),
        (MAIN, BUY, 1_000, Fees(50_000, 0, 100)),  # the minimum of 5 yuan; 0.01 yuan
        (MAIN, SELL, 1_000, Fees(50_000, 5_000, 100)),
        (MAIN, BUY, 20_000, Fees(50_000, 0, 2_000)),  # 0.025 % is just 5 yuan
        (MAIN, SELL, 100_000, Fees(250_000, 500_000, 10_000)),
        (MAIN, BUY, 500, Fees(50_000, 0, 100)),  # half a fen rounds up
        (MAIN, BUY, 499, Fees(50_000, 0, 0)),
        (FUND, SELL, 100_000, Fees(250_000, 0, 0)),
        (CONVERTIBLE, SELL, 100_000, Fees(50_000, 0, 0)),
        (CONVERTIBLE, BUY, 1_000, Fees(10_000, 0, 0)),
    ],
)
def test_an_order_owes_each_fee_on_its_whole_turnover(board, side, turnover_yuan, fees):
    assert order_fees(rules_of(), board, side, turnover_yuan * YUAN) == fees


def test_stamp_duty_was_halved_on_28_august_2023():
    turnover = 100_000 * YUAN

    assert order_fees(rules_of(date(2023, 8, 25)), MAIN, SELL, turnover).stamp_duty_e4 == 1_000_000
    assert order_fees(rules_of(date(2023, 8, 28)), MAIN, SELL, turnover).stamp_duty_e4 == 500_000


def test_the_minimum_is_charged_with_the_first_fill_and_used_up_by_the_next():
    owed = [order_fees(rules_of(), MAIN, BUY, yuan * YUAN) for yuan in (1_000, 10_000, 30_000)]

    assert owed == [Fees(50_000, 0, 100), Fees(50_000, 0, 1_000), Fees(75_000, 0, 3_000)]


def test_the_fees_of_an_order_are_added_up():
    assert Fees(50_000, 5_000, 100).total_e4 == 55_100


def test_a_buy_freezes_what_the_whole_order_would_cost():
    assert buy_fees_max(*one(MAIN, 1_000 * YUAN), rules_of()) == 50_100
    assert buy_fees_max(*one(FUND, 100_000 * YUAN), rules_of()) == 250_000


def test_the_largest_order_stays_inside_int64():
    notional = 10**10 * 10**8
    fees = order_fees(rules_of(), MAIN, BUY, notional)

    assert buy_fees_max(*one(MAIN, notional), rules_of()) == fees.total_e4 == 26 * 10**13
