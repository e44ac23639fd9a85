"""Fees of a cash order: commission with a minimum per order, stamp duty, transfer fee.

Each fee is a function of the order's whole turnover so far, rounded HALF_UP to the fen; a fill is
charged what the order owes after it less what it had been charged before. So the minimum is
charged once per order, however many fills it has, and the sum never depends on how it was cut up.
Sources: stamp duty MoF/STA 2023 No. 39, transfer fee CSDC 2022, commission is the house schedule
(config/markets/fees.toml). Not here: when cash moves (risk.core).
"""

from typing import Final, NamedTuple

import numpy as np

from risk.domain.enums import Board, Side
from risk.domain.fixedpoint import FEN_E4, I64
from risk.market.rulebook import DayRules

_PPM_FEN: Final = 1_000_000 * FEN_E4  # turnover_e4 * ppm / this = fen


class Fees(NamedTuple):
    """Fees in 1/10,000 yuan, each a whole number of fen."""

    commission_e4: int
    stamp_duty_e4: int
    transfer_fee_e4: int

    @property
    def total_e4(self) -> int:
        """All of them together."""
        return self.commission_e4 + self.stamp_duty_e4 + self.transfer_fee_e4


def order_fees(rules: DayRules, board: Board, side: Side, turnover_e4: int) -> Fees:
    """Return what an order owes in all for its turnover so far (sum of price * quantity)."""
    if turnover_e4 == 0:
        return Fees(0, 0, 0)
    rate = rules.board_fees[board]
    commission = _fen(turnover_e4, rate.commission_ppm)
    stamp_duty = _fen(turnover_e4, rate.stamp_duty_ppm) if side == Side.SELL else 0
    transfer_fee = _fen(turnover_e4, rate.transfer_fee_ppm)
    return Fees(max(commission, rate.commission_min_e4), stamp_duty, transfer_fee)


def buy_fees_max(board: I64, notional_e4: I64, rules: DayRules) -> I64:
    """Return the highest fees a buy can come to, for freezing; int64 in e4, shape (n,).

    Fees never fall as the turnover grows and a buy never trades above its price, so this is what
    the whole order costs at its own price. `notional_e4` = price * quantity, any.
    """
    commission = np.maximum(
        _fen_array(notional_e4, rules.commission_ppm[board]), rules.commission_min_e4[board]
    )
    return commission + _fen_array(notional_e4, rules.transfer_fee_ppm[board])


def _fen(turnover_e4: int, ppm: int) -> int:
    return (2 * turnover_e4 * ppm + _PPM_FEN) // (2 * _PPM_FEN) * FEN_E4


def _fen_array(turnover_e4: I64, ppm: I64) -> I64:
    """Do the same without leaving int64: whole multiples of the divisor and the rest apart."""
    whole, rest = turnover_e4 // _PPM_FEN, turnover_e4 % _PPM_FEN
    fen: I64 = whole * ppm + (2 * rest * ppm + _PPM_FEN) // (2 * _PPM_FEN)
    return fen * FEN_E4
