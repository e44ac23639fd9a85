"""Opening hours of a queue: any number of intervals a week, in China time.

Not here: trading days; a queue that follows the market names the market's hours.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from risk.domain.ids import NS, china_time

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_INTERVAL: Final = re.compile(
    r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))? "
    r"(?P<from>([01][0-9]|2[0-3]):[0-5][0-9])-(?P<to>([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
)


class OpenHours:
    """Weekly intervals such as "mon-fri 08:30-11:30"; without any it is always open.

    Raises ValueError for a text that is not one, naming it.
    """

    def __init__(self, intervals: Sequence[str]) -> None:
        self._spans = [span for text in intervals for span in _spans(text)]

    def is_open(self, at_ns: int) -> bool:
        """Return whether it is open at `at_ns`, Unix time; the end of an interval is closed."""
        at = china_time(at_ns)
        minute = at.hour * 60 + at.minute
        return not self._spans or any(
            day == at.weekday() and begin <= minute < end for day, begin, end in self._spans
        )

    def next_opening_ns(self, at_ns: int) -> int:
        """Return when it opens next after `at_ns`, Unix time; 0 when it is open."""
        if self.is_open(at_ns):
            return 0
        at = china_time(at_ns)
        midnight_ns = at_ns - (at.hour * 3600 + at.minute * 60 + at.second) * NS
        midnight_ns -= at_ns % NS
        minute = at.hour * 60 + at.minute
        waits = [(day - at.weekday()) % 7 * _DAY_MINUTES + begin for day, begin, _ in self._spans]
        ahead = [wait if wait > minute else wait + 7 * _DAY_MINUTES for wait in waits]
        return midnight_ns + min(ahead) * 60 * NS


def _spans(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield weekday, first minute and the minute after the last."""
    found = _INTERVAL.fullmatch(text)
    days = found and (found["first"], found["last"] or found["first"])
    if not found or not days or not set(days) <= set(_DAYS):
        raise ValueError(f'hours must read like "mon-fri 08:30-11:30", were {text!r}')
    begin, end = _minute(found["from"]), _minute(found["to"])
    if begin >= end:
        raise ValueError(f"hours must end after they begin, were {text!r}: cut them at 24:00")
    first, last = _DAYS.index(days[0]), _DAYS.index(days[1])
    for day in range(first, last + 1 if last >= first else last + 8):
        yield day % 7, begin, end


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
