"""Keypad grammars: keys in, a typed value out. `#` ends an entry.

Two habits, as data (reference: voice menus): Chinese brokers use `*` as the decimal point, ISO/IEC
13714 uses `#` for it, so there a decimal ends with a second `#`. In both, `*` pressed on nothing
waits for a second key: `**` goes back, `*0` asks for a person, `*9` repeats; on something it
clears, and so does `**` where `*` is the point. Nothing begins with the point: 0*05, never *05.
Not here: time-outs and tries (gateway.ivr.interpreter).
"""

import enum
from datetime import date
from typing import Final, NamedTuple

from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX, parse_e4

CODE_DIGITS: Final = 6
DATE_DIGITS: Final = 8
PHONE_DIGITS: Final = range(7, 16)
INITIALS: Final = range(2, 9)
PICK_MAX: Final = 99
PERCENT_BP_MAX: Final = 100_000  # ten times the price
_BP_E4: Final = 100  # 1 % is 10,000 of parse_e4 and 100 basis points
_CLEARED: Final = "-"  # stands for an entry that `*` has just cleared: a second `*` adds nothing


class EntryKind(enum.Enum):
    """What is keyed."""

    ACCOUNT = "account"
    PIN = "pin"
    CODE = "code"
    PRICE = "price"
    QTY = "qty"
    PERCENT = "percent"
    ORDER_NO = "order_no"
    INITIALS = "initials"
    PICK = "pick"
    PHONE = "phone"
    DATE = "date"


# The most keys of an entry, without its end.
KEYS_MAX: Final = {
    EntryKind.ACCOUNT: 12,
    EntryKind.PIN: 12,
    EntryKind.CODE: CODE_DIGITS,
    EntryKind.PRICE: 12,  # seven digits, the point, four decimals
    EntryKind.QTY: 9,
    EntryKind.PERCENT: 7,  # four digits, the point, two decimals
    EntryKind.ORDER_NO: 9,
    EntryKind.INITIALS: INITIALS[-1],
    EntryKind.PICK: 2,
    EntryKind.PHONE: PHONE_DIGITS[-1],
    EntryKind.DATE: DATE_DIGITS,
}
ORDER_FIELDS: Final = frozenset(
    {
        EntryKind.CODE,
        EntryKind.INITIALS,
        EntryKind.PRICE,
        EntryKind.PERCENT,
        EntryKind.QTY,
        EntryKind.ORDER_NO,
    }
)
DECIMALS: Final = frozenset({EntryKind.PRICE, EntryKind.PERCENT})
BY_LENGTH: Final = frozenset({EntryKind.CODE, EntryKind.DATE})  # end with their last digit


class KeyProfile(NamedTuple):
    """A habit of keying: which key is the decimal point."""

    name: str
    point: str


CHINA: Final = KeyProfile("china", "*")
ISO: Final = KeyProfile("iso", "#")
PROFILES: Final = {profile.name: profile for profile in (CHINA, ISO)}


class More(NamedTuple):
    """Not at its end yet; these are the keys so far."""

    keys: str

    def __repr__(self) -> str:
        """Hide the keys: they may be a PIN."""
        return f"More({len(self.keys)} keys)"


class Entered(NamedTuple):
    """A value: digits as text, a figure as int (price_e4, bp). `by_length` ends without `#`."""

    value: str | int
    by_length: bool = False

    def __repr__(self) -> str:
        """Hide the value: it may be a PIN."""
        return "Entered(value=?)"


class NotValid(NamedTuple):
    """The entry has ended and is no value of its kind."""


class Empty(NamedTuple):
    """It has ended before it began."""


class Back(NamedTuple):
    """The caller wants to go back."""


class Agent(NamedTuple):
    """The caller wants a person."""


class Repeat(NamedTuple):
    """The caller wants to hear the question again."""


Entry = More | Entered | NotValid | Empty | Back | Agent | Repeat
_ESCAPES: Final[dict[str, Entry]] = {"*": Back(), "0": Agent(), "9": Repeat(), "#": NotValid()}


def take(kind: EntryKind, keys: str, key: str, profile: KeyProfile = CHINA) -> Entry:
    """Return what `keys`, then `key`, amount to. Letters A-D are ignored."""
    if key not in "0123456789*#":
        return More(keys)
    point = profile.point if kind in DECIMALS else ""
    if keys == "*":
        if key in _ESCAPES:
            return _ESCAPES[key]
        return More(keys + key) if point == "*" else take(kind, "", key, profile)
    if key == "*":
        return _star(keys, is_point=point == "*")
    keys = keys.removeprefix(_CLEARED)
    if key == "#":
        if not keys:
            return Empty()
        if point == "#" and "#" not in keys:
            return More(keys + "#")
        return _value(kind, keys.replace("#", "*"))
    if len(keys) > KEYS_MAX[kind]:
        return More(keys)  # too long already: swallow the rest, so that it begins no new entry
    keys += key
    if kind in BY_LENGTH and len(keys) == KEYS_MAX[kind]:
        return _value(kind, keys)
    return More(keys)


def wants_back(keys: str) -> bool:
    """Whether an entry that nobody went on with was a `*` on nothing: the caller wants back."""
    return keys == "*"


def is_begun(keys: str) -> bool:
    """Whether something of the entry itself has been keyed."""
    return keys not in ("", "*", _CLEARED)


def _star(keys: str, is_point: bool) -> Entry:
    if not keys:
        return More("*")
    if keys == _CLEARED:
        return More("")
    if is_point:
        # A second point is kept, so that the entry is not valid: 10*5*7 is no price of 7.
        return More("") if keys.endswith("*") else More(keys + "*")
    return More(_CLEARED)


def _value(kind: EntryKind, keys: str) -> Entry:
    if len(keys) > KEYS_MAX[kind]:
        return NotValid()
    match kind:
        case EntryKind.ACCOUNT | EntryKind.PIN:
            return Entered(keys)
        case EntryKind.CODE:
            is_whole = len(keys) == CODE_DIGITS
            return Entered(keys, by_length=True) if is_whole else NotValid()
        case EntryKind.QTY:
            return _number(keys, QTY_MAX)
        case EntryKind.ORDER_NO:
            return _number(keys, 10 ** KEYS_MAX[kind])
        case EntryKind.PICK:
            return _number(keys, PICK_MAX)
        case EntryKind.PRICE:
            price_e4 = _decimal_e4(keys)
            return Entered(price_e4) if 0 < price_e4 <= PRICE_E4_MAX else NotValid()
        case EntryKind.PERCENT:
            bp, rest = divmod(_decimal_e4(keys), _BP_E4)
            return Entered(bp) if 0 < bp <= PERCENT_BP_MAX and not rest else NotValid()
        case EntryKind.INITIALS:
            is_letters = len(keys) in INITIALS and not set(keys) & {"0", "1"}
            return Entered(keys) if is_letters else NotValid()
        case EntryKind.PHONE:
            return Entered(keys) if len(keys) in PHONE_DIGITS else NotValid()
        case EntryKind.DATE:
            return _date(keys)


def _number(keys: str, most: int) -> Entry:
    number = int(keys)
    return Entered(number) if 0 < number <= most else NotValid()


def _decimal_e4(keys: str) -> int:
    """Return a decimal with `*` as its point in 1/10,000; 0 when it is none."""
    whole, _, decimals = keys.partition("*")
    try:
        return parse_e4(f"{whole}.{decimals or '0'}") if whole else 0
    except ValueError:
        return 0


def _date(keys: str) -> Entry:
    try:
        date.fromisoformat(keys)
    except ValueError:
        return NotValid()
    return Entered(int(keys), by_length=True)
