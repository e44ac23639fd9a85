"""Identifiers and their shapes; every door checks with these before anything else reads the text.

Not here: who may use an identifier (gateway.identity).
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, NewType

AccountNo = NewType("AccountNo", str)
Symbol = NewType("Symbol", str)
ClOrdID = NewType("ClOrdID", str)

ACCOUNT_NO: Final = re.compile(r"[0-9]{4,12}")
SYMBOL: Final = re.compile(r"[0-9]{6}")
INDEX_SYMBOL: Final = re.compile(r"(?:SH|SZ|BJ)[0-9]{6}")  # quotes only
INITIALS: Final = re.compile(r"[A-Z0-9]{0,16}")  # of a Chinese name
BRANCH_CODE: Final = re.compile(r"[0-9]{5}")
REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,96}")
CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991
NS: Final = 1_000_000_000
_CHINA_S: Final = 8 * 3600
_EPOCH: Final = date(1970, 1, 1)


def trading_day(at_ns: int) -> date:
    """Return the calendar day in China at `at_ns` (Unix time in ns)."""
    return _EPOCH + timedelta(days=_day_count(at_ns))


def is_same_day(at_ns: int, other_ns: int) -> bool:
    """Return whether two times have the same trading day."""
    return _day_count(at_ns) == _day_count(other_ns)


def _day_count(at_ns: int) -> int:
    return (at_ns // NS + _CHINA_S) // 86_400


def second_of_day(at_ns: int) -> int:
    """Return seconds since midnight in China at `at_ns`."""
    return (at_ns // NS + _CHINA_S) % 86_400


def china_time(at_ns: int) -> datetime:
    """Return `at_ns` as an aware datetime in China, microsecond resolution."""
    return datetime(1970, 1, 1, tzinfo=UTC).astimezone(CHINA) + timedelta(
        microseconds=at_ns // 1000
    )


def cl_ord_id(day: date, order_no: int) -> str:
    """Return ClOrdID(11) of our order: yymmdd and the day's order number, "261123000042".

    Digits only, at least six for the number, unique over the life of the firm's records.
    """
    return f"{day:%y%m%d}{order_no:06d}"


def order_no_of(cl_ord_id: str) -> int:
    """Return the day's order number, as spoken to the customer, from a ClOrdID(11)."""
    return int(cl_ord_id[6:])
