"""The phase of a moment on each board, and what may be entered or cancelled in it.

Between the auctions (9:25-9:30) and at lunch the venues do not process orders. Some take them into
a queue; the gateway does not queue orders, so it takes neither an order nor a cancel then.
Sources: SSE rules 3.3.2 and 3.4.1, SZSE rules 3.3.1, BSE rules 3.3.1 (times: config/markets).
Not here: whether an instrument is halted.
"""

from typing import Final

import numpy as np

from risk.domain.enums import Phase
from risk.domain.fixedpoint import I64, BoolArray
from risk.market.rulebook import BOARDS, DayRules

CALL_PHASES: Final = (Phase.OPENING_CALL, Phase.OPENING_CALL_NO_CANCEL, Phase.CLOSING_CALL)
ENTRY_PHASES: Final = (*CALL_PHASES, Phase.CONTINUOUS)
CANCEL_PHASES: Final = (Phase.OPENING_CALL, Phase.CONTINUOUS)
_ROWS: Final = np.arange(BOARDS)


def _table(phases: tuple[Phase, ...]) -> BoolArray:
    table = np.zeros(max(Phase) + 1, np.bool_)
    table[list(phases)] = True
    return table


_IS_CALL: Final = _table(CALL_PHASES)
_MAY_ENTER: Final = _table(ENTRY_PHASES)
_MAY_CANCEL: Final = _table(CANCEL_PHASES)


def phases_at(rules: DayRules, second_of_day: int) -> I64:
    """Return the phase of each board at a second since midnight in China, shape (BOARDS,)."""
    step = (rules.phase_start_s <= second_of_day).sum(axis=1) - 1
    phases: I64 = rules.phase_code[_ROWS, step]
    return phases


def is_call(phase: I64) -> BoolArray:
    """Return where orders are collected for a call auction."""
    found: BoolArray = _IS_CALL[phase]
    return found


def may_enter(phase: I64) -> BoolArray:
    """Return where a new order may be entered."""
    found: BoolArray = _MAY_ENTER[phase]
    return found


def may_cancel(phase: I64) -> BoolArray:
    """Return where an order may be cancelled."""
    found: BoolArray = _MAY_CANCEL[phase]
    return found
