import numpy as np

from risk.domain.enums import Board
from risk.market.settlement import is_same_day, sellable_at_once, withdrawable_e4
from tests.builders.rulebooks import rules_of

BOARDS = np.array([Board.SSE_MAIN, Board.SSE_FUND, Board.SSE_FUND, Board.SZSE_CONVERTIBLE])
IS_T0 = np.array([False, False, True, False])


def test_bonds_and_flagged_listings_turn_round_on_the_day():
    assert is_same_day(BOARDS, IS_T0, rules_of()).tolist() == [False, False, True, True]


def test_shares_bought_today_are_sellable_only_where_they_turn_round():
    bought = np.array([100, 200, 300, 400])

    assert sellable_at_once(BOARDS, IS_T0, bought, rules_of()).tolist() == [0, 0, 300, 400]


def test_proceeds_of_today_and_frozen_cash_may_not_be_withdrawn():
    cash, frozen, proceeds = np.array([100, 100]), np.array([20, 60]), np.array([30, 60])

    assert withdrawable_e4(cash, frozen, proceeds).tolist() == [50, 0]
