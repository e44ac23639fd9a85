"""Keypad grammars: keys in, a typed value out. `#` ends an entry.

`*` clears what was keyed and goes back when nothing was; in a price it is the decimal point, so
there `**` clears or goes back (the custom of Chinese brokers; reference: voice menus).
Not here: time-outs and tries (gateway.ivr.interpreter).
"""

import enum
from typing import Final, NamedTuple

from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX, parse_e4

CODE_DIGITS: Final = 6


class EntryKind(enum.Enum):
    """What is keyed."""

    ACCOUNT = "account"
    PIN = "pin"
    CODE = "code"
    PRICE = "price"
    QTY = "qty"


# The most keys of an entry, without its end.
KEYS_MAX: Final = {
    EntryKind.ACCOUNT: 12,
    EntryKind.PIN: 12,
    EntryKind.CODE: CODE_DIGITS,
    EntryKind.PRICE: 12,  # seven digits, the point, four decimals
    EntryKind.QTY: 9,
}
ORDER_FIELDS: Final = frozenset({EntryKind.CODE, EntryKind.PRICE, EntryKind.QTY})


class More(NamedTuple):
    """Not at its end yet; these are the keys so far."""

    keys: str

    def __repr__(self) -> str:
        """Hide the keys: they may be a PIN."""
        return f"More({len(self.keys)} keys)"


class Entered(NamedTuple):
    """A value: digits as text, quantity or price_e4 as int. `by_length` ends without `#`."""

    value: str | int
    by_length: bool = False

    def __repr__(self) -> str:
        """Hide the value: it may be a PIN."""
        return "Entered(value=?)"


class NotValid(NamedTuple):
    """The entry has ended and is no value of its kind."""


class Back(NamedTuple):
    """The caller wants to go back."""


Entry = More | Entered | NotValid | Back


def take(kind: EntryKind, keys: str, key: str) -> Entry:
    """Return what `keys`, then `key`, amount to. Letters A-D are ignored."""
    if key == "#":
        return _value(kind, keys)
    if key == "*":
        return _price_star(keys) if kind is EntryKind.PRICE else (More("") if keys else Back())
    if key not in "0123456789":
        return More(keys)
    if len(keys) > KEYS_MAX[kind]:
        return More(keys)  # too long already: swallow the rest, so that it begins no new entry
    keys += key
    if kind is EntryKind.CODE and len(keys) == CODE_DIGITS:
        return Entered(keys, by_length=True)
    return More(keys)


def _price_star(keys: str) -> Entry:
    if keys == "*":
        return Back()
    # A second point is kept, so that the entry is not valid: 10*5*7 is no price of 7.
    return More("") if keys.endswith("*") else More(keys + "*")


def _value(kind: EntryKind, keys: str) -> Entry:
    if not keys or len(keys) > KEYS_MAX[kind]:
        return NotValid()
    match kind:
        case EntryKind.ACCOUNT | EntryKind.PIN:
            return Entered(keys)
        case EntryKind.CODE:
            return NotValid()  # six digits would have ended it
        case EntryKind.QTY:
            qty = int(keys)
            return Entered(qty) if 0 < qty <= QTY_MAX else NotValid()
        case EntryKind.PRICE:
            return _price(keys)


def _price(keys: str) -> Entry:
    whole, _, decimals = keys.partition("*")
    if not whole + decimals:
        return NotValid()
    try:
        price_e4 = parse_e4(f"{whole or '0'}.{decimals or '0'}")
    except ValueError:
        return NotValid()
    return Entered(price_e4) if 0 < price_e4 <= PRICE_E4_MAX else NotValid()
