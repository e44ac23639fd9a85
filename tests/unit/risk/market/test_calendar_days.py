from datetime import date, timedelta

import pytest

from risk.domain.enums import Venue
from risk.domain.errors import ConfigError
from risk.market.calendar_days import read_calendars
from tests.builders.rulebooks import the_rulebook

SSE = the_rulebook().calendars[Venue.SSE]


def a_calendar(**changes: object) -> dict[str, object]:
    return {
        "venues": ["SSE"],
        "first": date(2026, 1, 1),
        "last": date(2026, 12, 31),
        "closed": [date(2026, 1, 1)],
        "source": "notice",
    } | changes


@pytest.mark.parametrize(
    ("day", "is_trading"),
    [
        (date(2026, 1, 2), False),
        (date(2026, 1, 5), True),
        (date(2026, 2, 13), True),
        (date(2026, 2, 14), False),  # a working Saturday elsewhere
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 9, 25), False),
        (date(2026, 9, 28), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 11, 22), False),
        (date(2027, 1, 4), False),  # outside the horizon
    ],
)
def test_the_exchanges_trade_on_weekdays_that_are_no_holidays(day, is_trading):
    assert SSE.is_trading_day(day) is is_trading


@pytest.mark.parametrize(("year", "days"), [(2023, 242), (2024, 242), (2025, 243), (2026, 242)])
def test_each_year_has_its_number_of_trading_days(year, days):
    all_days = (date(year, 1, 1) + timedelta(days=i) for i in range(365 + (year % 4 == 0)))

    assert sum(SSE.is_trading_day(day) for day in all_days) == days


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"closd": []}, "c.toml.'closd'"),
        ({"venues": ["NYSE"]}, "c.toml.venues"),
        ({"first": "2026-01-01"}, "c.toml.first"),
        ({"last": date(2025, 1, 1)}, "c.toml.last"),
        ({"closed": "none"}, "c.toml.closed"),
        ({"closed": [date(2026, 1, 3)]}, "c.toml.closed[0]"),  # a Saturday
        ({"closed": [date(2027, 1, 4)]}, "c.toml.closed[0]"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_place(changes, path):
    with pytest.raises(ConfigError) as caught:
        read_calendars({"c.toml": a_calendar(**changes)})

    assert caught.value.path == path


def test_a_calendar_without_a_key_is_refused():
    calendar = a_calendar()
    del calendar["source"]

    with pytest.raises(ConfigError, match=r"c\.toml\.source: is missing"):
        read_calendars({"c.toml": calendar})


def test_the_years_of_a_venue_must_join():
    later = a_calendar(first=date(2027, 1, 2), last=date(2027, 12, 31), closed=[])

    with pytest.raises(ConfigError, match=r"b\.toml\.first: must be the day after 2026-12-31"):
        read_calendars({"a.toml": a_calendar(), "b.toml": later})
