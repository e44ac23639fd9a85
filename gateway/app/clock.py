"""The wall clock of a process, shifted where a demonstration or test wants another market time.

Not here: reactor time (IReactorTime), which measures durations and is never shifted.
"""

import time
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from risk.domain.ids import NS, china_time

SHIFT_S_MAX: Final = 20 * 366 * 86_400


class ClockSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[clock] in hotline.toml."""

    shift_s: Annotated[
        int,
        msgspec.Meta(
            ge=-SHIFT_S_MAX,
            le=SHIFT_S_MAX,
            description="Seconds added to the system clock; 0 except in demonstrations and tests.",
        ),
    ] = 0


def wall_clock(
    settings: ClockSettings, time_ns: Callable[[], int] = time.time_ns
) -> Callable[[], int]:
    """Return now_ns(): Unix time in ns, shifted as set."""
    shift_ns = settings.shift_s * NS
    return lambda: time_ns() + shift_ns


def iso_clock(now_ns: Callable[[], int]) -> Callable[[], str]:
    """Return a function that gives the wall clock as ISO 8601 text in China, in microseconds."""
    return lambda: china_time(now_ns()).isoformat(timespec="microseconds")
