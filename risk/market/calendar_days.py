"""Trading days of a venue inside an honest horizon, from parsed mappings (config/calendars).

A calendar file lists the weekdays on which the market is closed; Saturdays and Sundays never
trade, not even the ones that are working days elsewhere. Outside the horizon nothing is known and
nothing is guessed. Not here: the phases of a day (phases.py).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from risk.domain.enums import Venue
from risk.domain.errors import ConfigError

HORIZON_DAYS_MAX: Final = 40 * 366
_SATURDAY: Final = 5
_KEYS: Final = frozenset({"venues", "first", "last", "closed", "source", "check"})


class TradingDays(NamedTuple):
    """One venue's trading days from `first` to `last`; `closed` are weekdays without trading."""

    first: date
    last: date
    closed: frozenset[date]

    def is_trading_day(self, day: date) -> bool:
        """Return whether the venue trades on the day; False outside the horizon."""
        is_known = self.first <= day <= self.last
        return is_known and day.weekday() < _SATURDAY and day not in self.closed


def read_calendars(documents: Mapping[str, Mapping[str, object]]) -> dict[Venue, TradingDays]:
    """Return each venue's days; a venue's files must join without a gap, else ConfigError."""
    spans: dict[Venue, list[tuple[date, date, str]]] = {}
    closed: dict[Venue, set[date]] = {}
    for name, document in sorted(documents.items()):
        venues, first, last, holidays = _read(name, document)
        for venue in venues:
            spans.setdefault(venue, []).append((first, last, name))
            closed.setdefault(venue, set()).update(holidays)
    found = {}
    for venue, parts in spans.items():
        parts.sort()
        for (_, last, _), (first, _, name) in pairwise(parts):
            if first != last + timedelta(days=1):
                raise ConfigError(f"{name}.first", f"must be the day after {last}, was {first}")
        found[venue] = TradingDays(parts[0][0], parts[-1][1], frozenset(closed[venue]))
    return found


def _read(name: str, document: Mapping[str, object]) -> tuple[list[Venue], date, date, list[date]]:
    for key in document:
        if key not in _KEYS:
            raise ConfigError(f"{name}.{key!r:.60}", f"unknown key; known: {sorted(_KEYS)}")
    for key in sorted(_KEYS - {"check"} - set(document)):
        raise ConfigError(f"{name}.{key}", "is missing: every calendar needs it")
    venues = document["venues"]
    if (
        not isinstance(venues, list)
        or not venues
        or any(v not in Venue.__members__ for v in venues)
    ):
        raise ConfigError(f"{name}.venues", f"must list some of {list(Venue.__members__)}")
    first = _day(f"{name}.first", document["first"])
    last = _day(f"{name}.last", document["last"])
    if not 0 <= (last - first).days < HORIZON_DAYS_MAX:
        raise ConfigError(f"{name}.last", f"must lie after {first} and within 40 years, was {last}")
    listed = document["closed"]
    if not isinstance(listed, list) or len(listed) > HORIZON_DAYS_MAX:
        raise ConfigError(f"{name}.closed", "must be a list of days")
    closed = [_day(f"{name}.closed[{i}]", day) for i, day in enumerate(listed)]
    for i, day in enumerate(closed):
        if not first <= day <= last or day.weekday() >= _SATURDAY:
            problem = f"must be a weekday from {first} to {last}, was {day:%a} {day}"
            raise ConfigError(f"{name}.closed[{i}]", problem)
    return [Venue[v] for v in venues], first, last, closed


def _day(path: str, value: object) -> date:
    if type(value) is not date:
        raise ConfigError(path, f"must be a day such as 2026-07-06, was {value!r:.60}")
    return value
