"""Closed sets of the domain; the values are the column codes of the book and the journal.

FIX codes are single characters from 0-9A-I; the enums hold them as base-36 numbers, so that
`OrdStatus(39)=A` is 10 here and the FIX edge converts with `int(char, 36)` and `fix_char(value)`.
Not here: reason codes (risk.domain.reasons).
"""

import enum
from typing import Final

_BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def fix_char(value: int) -> str:
    """Return the FIX character of an enum value: 15 -> "F"."""
    return _BASE36[value]


class Side(enum.IntEnum):
    """Side(54)."""

    BUY = 1
    SELL = 2


class OrdType(enum.IntEnum):
    """OrdType(40). Market orders enter with the order types of a later release."""

    MARKET = 1
    LIMIT = 2


class TimeInForce(enum.IntEnum):
    """TimeInForce(59)."""

    DAY = 0


class OrdStatus(enum.IntEnum):
    """OrdStatus(39)."""

    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    DONE_FOR_DAY = 3
    CANCELED = 4
    REPLACED = 5
    PENDING_CANCEL = 6
    STOPPED = 7
    REJECTED = 8
    SUSPENDED = 9
    PENDING_NEW = 10
    CALCULATED = 11
    EXPIRED = 12
    ACCEPTED_FOR_BIDDING = 13
    PENDING_REPLACE = 14


class ExecType(enum.IntEnum):
    """ExecType(150)."""

    NEW = 0
    DONE_FOR_DAY = 3
    CANCELED = 4
    REPLACED = 5
    PENDING_CANCEL = 6
    STOPPED = 7
    REJECTED = 8
    SUSPENDED = 9
    PENDING_NEW = 10
    CALCULATED = 11
    EXPIRED = 12
    RESTATED = 13
    PENDING_REPLACE = 14
    TRADE = 15
    TRADE_CORRECT = 16
    TRADE_CANCEL = 17
    ORDER_STATUS = 18


class Channel(enum.IntEnum):
    """The way in."""

    PHONE = 1
    WEB = 2
    BRANCH = 3
    AGENT = 4
    SYSTEM = 5


class Language(enum.IntEnum):
    """Language of prompts and messages."""

    ZH = 1
    EN = 2


class Venue(enum.IntEnum):
    """Exchange an instrument trades on."""

    SSE = 1
    SZSE = 2
    BSE = 3


class Board(enum.IntEnum):
    """What kind of listing it is; the key of most market rules."""

    SSE_MAIN = 1
    SSE_STAR = 2
    SSE_FUND = 3
    SSE_CONVERTIBLE = 4
    SZSE_MAIN = 5
    SZSE_CHINEXT = 6
    SZSE_FUND = 7
    SZSE_CONVERTIBLE = 8
    BSE_STOCK = 9
    SSE_INDEX = 10  # quoted, never traded; so are the two that follow
    SZSE_INDEX = 11
    BSE_INDEX = 12


class ListingStatus(enum.IntEnum):
    """Status that changes the price limit of a listing."""

    NORMAL = 0
    RISK_WARNING = 1  # ST and *ST
    DELISTING_PERIOD = 2
    NO_LIMIT_DAY = 3  # first days after an IPO, first day of the delisting period


class Phase(enum.IntEnum):
    """Part of the trading day (market-rules: sessions and cancels)."""

    CLOSED = 0
    OPENING_CALL = 1  # 9:15-9:20, entry and cancel
    OPENING_CALL_NO_CANCEL = 2  # 9:20-9:25
    PRE_CONTINUOUS = 3  # 9:25-9:30, the venue does not process
    CONTINUOUS = 4
    LUNCH = 5
    CLOSING_CALL = 6  # 14:57-15:00, no cancel


class AlertKind(enum.IntEnum):
    """What a price alert waits for."""

    AT_OR_ABOVE = 1
    AT_OR_BELOW = 2


class StatementForm(enum.IntEnum):
    """How a statement is sent to the registered contact."""

    SMS = 1  # a digest
    MAIL = 2  # with every row


class KillScope(enum.IntEnum):
    """What a kill switch stops."""

    FIRM = 1
    BRANCH = 2
    ACCOUNT = 3
    INSTRUMENT = 4  # trading halt set by us
