"""The rulebook of all venues: which rules hold on a day, as arrays indexed by the Board code.

Built strictly from parsed mappings (config/markets, config/calendars), pure and without a clock.
Any day of the horizon can be asked, past ones too. Not here: what the rules mean for an order
(phases.py, ticks_lots.py, price_bands.py, fees.py, settlement.py).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from risk.domain.enums import Board, ListingStatus, Phase, Venue
from risk.domain.errors import ConfigError
from risk.domain.fixedpoint import I64, BoolArray
from risk.domain.instrument import VENUE_OF_BOARD
from risk.market.calendar_days import TradingDays, read_calendars
from risk.market.rule_entries import DAY_S, PHASES_MAX, VALUES, RuleEntry, read_entries

BOARDS: Final = max(Board) + 1  # rows of every per-board array; row 0 is no board
STATUSES: Final = max(ListingStatus) + 1
NO_LIMIT: Final = -1  # in limit_bp
_LIMITED: Final = (
    ListingStatus.NORMAL,
    ListingStatus.RISK_WARNING,
    ListingStatus.DELISTING_PERIOD,
)
_DAYS_KEPT: Final = 512  # DayRules kept ready
_Key = tuple[str, Board, ListingStatus]


class BoardFees(NamedTuple):
    """The fee schedule of one board in plain integers, for the scalar form (fees.py)."""

    commission_ppm: int  # millionths of the turnover
    commission_min_e4: int  # per order
    stamp_duty_ppm: int  # sells only
    transfer_fee_ppm: int  # both sides


@dataclass(frozen=True, slots=True, eq=False)
class DayRules:
    """The rules of one day. Arrays are read-only, int64, shape (BOARDS,) unless said otherwise.

    A board without rules has neutral values and is closed all day. `version` names the set of
    entries in force: equal on two days exactly when the same entries held on both.
    """

    day: date
    version: str
    is_trading_day: BoolArray  # the board's venue trades on this day
    tick_e4: I64
    lot_qty: I64  # quantities of a buy are multiples of it
    min_qty: I64  # least quantity of a buy
    max_qty: I64  # most quantity of one order
    limit_bp: I64  # (BOARDS, STATUSES): daily limit either way, NO_LIMIT where there is none
    call_up_bp: I64  # highest price in a call auction of a no-limit day, of the previous close
    call_down_bp: I64  # lowest, 0 where there is none
    cage_bp: I64  # 0 where the board has no price cage
    cage_ticks: I64  # the cage is at least this many ticks wide, 0 where the rule has no such term
    is_t0: BoolArray  # every listing of the board may be sold on the day it was bought
    commission_ppm: I64
    commission_min_e4: I64
    stamp_duty_ppm: I64
    transfer_fee_ppm: I64
    phase_start_s: I64  # (BOARDS, PHASES_MAX) rising, padded with the end of the day
    phase_code: I64  # (BOARDS, PHASES_MAX)
    board_fees: tuple[BoardFees, ...]  # the four fee columns by board


class Rulebook:
    """Every rule entry and calendar of the firm's venues."""

    def __init__(
        self,
        markets: Mapping[str, Mapping[str, object]],
        calendars: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Build from parsed files by name; raises ConfigError that names the place."""
        self.calendars: dict[Venue, TradingDays] = read_calendars(calendars)
        self._history: dict[_Key, list[RuleEntry]] = {}
        for name, document in sorted(markets.items()):
            for entry in read_entries(name, document):
                self._history.setdefault((entry.kind, entry.board, entry.status), []).append(entry)
        for entries in self._history.values():
            entries.sort(key=lambda entry: entry.from_day)
            for earlier, later in pairwise(entries):
                if earlier.from_day == later.from_day:
                    problem = f"{later.board.name} has an entry for {later.from_day} already"
                    raise ConfigError(later.path, f"{problem}: {earlier.path}")
        self.boards = frozenset(board for _, board, _ in self._history)
        self._require_complete()
        self._on = lru_cache(maxsize=_DAYS_KEPT)(self._rules_of)

    @property
    def first(self) -> date:
        """First day the book can answer for."""
        return max(days.first for days in self.calendars.values())

    @property
    def last(self) -> date:
        """Last day the book can answer for."""
        return min(days.last for days in self.calendars.values())

    def on(self, day: date) -> DayRules | None:
        """Return the rules of a day, None outside the horizon (deny: NO_RULES_FOR_DAY)."""
        return self._on(day) if self.first <= day <= self.last else None

    def entry_on(
        self, kind: str, board: Board, day: date, status: ListingStatus = ListingStatus.NORMAL
    ) -> RuleEntry | None:
        """Return the entry of config/markets that held on a day, with its source."""
        held = [e for e in self._history.get((kind, board, status), ()) if e.from_day <= day]
        return held[-1] if held else None

    def _require_complete(self) -> None:
        if not self.calendars or self.first > self.last:
            raise ConfigError("calendars", "give at least one calendar; their days must overlap")
        for board in sorted(self.boards):
            venue = VENUE_OF_BOARD[board]
            if venue not in self.calendars:
                raise ConfigError("calendars", f"{board.name} needs a calendar of {venue.name}")
            for kind in VALUES:
                for status in _LIMITED if kind == "limit" else (ListingStatus.NORMAL,):
                    if self.entry_on(kind, board, self.first, status) is None:
                        what = f"{board.name} {status.name} has no entry on {self.first}"
                        raise ConfigError(f"markets.{kind}", f"{what}, the first day of the book")

    def _rules_of(self, day: date) -> DayRules:
        held = [
            entry
            for kind, board, status in sorted(self._history)
            if (entry := self.entry_on(kind, board, day, status)) is not None
        ]
        return _day_rules(day, held, self.calendars)


def _day_rules(
    day: date, held: list[RuleEntry], calendars: Mapping[Venue, TradingDays]
) -> DayRules:
    column = {key: np.zeros(BOARDS, np.int64) for keys in VALUES.values() for key in keys}
    column["tick_e4"] += 1
    for key in ("lot_qty", "min_qty"):
        column[key] += 1
    limit_bp = np.full((BOARDS, STATUSES), NO_LIMIT, np.int64)
    is_trading = np.zeros(BOARDS, np.bool_)
    start_s = np.full((BOARDS, PHASES_MAX + 1), DAY_S, np.int64)
    start_s[:, 0] = 0
    phase_code = np.full((BOARDS, PHASES_MAX + 1), Phase.CLOSED, np.int64)
    for entry in held:
        is_trading[entry.board] = calendars[VENUE_OF_BOARD[entry.board]].is_trading_day(day)
        if entry.kind == "limit":
            limit_bp[entry.board, entry.status] = entry.values["limit_bp"]
            continue
        for key, value in entry.values.items():
            column[key][entry.board] = value
        if is_trading[entry.board]:
            for i, step in enumerate(entry.steps, start=1):
                start_s[entry.board, i], phase_code[entry.board, i] = step
    fee_keys = ("commission_ppm", "commission_min_e4", "sell_ppm", "both_ppm")
    for array in (*column.values(), limit_bp, is_trading, start_s, phase_code):
        array.flags.writeable = False
    return DayRules(
        day=day,
        version=_version(held),
        is_trading_day=is_trading,
        **{key: column[key] for key in ("tick_e4", "lot_qty", "min_qty", "max_qty")},
        limit_bp=limit_bp,
        **{key: column[key] for key in ("call_up_bp", "call_down_bp", "cage_bp", "cage_ticks")},
        is_t0=column["is_t0"].astype(np.bool_),
        commission_ppm=column["commission_ppm"],
        commission_min_e4=column["commission_min_e4"],
        stamp_duty_ppm=column["sell_ppm"],
        transfer_fee_ppm=column["both_ppm"],
        phase_start_s=start_s,
        phase_code=phase_code,
        board_fees=tuple(
            BoardFees(*row) for row in zip(*(column[key].tolist() for key in fee_keys), strict=True)
        ),
    )


def _version(held: list[RuleEntry]) -> str:
    """Return the day of the last change and a digest of the values in force: "20260706-1f0c..."."""
    facts = [(e.kind, e.board.name, e.status.name, sorted(e.values.items()), e.steps) for e in held]
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
    latest = max((entry.from_day for entry in held), default=date.min)
    return f"{latest:%Y%m%d}-{digest}"
