"""The rules as they hold at one moment: rulebook, house limits and what follows for each listing.

Computed once per batch from the clock passed in and kept while day, catalogue and second stay the
same. Not here: the checks themselves, or where rulebooks and limits come from.
"""

from datetime import date
from typing import Final, NamedTuple

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.catalogue import Instruments
from risk.domain.fixedpoint import I64, BoolArray
from risk.domain.ids import NS, second_of_day, trading_day
from risk.domain.instrument import INDEX_BOARDS
from risk.market.phases import is_call, may_cancel, may_enter, phases_at
from risk.market.price_bands import price_limits
from risk.market.rulebook import BOARDS, DayRules, Rulebook


class HouseLimits(NamedTuple):
    """Limits of the firm's own, the same for every account."""

    duplicate_window_s: int = 3  # an equal order within it is denied, 0 = never
    account_per_s: int = 20  # orders and cancel requests of one account, also the burst
    branch_per_s: int = 5_000  # of all accounts of one branch
    alerts_per_account: int = 50
    statement_wait_s: int = 60  # between two statements of one account


class ListingRules(NamedTuple):
    """Figures of the day by instrument row, shape (instruments,)."""

    board: I64
    limit_down_e4: I64
    limit_up_e4: I64
    call_down_e4: I64  # in a call auction, where a no-limit day has other bounds
    call_up_e4: I64
    has_rules: BoolArray  # also without, where SYMBOL_UNKNOWN says enough


class Pace(NamedTuple):
    """A limit per second at one moment (risk.checks.pace)."""

    per_s: int
    interval_ns: int  # in which one token comes back
    latest_ns: int  # a bucket whose `paced_until_ns` is later is empty
    reach_ns: int  # and one that is later still was written before the clock was set back: full


class Moment(NamedTuple):
    """Everything that holds for the whole batch."""

    now_ns: int
    is_day_started: bool  # or no day to start: the market is closed then, by its calendar
    house: HouseLimits
    account_pace: Pace
    branch_pace: Pace
    version: str  # of the day's rules, empty without
    rules: DayRules | None  # of the book's day
    listing: ListingRules
    may_enter: BoolArray  # by board
    may_cancel: BoolArray
    is_call: BoolArray
    is_any_call: bool
    is_caged: BoolArray  # by board: a price cage holds now
    is_any_caged: bool


class Phases(NamedTuple):
    """What the phase of each board allows."""

    may_enter: BoolArray
    may_cancel: BoolArray
    is_call: BoolArray
    is_any_call: bool
    is_caged: BoolArray
    is_any_caged: bool


UNTRADED_BOARDS: Final = np.array([0, *sorted(INDEX_BOARDS)], np.int64)  # 0: no instrument
_NEVER: Final = np.zeros(BOARDS, np.bool_)
_NO_PHASES: Final = Phases(_NEVER, _NEVER, _NEVER, False, _NEVER, False)


HOUSE_LIMITS: Final = HouseLimits()


def pace_at(per_s: int, now_ns: int) -> Pace:
    """Return a limit as it holds now."""
    interval_ns = NS // per_s
    latest_ns = now_ns + (per_s - 1) * interval_ns
    return Pace(per_s, interval_ns, latest_ns, latest_ns + interval_ns)


def day_of(day: int) -> date:
    """Return a yyyymmdd number as a date. Raises ValueError for a day that does not exist."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def day_number(day: date) -> int:
    """Return a date as a yyyymmdd number."""
    return day.year * 10_000 + day.month * 100 + day.day


class TradingRules:
    """Rulebook and house limits; the `rules` of risk.core.step."""

    def __init__(self, rulebook: Rulebook, house: HouseLimits = HOUSE_LIMITS) -> None:
        assert house.account_per_s > 0 < house.branch_per_s, house
        self.rulebook = rulebook
        self.house = house
        self._days: dict[int, DayRules | None] = {}
        self._listing: ListingRules | None = None
        self._listing_key: tuple[object, ...] = ()
        self._phases = _NO_PHASES
        self._phases_key: tuple[object, ...] = ()

    def of_day(self, day: int) -> DayRules | None:
        """Return the rules of a yyyymmdd day, None outside the rulebook's horizon."""
        if day not in self._days:
            self._days[day] = self.rulebook.on(day_of(day)) if day else None
        return self._days[day]

    def moment(self, book: AccountBook, now_ns: int) -> Moment:
        """Return what holds now for a book.

        On a date without trading the book stays on its last day and every phase is closed; a new
        book that has had no day yet goes by the date's own rules.
        """
        today = day_number(trading_day(now_ns))
        rules = self.of_day(book.day or today)
        is_today = book.day == today
        return Moment(
            now_ns,
            is_today or not self._trades_on(today),
            self.house,
            pace_at(self.house.account_per_s, now_ns),
            pace_at(self.house.branch_per_s, now_ns),
            rules.version if rules else "",
            rules,
            self._listing_of(book.instruments, rules),
            *self._phases_of(rules if is_today else None, now_ns),
        )

    def _trades_on(self, day: int) -> bool:
        """Whether some venue trades on the day; a day beyond the rulebook counts as one."""
        rules = self.of_day(day)
        return rules is None or bool(rules.is_trading_day.any())

    def _phases_of(self, rules: DayRules | None, now_ns: int) -> Phases:
        if rules is None:
            return _NO_PHASES
        key = rules, now_ns // NS
        if key != self._phases_key:
            phase = phases_at(rules, second_of_day(now_ns))
            call, enter = is_call(phase), may_enter(phase)
            caged = (rules.cage_bp > 0) & enter & ~call
            self._phases = Phases(
                enter, may_cancel(phase), call, bool(call.any()), caged, bool(caged.any())
            )
            self._phases_key = key
        return self._phases

    def _listing_of(self, instruments: Instruments, rules: DayRules | None) -> ListingRules:
        key = instruments, instruments.version, rules
        if self._listing is None or key != self._listing_key:
            self._listing = self._compute(instruments, rules)
            self._listing_key = key
        return self._listing

    def _compute(self, instruments: Instruments, rules: DayRules | None) -> ListingRules:
        used = slice(instruments.count)
        board = instruments.board[used].astype(np.int64)
        none = np.zeros_like(board)
        is_untraded = np.isin(board, UNTRADED_BOARDS)
        if rules is None:
            return ListingRules(board, none, none, none, none, is_untraded)
        status = instruments.status[used].astype(np.int64)
        close = instruments.prev_close_e4[used]
        down, up = price_limits(close, board, status, rules)
        call_down, call_up = price_limits(close, board, status, rules, is_call=True)
        has_rules = np.isin(board, list(self.rulebook.boards)) | is_untraded
        return ListingRules(board, down, up, call_down, call_up, has_rules)
