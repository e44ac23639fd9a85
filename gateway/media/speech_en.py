"""English words of typed values. Not here: parsing (the tests' own)."""

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
_ASCII_DIGITS: Final = frozenset("0123456789")
WORDS: Final = (
    *_ONES,
    *_TENS,
    *(word for _, word in _GROUPS),
    *(word for pair in _MEASURES.values() for word in pair),
    "point",
    "minus",
    "yuan",
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
    if price_e4 < 0:
        return ["minus", *price(-price_e4)]
    whole, rest = divmod(price_e4, E4)
    decimals = f"{rest:04d}".rstrip("0").ljust(2, "0")
    return [*cardinal(whole), "point", *code(decimals), "yuan"]


def money(amount_e4: int) -> list[str]:
    """Return an amount: whole yuan without decimals, else as a price is said."""
    if amount_e4 % E4:
        return price(amount_e4)
    return [*cardinal(amount_e4 // E4), "yuan"]


def name(text: str) -> str:
    """Return a security's name with its digits as words: CSI 300 ETF -> CSI three zero zero ETF."""
    spaced = "".join(f" {_ONES[int(c)]} " if c in _ASCII_DIGITS else c for c in text if c != "*")
    return " ".join(spaced.split())
