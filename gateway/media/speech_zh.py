"""Mandarin words of typed values (reference: number reading rules, Mandarin).

Groups of 万 and 亿; one 零 for an inner run of zeros; 十 without 一 at the head only; 两 before
千, 万, 亿 and words of measure, 二 elsewhere, also after 零; 幺 for 1 in codes and phone numbers,
一 in years and for keys.
Not here: parsing (the tests' own).
"""

import datetime
from typing import Final

from risk.domain.fixedpoint import E4

_DIGITS: Final = "零一二三四五六七八九"
_CODE_DIGITS: Final = "零幺二三四五六七八九"
_WAN: Final = 10_000
_YI: Final = 100_000_000
_MEASURES: Final = {"share": "股", "unit": "份", "bond": "张"}
_SMALL_MONEY: Final = "角分厘毫"
_MARKS: Final = frozenset(",。、;:!?,;")  # in lines that are longer than a name
_ASCII_DIGITS: Final = frozenset("0123456789")
_PERCENT: Final = "百分之"
_PLUS: Final = "加"
_KEYS: Final = {"*": "星号", "#": "井号", "+": _PLUS}
WORDS: Final = (
    *"零一二三四五六七八九幺两十万亿点负元角分厘毫整股份张年月日秒",
    *(_PERCENT, "星号", "井号", _PLUS),
    *(digit + unit for unit in "十百" for digit in _DIGITS[1:]),
    *(digit + unit for unit in "千万亿" for digit in f"一两{_DIGITS[3:]}"),
)


def cardinal(number: int) -> list[str]:
    """Return the words of a whole number: 10500 -> 一万 零 五百. Negative ones begin with 负.

    A digit and its unit are one word, so that 一 and 两 have the tone they take before it.
    """
    if number < 0:
        return ["负", *cardinal(-number)]
    return _upwards(number, is_head=True) or ["零"]


def _upwards(number: int, is_head: bool) -> list[str]:
    """Words of a number that stands at the head, or after a bigger group; none for zero."""
    for unit, word in ((_YI, "亿"), (_WAN, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            head = ["两"] if high == 2 else _upwards(high, is_head)
            said = [head[0] + word] if high < 10 else [*head, word]
            gap = ["零"] if 0 < low < unit // 10 else []
            return [*said, *gap, *_upwards(low, is_head=False)]
    return _below_wan(number, is_head)


def _below_wan(number: int, is_head: bool) -> list[str]:
    said: list[str] = []
    has_gap = False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit == 0:
            has_gap = bool(said)
            continue
        if has_gap:
            said.append("零")
            has_gap = False
        if digit == 1 and word == "十" and is_head and not said:
            said.append(word)
            continue
        said.append(("两" if digit == 2 and word == "千" else _DIGITS[digit]) + word)
    return said


def _measured(number: int) -> list[str]:
    """A number that a word of measure follows: 2 is 两, 12 stays 十二."""
    return ["两"] if number == 2 else cardinal(number)


def code(digits: str) -> list[str]:
    """Return digits one by one, 1 as 幺."""
    return [_CODE_DIGITS[int(digit)] for digit in digits]


def count(number: int) -> list[str]:
    """Return a number before a word of measure."""
    return _measured(number)


def qty(number: int, measure: str) -> list[str]:
    """Return a quantity: 200 -> 二百 股, 2 -> 两 股."""
    return [*_measured(number), _MEASURES[measure]]


def price(price_e4: int) -> list[str]:
    """Return a price: 10.05 -> 十 点 零 五 元, 10.10 -> 十 点 一 零 元, 10.00 -> 十 元 整."""
    if price_e4 < 0:  # a diluted cost may be
        return ["负", *price(-price_e4)]
    if price_e4 % E4 == 0:
        return [*_measured(price_e4 // E4), "元", "整"]
    return [*_decimal(price_e4, 2), "元"]


def points(level_e4: int) -> list[str]:
    """Return the level of an index: 3210.56 -> 三千 二百 一十 点 五 六 点."""
    if level_e4 < 0:
        return ["负", *points(-level_e4)]
    if level_e4 % E4 == 0:
        return [*_measured(level_e4 // E4), "点"]
    return [*_decimal(level_e4, 2), "点"]


def percent(rate_bp: int) -> list[str]:
    """Return a rate without zeros at its end: 350 -> 百分之 三 点 五, -1000 -> 负 百分之 十."""
    if rate_bp < 0:
        return ["负", *percent(-rate_bp)]
    return [_PERCENT, *_decimal(rate_bp * (E4 // 100), 0)]


def _decimal(figure_e4: int, decimals_min: int) -> list[str]:
    """A number with its decimals one by one; 点 only when there are any."""
    whole, rest = divmod(figure_e4, E4)
    decimals = f"{rest:04d}".rstrip("0").ljust(decimals_min, "0")
    return [*cardinal(whole), *["点"] * bool(decimals), *keys(decimals)]


def money(amount_e4: int) -> list[str]:
    """Return an amount: 60.08 -> 六十 元 零 八 分, 0.50 -> 五 角, 3.00 -> 三 元 整."""
    if amount_e4 < 0:
        return ["负", *money(-amount_e4)]
    whole, rest = divmod(amount_e4, E4)
    if rest == 0:
        return [*_measured(whole), "元", "整"]
    said = [*_measured(whole), "元"] if whole else []
    has_gap = False
    for digit, word in zip(f"{rest:04d}", _SMALL_MONEY, strict=True):
        if digit == "0":
            has_gap = bool(said)
            continue
        said += ["零", *keys(digit)] if has_gap else _measured(int(digit))
        said.append(word)
        has_gap = False
    return said


def date(day: datetime.date) -> list[str]:
    """Return a day, its year digit by digit: 二 零 二 六 年 十 一 月 二十 二 日."""
    year = keys(f"{day.year:04d}")
    return [*year, "年", *cardinal(day.month), "月", *cardinal(day.day), "日"]


def time(hour: int, minute: int, second: int | None) -> list[str]:
    """Return a time of 24 hours: 九 点 整, 两 点 零 五 分, 十 四 点 三十 分 零 秒."""
    said = [*_measured(hour), "点"]
    if second is None and minute == 0:
        return [*said, "整"]
    said += [*_after_bigger(minute), "分"]
    return said if second is None else [*said, *_after_bigger(second), "秒"]


def _after_bigger(number: int) -> list[str]:
    """Minutes or seconds after a bigger unit: 5 -> 零 五, 12 -> 十 二, 0 -> 零."""
    return ["零", *keys(str(number))] if 0 < number < 10 else cardinal(number)


def keys(pressed: str) -> list[str]:
    """Return keys or digits one by one, 1 as 一."""
    return [_KEYS.get(key) or _DIGITS[int(key)] for key in pressed]


def name(text: str) -> str:
    """Return a security's name to be read: digits as words, Latin letters one by one, no marks.

    "*ST金科" -> "S T 金科": an engine would read "ST" as "saint".
    """
    said = ""
    for c in text:
        if c in _ASCII_DIGITS:
            said += _DIGITS[int(c)]
        elif c.isascii() and c.isalpha():
            said += f" {c} "
        elif c.isalnum():
            said += c
        elif c in _MARKS:
            said += ","
    return " ".join(said.split())
