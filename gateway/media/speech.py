"""Typed values as spoken words: which grammar, which language (reference: number reading rules).

A speech engine never gets digits and never guesses what a number is: each value has a type, and
its grammar returns the words, each of which is one recorded or synthesised fragment.
Not here: sound (gateway.media.voice), sentences around the values (gateway.media.prompts).
"""

import datetime
from typing import Final, NamedTuple, Protocol

from gateway.media import speech_en, speech_zh
from risk.domain.enums import Board, Language


class Code(NamedTuple):
    """Digits spoken one by one: a security code or an account number."""

    digits: str


class OrderNo(NamedTuple):
    """The number of an order, spoken digit by digit so that it can be noted."""

    number: int


class Number(NamedTuple):
    """A plain number that stands alone."""

    number: int


class Count(NamedTuple):
    """A plain number; a word of measure follows it in the sentence."""

    number: int


class Qty(NamedTuple):
    """A quantity with its word of measure: share, unit (fund) or bond."""

    number: int
    measure: str = "share"


class Price(NamedTuple):
    """A price per unit in yuan, with two decimals or as many as it has."""

    price_e4: int


class Money(NamedTuple):
    """An amount of yuan; may be negative."""

    amount_e4: int


class Name(NamedTuple):
    """The name of a security, in the language it is spoken in."""

    text: str


class Points(NamedTuple):
    """The level of an index: decimals as a price has them, and no currency."""

    level_e4: int


class Phone(NamedTuple):
    """A telephone number, `+` allowed in front; spoken in groups so that it can be noted."""

    number: str


class Percent(NamedTuple):
    """A rate in basis points, 10_000 = 100 %; may be negative."""

    rate_bp: int


class Date(NamedTuple):
    """A day as yyyymmdd."""

    yyyymmdd: int


class Time(NamedTuple):
    """A time of day as text, hhmm or hhmmss of 24 hours: as a number 0930 would not be told."""

    clock: str


class Digits(NamedTuple):
    """Keys of the keypad, one by one; 1 is read as the menus read it, not as codes do."""

    keys: str


Value = (
    Code
    | OrderNo
    | Number
    | Count
    | Qty
    | Price
    | Money
    | Name
    | Points
    | Phone
    | Percent
    | Date
    | Time
    | Digits
)

# How a slot of a prompt, written {slot:kind}, makes a value of a plain figure or text.
SLOT_KINDS: Final[dict[str, type[Value]]] = {
    "code": Code,
    "order_no": OrderNo,
    "number": Number,
    "count": Count,
    "qty": Qty,
    "price": Price,
    "money": Money,
    "name": Name,
    "points": Points,
    "phone": Phone,
    "percent": Percent,
    "date": Date,
    "time": Time,
    "digits": Digits,
}
PAUSE_WORD: Final = ","  # a silence between groups of digits; never rendered
_ASCII_DIGITS: Final = frozenset("0123456789")
_KEYS: Final = _ASCII_DIGITS | set("*#")
_CHINA: Final = "86"
_PHONE_GROUPS: Final = {  # digits: how they are grouped; others are said in one breath
    8: (4, 4),
    10: (3, 3, 4),
    11: (3, 4, 4),
    12: (4, 4, 4),
}
_MEASURES: Final = {
    Board.SSE_FUND: "unit",
    Board.SZSE_FUND: "unit",
    Board.SSE_CONVERTIBLE: "bond",
    Board.SZSE_CONVERTIBLE: "bond",
}


class _Grammar(Protocol):
    """What each language's module offers; every function returns words in order."""

    def code(self, digits: str) -> list[str]: ...
    def cardinal(self, number: int) -> list[str]: ...
    def count(self, number: int) -> list[str]: ...
    def qty(self, number: int, measure: str) -> list[str]: ...
    def price(self, price_e4: int) -> list[str]: ...
    def money(self, amount_e4: int) -> list[str]: ...
    def name(self, text: str) -> str: ...
    def points(self, level_e4: int) -> list[str]: ...
    def percent(self, rate_bp: int) -> list[str]: ...
    def date(self, day: datetime.date) -> list[str]: ...
    def time(self, hour: int, minute: int, second: int | None) -> list[str]: ...
    def keys(self, keys: str) -> list[str]: ...


_GRAMMARS: Final[dict[Language, _Grammar]] = {Language.ZH: speech_zh, Language.EN: speech_en}


def measure_of(board: Board) -> str:
    """Return the word of measure of a board's quantities."""
    return _MEASURES.get(board, "share")


def words(value: Value, language: Language) -> list[str]:
    """Return what is said, word by word; a Name is one word, digits spelled out.

    Raises ValueError for a phone number, date, time or key that is none.
    """
    grammar = _GRAMMARS[language]
    match value:
        case Code(digits):
            return grammar.code(digits)
        case OrderNo(number):
            return grammar.code(str(number))
        case Number(number):
            return grammar.cardinal(number)
        case Count(number):
            return grammar.count(number)
        case Qty(number, measure):
            return grammar.qty(number, measure)
        case Price(price_e4):
            return grammar.price(price_e4)
        case Money(amount_e4):
            return grammar.money(amount_e4)
        case Name(text):
            return [grammar.name(text)]
        case Points(level_e4):
            return grammar.points(level_e4)
        case Phone(number):
            return _phone(number, grammar)
        case Percent(rate_bp):
            return grammar.percent(rate_bp)
        case Date(yyyymmdd):
            return grammar.date(_day(yyyymmdd))
        case Time(clock):
            return grammar.time(*_hour_minute_second(clock))
        case Digits(keys):
            if not _KEYS.issuperset(keys):
                raise ValueError(f"digits must be keys of a telephone, was {keys[:24]!r}")
            return grammar.keys(keys)


def vocabulary(language: Language) -> list[str]:
    """Return every word that values other than names are made of, for rendering ahead."""
    return list(speech_zh.WORDS if language is Language.ZH else speech_en.WORDS)


def _phone(number: str, grammar: _Grammar) -> list[str]:
    """A number in groups, China's prefix apart: +8613800138000 -> plus 86, 138, 0013, 8000."""
    digits = number.removeprefix("+")
    if not digits or not _ASCII_DIGITS.issuperset(digits):
        raise ValueError(f"phone must be digits, + only in front, was {number[:24]!r}")
    is_foreign = number != digits
    prefix = len(_CHINA) if is_foreign and digits.startswith(_CHINA) else 0
    rest = len(digits) - prefix
    said: list[str] = grammar.keys("+") if is_foreign else []
    at = 0
    for size in (prefix, *_PHONE_GROUPS.get(rest, (rest,))):
        said += [PAUSE_WORD] if at else []
        said += grammar.code(digits[at : at + size])
        at += size
    return said


def _day(yyyymmdd: int) -> datetime.date:
    try:
        return datetime.date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except ValueError as e:
        raise ValueError(f"date must be a day as yyyymmdd, was {yyyymmdd}: {e}") from e


def _hour_minute_second(clock: str) -> tuple[int, int, int | None]:
    """Cut hhmm or hhmmss; the second is None when it is not told."""
    fits = len(clock) in (4, 6) and _ASCII_DIGITS.issuperset(clock)
    hour, minute, second = (int(clock[at : at + 2] or 0) if fits else 99 for at in (0, 2, 4))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"time must be hhmm or hhmmss, was {clock[:24]!r}")
    return hour, minute, second if len(clock) == 6 else None
