"""What the rules would say to an order now, and when the market takes orders: for doors that ask
field by field, and for what a caller is told outside of hours.

Every answer is of this moment; the heart decides anew when the order comes. Not here: the rules
(risk.checks) and their reading of an unsent order (risk.core.preview).
"""

from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np

from gateway.core.ports import AcceptanceStopped, NowNs
from gateway.core.sequencer import Sequencer
from risk.book.account_book import AccountBook
from risk.checks.moment import Moment, TradingRules, day_number
from risk.core import preview
from risk.domain.commands import SubmitOrder
from risk.domain.ids import second_of_day, trading_day
from risk.domain.reasons import ReasonCode
from risk.market.phases import may_enter, phases_at
from risk.market.rulebook import DayRules

DAYS_AHEAD_MAX: Final = 30  # the longest closure, the Spring Festival with its weekends, has 10


class Opening(NamedTuple):
    """When orders are taken again: yyyymmdd and seconds since midnight in China."""

    day: int
    second: int
    is_today: bool


class Foresight:
    """Questions about rules and hours. Those about the book raise AcceptanceStopped."""

    def __init__(
        self, book: AccountBook, sequencer: Sequencer, rules: TradingRules, now_ns: NowNs
    ) -> None:
        self._book, self._sequencer = book, sequencer
        self._rules, self._now_ns = rules, now_ns

    def first_broken(
        self, order: SubmitOrder, asked: frozenset[ReasonCode]
    ) -> preview.Broken | None:
        """Return the first of the `asked` rules that an order would break now, None when none."""
        book, moment = self._sound()
        return preview.first_broken(book, moment, order, asked)

    def most_qty(self, order: SubmitOrder) -> int:
        """Return the largest quantity the account could buy or sell at the order's price."""
        book, moment = self._sound()
        return preview.most_qty(book, moment, order)

    def is_open(self) -> bool:
        """Return whether some board takes orders at this moment."""
        _, moment = self._sound()
        return bool(moment.may_enter.any())

    def next_opening(self) -> Opening | None:
        """Return when some board takes orders next, None beyond the rulebook's horizon."""
        now_ns = self._now_ns()
        today, second = trading_day(now_ns), second_of_day(now_ns)
        for ahead in range(DAYS_AHEAD_MAX):
            day = today + timedelta(days=ahead)
            start = _first_entry_s(self._rules.of_day(day_number(day)), -1 if ahead else second)
            if start is not None:
                return Opening(day_number(day), start, ahead == 0)
        return None

    def _sound(self) -> tuple[AccountBook, Moment]:
        failed = self._sequencer.failed
        if failed is not None:
            raise AcceptanceStopped(f"the gateway stopped: {failed.code}")
        return self._book, self._rules.moment(self._book, self._now_ns())


def _first_entry_s(rules: DayRules | None, after_s: int) -> int | None:
    """Return the first second of a day, later than `after_s`, at which some board takes orders."""
    if rules is None:
        return None
    for start in np.unique(rules.phase_start_s).tolist():
        if start > after_s and (may_enter(phases_at(rules, start)) & rules.is_trading_day).any():
            return int(start)
    return None
