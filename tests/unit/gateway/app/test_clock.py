"""The wall clock of a process and its shift."""

import pytest

from gateway.app.clock import ClockSettings, iso_clock, wall_clock


@pytest.mark.parametrize(
    ("shift_s", "told"),
    [
        (0, "1970-01-01T08:00:01.500000+08:00"),
        (3600, "1970-01-01T09:00:01.500000+08:00"),
        (-1, "1970-01-01T08:00:00.500000+08:00"),
    ],
)
def test_clock_is_shifted_and_told_in_china_time(shift_s: int, told: str) -> None:
    now_ns = wall_clock(ClockSettings(shift_s=shift_s), lambda: 1_500_000_000)

    assert iso_clock(now_ns)() == told
