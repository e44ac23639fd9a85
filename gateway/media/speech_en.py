"""English words of typed values: numbers, prices, dates and times as they are said aloud.

Not here: parsing (the tests' own).
"""

import datetime
from typing import Final

from risk.domain.fixedpoint import E4

_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_GROUPS: Final = (
    (10**15, "quadrillion"),
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (10**3, "thousand"),
    (100, "hundred"),
)
_MEASURES: Final = {
    "share": ("share", "shares"),
    "unit": ("unit", "units"),
    "bond": ("bond", "bonds"),
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_ORDINALS: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
    *("ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth"),
    *("sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_TENTHS: Final = {20: "twentieth", 30: "thirtieth"}
_KEYS: Final = {"*": "star", "#": "pound", "+": "plus"}
_ASCII_DIGITS: Final = frozenset("0123456789")
WORDS: Final = (
    *_ONES,
    *_TENS,
    *(word for _, word in _GROUPS),
    *(word for pair in _MEASURES.values() for word in pair),
    *("point", "points", "minus", "yuan", "percent"),
    *_MONTHS,
    *_ORDINALS,
    *_TENTHS.values(),
    *("oh", "AM", "PM", "noon", "midnight", "and", "seconds"),
    *_KEYS.values(),
)


def cardinal(number: int) -> list[str]:
    """Return the words of a whole number: 10500 -> ten thousand five hundred."""
    if number < 0:
        return ["minus", *cardinal(-number)]
    for unit, word in _GROUPS:
        if number >= unit:
            high, low = divmod(number, unit)
            return [*cardinal(high), word, *(cardinal(low) if low else [])]
    if number < 20:
        return [_ONES[number]]
    tens, ones = divmod(number, 10)
    return [_TENS[tens - 2], *([_ONES[ones]] if ones else [])]


def code(digits: str) -> list[str]:
    """Return digits one by one."""
    return [_ONES[int(digit)] for digit in digits]


def count(number: int) -> list[str]:
    """Return a plain number."""
    return cardinal(number)


def qty(number: int, measure: str) -> list[str]:
    """Return a quantity: 200 -> two hundred shares, 1 -> one share."""
    one, many = _MEASURES[measure]
    return [*cardinal(number), one if number == 1 else many]


def price(price_e4: int) -> list[str]:
    """Return a price with all its decimals, two at least: 10.10 -> ten point one zero yuan."""
    return [*_decimal(price_e4, 2), "yuan"]


def points(level_e4: int) -> list[str]:
    """Return the level of an index: 3210.56 -> three thousand two hundred ten point five six."""
    return [*_decimal(level_e4, 2), "points"]


def percent(rate_bp: int) -> list[str]:
    """Return a rate without zeros at its end: 350 -> three point five percent."""
    return [*_decimal(rate_bp * (E4 // 100), 0), "percent"]


def _decimal(figure_e4: int, decimals_min: int) -> list[str]:
    if figure_e4 < 0:
        return ["minus", *_decimal(-figure_e4, decimals_min)]
    whole, rest = divmod(figure_e4, E4)
    decimals = f"{rest:04d}".rstrip("0").ljust(decimals_min, "0")
    return [*cardinal(whole), *["point"] * bool(decimals), *code(decimals)]


def money(amount_e4: int) -> list[str]:
    """Return an amount: whole yuan without decimals, else as a price is said."""
    if amount_e4 % E4:
        return price(amount_e4)
    return [*cardinal(amount_e4 // E4), "yuan"]


def date(day: datetime.date) -> list[str]:
    """Return a day: November twenty second twenty twenty six."""
    tens = day.day // 10 * 10 if day.day >= 20 else 0
    if day.day in _TENTHS:
        nth = [_TENTHS[day.day]]
    else:
        nth = [*([_TENS[tens // 10 - 2]] if tens else []), _ORDINALS[day.day - tens - 1]]
    return [_MONTHS[day.month - 1], *nth, *_year(day.year)]


def _year(year: int) -> list[str]:
    """2026 -> twenty twenty six, 1905 -> nineteen oh five, 2005 -> two thousand five."""
    century, rest = divmod(year, 100)
    if century < 10 or (century % 10 == 0 and rest < 10):
        return cardinal(year)
    if rest == 0:
        return [*cardinal(century), "hundred"]
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def time(hour: int, minute: int, second: int | None) -> list[str]:
    """Return a time of 12 hours: nine AM, two oh five PM, twelve noon."""
    said = cardinal((hour - 1) % 12 + 1)
    if minute == 0 and hour % 12 == 0:
        said.append("noon" if hour else "midnight")
    else:
        said += ["oh"] if 0 < minute < 10 else []
        said += cardinal(minute) if minute else []
        said.append("AM" if hour < 12 else "PM")
    if second is None:
        return said
    return [*said, "and", *cardinal(second), "second" if second == 1 else "seconds"]


def keys(pressed: str) -> list[str]:
    """Return keys one by one: 1# -> one pound."""
    return [_KEYS.get(key) or _ONES[int(key)] for key in pressed]


def name(text: str) -> str:
    """Return a security's name with its digits as words: CSI 300 ETF -> CSI three zero zero ETF."""
    spaced = "".join(f" {_ONES[int(c)]} " if c in _ASCII_DIGITS else c for c in text if c != "*")
    return " ".join(spaced.split())
