from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.callcenter.hours import OpenHours
from risk.domain.ids import CHINA

TWO_A_DAY = ("mon-fri 08:30-11:30", "mon-fri 13:00-17:00", "sat-sun 22:00-24:00")


def at(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CHINA).timestamp()) * 10**9


@given(
    st.integers(0, 20_160).map(lambda minute: at("2026-11-16 00:00") + minute * 60 * 10**9 + 7),
    st.sampled_from([TWO_A_DAY, ("sun-mon 09:00-10:00",), ("wed 00:00-24:00",)]),
)
def test_the_next_opening_is_the_first_minute_that_is_open(
    at_ns: int, intervals: tuple[str, ...]
) -> None:
    hours = OpenHours(intervals)
    minute_ns = 60 * 10**9
    ahead = (at_ns // minute_ns * minute_ns + n * minute_ns for n in range(1, 10_081))
    first = 0 if hours.is_open(at_ns) else next(ns for ns in ahead if hours.is_open(ns))
    assert hours.next_opening_ns(at_ns) == first


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20 08:29", False),  # a Friday
        ("2026-11-20 08:30", True),
        ("2026-11-20 11:29", True),
        ("2026-11-20 11:30", False),
        ("2026-11-20 13:00", True),
        ("2026-11-20 17:00", False),
        ("2026-11-21 10:00", False),
        ("2026-11-21 23:59", True),
        ("2026-11-23 00:00", False),
    ],
)
def test_a_queue_is_open_in_its_intervals_of_china_time(moment: str, is_open: bool) -> None:
    assert OpenHours(TWO_A_DAY).is_open(at(moment)) is is_open


def test_days_may_go_round_the_weekend_and_none_is_always_open() -> None:
    hours = OpenHours(["sat-mon 09:00-10:00"])
    days = [f"2026-11-{day} 09:30" for day in range(20, 26)]
    assert [hours.is_open(at(day)) for day in days] == [False, True, True, True, False, False]
    assert OpenHours(()).is_open(0)


@pytest.mark.parametrize(
    "text",
    ["", "mon", "mon 9:00-10:00", "mon 09:00-09:00", "mon 22:00-02:00", "mon-xxx 09:00-10:00",
     "mon 09:00-25:00", "mon  09:00-10:00", "mon 09:60-10:00"],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="hours must"):
        OpenHours([text])
