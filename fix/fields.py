"""The FIX 4.4 tags we use and the text forms of their values, exact and without QuickFIX objects.

Prices and quantities are decimal text on the wire and integers here, never binary floats
(FIX 4.4 volume 1, "FIX data types": float, Qty, Price, UTCTimestamp). Reading a field object of
QuickFIX costs about a hundred times as much as reading text, so messages are read as text.
Not here: which message has which fields (fix.encode, fix.decode).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from risk.domain.enums import fix_char
from risk.domain.fixedpoint import E4, PRICE_E4_MAX, QTY_MAX

SOH: Final = "\x01"
MESSAGE_CHARS_MAX: Final = 64 * 1024
FIELDS_MAX: Final = 4_096
ID_CHARS_MAX: Final = 64
TEXT_CHARS_MAX: Final = 256
SEQ_NUM_MAX: Final = 2**53

ACCOUNT: Final = "1"
AVG_PX: Final = "6"
CL_ORD_ID: Final = "11"
CUM_QTY: Final = "14"
EXEC_ID: Final = "17"
EXEC_REF_ID: Final = "19"
LAST_PX: Final = "31"
LAST_QTY: Final = "32"
MSG_SEQ_NUM: Final = "34"
MSG_TYPE: Final = "35"
ORDER_ID: Final = "37"
ORD_STATUS: Final = "39"
ORIG_CL_ORD_ID: Final = "41"
POSS_DUP: Final = "43"
REF_SEQ_NUM: Final = "45"
SIDE: Final = "54"
SYMBOL: Final = "55"
TEXT: Final = "58"
TRANSACT_TIME: Final = "60"
POSS_RESEND: Final = "97"
CXL_REJ_REASON: Final = "102"
ORD_REJ_REASON: Final = "103"
EXEC_TYPE: Final = "150"
LEAVES_QTY: Final = "151"
REF_MSG_TYPE: Final = "372"
SESSION_REJECT_REASON: Final = "373"
BUSINESS_REJECT_REF_ID: Final = "379"
BUSINESS_REJECT_REASON: Final = "380"
ORD_STATUS_REQ_ID: Final = "790"

Fields = Mapping[str, str]

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{0,15}))?", re.ASCII)
_WHOLE: Final = re.compile(r"([0-9]{1,15})(?:\.0{0,15})?", re.ASCII)
_IDENTIFIER: Final = re.compile(rf"[\x20-\x7e]{{1,{ID_CHARS_MAX}}}")
_TIMESTAMP: Final = re.compile(
    r"([0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?", re.ASCII
)
_NS: Final = 1_000_000_000
_SECOND_MAX: Final = (2**63 - 1) // _NS - 1


class FieldProblem(ValueError):
    """A field is missing or says what it cannot; `reason` is BusinessRejectReason(380)."""

    def __init__(self, tag: str, problem: str, reason: int = 0) -> None:
        super().__init__(f"tag {tag} {problem}")
        self.tag = tag
        self.reason = reason


def split(message: str) -> dict[str, str]:
    """Return tag -> value of a message's text; of a repeated tag the last value counts.

    Raises FieldProblem above MESSAGE_CHARS_MAX or FIELDS_MAX.
    """
    if len(message) > MESSAGE_CHARS_MAX:
        raise FieldProblem("9", f"may be {MESSAGE_CHARS_MAX}, was {len(message)}")
    parts = message.split(SOH)
    if len(parts) > FIELDS_MAX:
        raise FieldProblem("9", f"has {len(parts)} fields, at most {FIELDS_MAX} are read")
    return {tag: value for tag, mark, value in (part.partition("=") for part in parts) if mark}


def required(fields: Fields, tag: str) -> str:
    """Return a value that must be there."""
    value = fields.get(tag)
    if not value:
        raise FieldProblem(tag, "is missing", reason=5)
    return value


def identifier(fields: Fields, tag: str, *, is_required: bool = False) -> str:
    """Return an id of at most ID_CHARS_MAX printable ASCII characters, "" when absent."""
    value = required(fields, tag) if is_required else fields.get(tag, "")
    if value and not _IDENTIFIER.fullmatch(value):
        raise FieldProblem(tag, f"must be 1..{ID_CHARS_MAX} ASCII characters, was {value[:80]!r}")
    return value


def whole(fields: Fields, tag: str, highest: int) -> int:
    """Return an int or Qty without fraction from 0 to `highest`; 0 when absent."""
    value = fields.get(tag)
    if value is None:
        return 0
    match = _WHOLE.fullmatch(value)
    number = int(match[1]) if match else -1
    if not 0 <= number <= highest:
        raise FieldProblem(tag, f"must be a whole number of 0..{highest}, was {value[:24]!r}")
    return number


def quantity(fields: Fields, tag: str) -> int:
    """Return a Qty in shares; 0 when absent."""
    return whole(fields, tag, QTY_MAX)


def price_e4(fields: Fields, tag: str) -> int:
    """Return a Price exactly in e4 units; 0 when absent. Zeros beyond four decimals are read."""
    value = fields.get(tag)
    if value is None:
        return 0
    match = _DECIMAL.fullmatch(value)
    if match:
        fraction = (match[3] or "").rstrip("0")
        number = int(match[2]) * E4 + int(fraction.ljust(4, "0") or "0")
        if len(fraction) <= 4 and number <= PRICE_E4_MAX and (not match[1] or not number):
            return number
    raise FieldProblem(
        tag, f"must be a price of 0..1000000 with at most 4 decimals, was {value[:24]!r}"
    )


def average_e4(fields: Fields, tag: str) -> int:
    """Return an average price, rounded half up to e4 units; 0 when absent."""
    value = fields.get(tag)
    if value is None:
        return 0
    match = _DECIMAL.fullmatch(value)
    if match and not match[1]:
        digits = (match[3] or "").ljust(5, "0")
        number = int(match[2]) * E4 + int(digits[:4]) + (digits[4] >= "5")
        if number <= PRICE_E4_MAX:
            return number
    raise FieldProblem(tag, f"must be an average price of 0..1000000, was {value[:24]!r}")


def code(fields: Fields, tag: str) -> int:
    """Return a one-character code (OrdStatus, ExecType, Side) as its base-36 number."""
    value = required(fields, tag)
    if len(value) == 1 and value.isascii() and value.isalnum():
        number = int(value, 36)
        if fix_char(number) == value:
            return number
    raise FieldProblem(tag, f"must be one of 0-9 or A-Z, was {value[:24]!r}")


def flag(fields: Fields, tag: str) -> bool:
    """Return a Boolean; absent is N."""
    value = fields.get(tag, "N")
    if value not in ("Y", "N"):
        raise FieldProblem(tag, f"must be Y or N, was {value[:24]!r}")
    return value == "Y"


def free_text(fields: Fields, tag: str) -> str:
    """Return words of the venue, UTF-8 or GB 18030, cut to TEXT_CHARS_MAX characters."""
    value = fields.get(tag, "")
    if not value.isascii():
        raw = value.encode("utf-8", "surrogateescape")
        try:
            value = raw.decode("utf-8")
        except UnicodeDecodeError:
            value = raw.decode("gb18030", "replace")
    return value[:TEXT_CHARS_MAX]


def timestamp_ns(fields: Fields, tag: str) -> int:
    """Return a UTCTimestamp as Unix time in ns; 0 when absent. A leap second counts as :59.

    Only times that fit the book's int64 column, the years 1970 to 2261, are read.
    """
    value = fields.get(tag)
    if value is None:
        return 0
    try:
        match = _TIMESTAMP.fullmatch(value)
        if match is not None and 0 <= (second := _second_of(match[1])) <= _SECOND_MAX:
            return second * _NS + int((match[2] or "0").ljust(9, "0"))
    except ValueError:
        pass
    raise FieldProblem(tag, f"must be a UTC timestamp, was {value[:32]!r}")


@lru_cache(maxsize=8)  # orders of one batch have the same time
def timestamp_text(at_ns: int) -> str:
    """Return Unix time in ns as UTCTimestamp with milliseconds, rounded down."""
    second, rest_ns = divmod(at_ns, _NS)
    return f"{_second_text(second)}.{rest_ns // 1_000_000:03d}"


@lru_cache(maxsize=8)  # most messages of a burst are of the same second
def _second_text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d-%H:%M:%S}"


@lru_cache(maxsize=8)
def _second_of(text: str) -> int:
    """Return the Unix second of "yyyymmdd-hh:mm:ss"; ValueError when there is no such time."""
    if text.endswith(":60"):
        text = f"{text[:-2]}59"
    return int(datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC).timestamp())
