"""What a listener understands: words back to numbers, written without the grammars' code."""

import re
from datetime import date

_ZH_DIGITS = {**{c: n for n, c in enumerate("零一二三四五六七八九")}, "两": 2, "幺": 1}
_EN_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_EN_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_GROUPS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "quadrillion": 15}


def zh_cardinal(text: str) -> int:
    """一万零五百 -> 10500."""
    if text.startswith("负"):
        return -zh_cardinal(text[1:])
    for word, unit in (("亿", 10**8), ("万", 10**4)):
        if word in text:
            high, low = text.rsplit(word, 1)
            return zh_cardinal(high) * unit + (zh_cardinal(low) if low else 0)
    total = digit = 0
    for at, c in enumerate(text):
        if c in "十百千":
            unit = 10 ** ("十百千".index(c) + 1)
            total += (1 if at == 0 else digit) * unit
            digit = 0
        else:
            digit = _ZH_DIGITS[c]
    return total + digit


def zh_code(text: str) -> str:
    """六零零五幺九 -> 600519."""
    return "".join(str(_ZH_DIGITS[c]) for c in text)


def zh_price_e4(text: str) -> int:
    """十点零五元 -> 100500."""
    if text.startswith("负"):
        return -zh_price_e4(text[1:])
    text = text.removesuffix("整").removesuffix("元")
    whole, _, decimals = text.partition("点")
    return zh_cardinal(whole) * 10_000 + int(zh_code(decimals).ljust(4, "0") or "0")


def zh_money_e4(text: str) -> int:
    """三元零五分 -> 30500."""
    if text.startswith("负"):
        return -zh_money_e4(text[1:])
    text = text.removesuffix("整")
    whole, yuan, rest = text.rpartition("元")
    amount_e4 = zh_cardinal(whole) * 10_000 if yuan else 0
    for word, unit in (("角", 1000), ("分", 100), ("厘", 10), ("毫", 1)):
        head, found, tail = rest.partition(word)
        if found:
            amount_e4 += zh_cardinal(head.lstrip("零")) * unit
            rest = tail
    assert not rest.strip("零"), rest
    return amount_e4


def en_cardinal(words: list[str]) -> int:
    """["ten", "thousand", "five"] -> 10005."""
    if words[0] == "minus":
        return -en_cardinal(words[1:])
    total = group = 0
    for word in words:
        if word in _EN_GROUPS:
            total, group = total + group * 10 ** _EN_GROUPS[word], 0
        elif word == "hundred":
            group *= 100
        elif word in _EN_TENS:
            group += 10 * (_EN_TENS.index(word) + 2)
        else:
            group += _EN_ONES.index(word)
    return total + group


def en_code(words: list[str]) -> str:
    """["six", "zero"] -> "60"."""
    return "".join(str(_EN_ONES.index(word)) for word in words)


def en_amount_e4(words: list[str]) -> int:
    """["ten", "point", "zero", "five", "yuan"] -> 100500."""
    assert words[-1] == "yuan"
    words = words[:-1]
    if words[0] == "minus":
        return -en_amount_e4([*words[1:], "yuan"])
    at = words.index("point") if "point" in words else len(words)
    return en_cardinal(words[:at]) * 10_000 + int(en_code(words[at + 1 :]).ljust(4, "0"))


def zh_points_e4(text: str) -> int:
    """三千二百点五零点 -> 32005000."""
    return _zh_decimal_e4(text.removesuffix("点"))


def zh_percent_bp(text: str) -> int:
    """负百分之三点五 -> -350."""
    sign, of_hundred = text.split("百分之")
    return {"": 1, "负": -1}[sign] * _zh_decimal_e4(of_hundred) // 100


def _zh_decimal_e4(text: str) -> int:
    if text.startswith("负"):
        return -_zh_decimal_e4(text[1:])
    whole, _, decimals = text.partition("点")
    return zh_cardinal(whole) * 10_000 + int(zh_code(decimals).ljust(4, "0"))


def zh_phone(text: str) -> str:
    """加八六,幺三八 -> +86138."""
    return text.replace(",", "").replace("加", "+").translate(_ZH_KEYS)


def zh_keys(text: str) -> str:
    """一井号 -> 1#."""
    return text.replace("星号", "*").replace("井号", "#").translate(_ZH_KEYS)


_ZH_KEYS = {ord(c): str(n) for c, n in _ZH_DIGITS.items()}


def zh_date(text: str) -> int:
    """二零二六年十一月二日 -> 20261102."""
    year, rest = text.split("年")
    month, rest = rest.split("月")
    return int(zh_code(year)) * 10_000 + zh_cardinal(month) * 100 + zh_cardinal(rest[:-1])


def zh_time(text: str) -> str:
    """两点零五分 -> 0205."""
    hour, rest = text.split("点")
    if rest == "整":
        return f"{zh_cardinal(hour):02d}00"
    minute, second = rest.split("分")
    told = [hour, minute, *([second.removesuffix("秒")] if second else [])]
    return "".join(f"{zh_cardinal(part):02d}" for part in told)


def zh_naive(number: int) -> str:
    """Written digit by digit with its unit, then the zeros struck out: below 10**16."""
    said = _naive_yi(number) or "零"
    said = re.sub("^一十", "十", said)
    said = said.replace("二千", "两千")
    return re.sub("(^|亿零?)二(?=[万亿])", r"\1两", said)


def _naive_yi(number: int) -> str:
    high, low = divmod(number, 10**8)
    zero = "零" if high and 0 < low < 10**7 else ""
    return (_naive_wan(high) + "亿" if high else "") + zero + _naive_wan(low)


def _naive_wan(number: int) -> str:
    high, low = divmod(number, 10**4)
    zero = "零" if high and 0 < low < 10**3 else ""
    return (_naive_group(high) + "万" if high else "") + zero + _naive_group(low)


def _naive_group(number: int) -> str:
    units = zip(f"{number:04d}", "千百十 ", strict=True)
    said = "".join("零一二三四五六七八九"[int(d)] + (unit if d != "0" else "") for d, unit in units)
    return re.sub("零+", "零", said.replace(" ", "")).strip("零")


def en_points_e4(words: list[str]) -> int:
    """["ten", "point", "five", "points"] -> 105000."""
    assert words[-1] == "points"
    return en_amount_e4([*words[:-1], "yuan"])


def en_percent_bp(words: list[str]) -> int:
    """["minus", "one", "point", "five", "percent"] -> -150."""
    assert words[-1] == "percent"
    return en_amount_e4([*words[:-1], "yuan"]) // 100


def en_keys(words: list[str]) -> str:
    """["plus", "one", ",", "pound"] -> "+1#"."""
    signs = {"plus": "+", "star": "*", "pound": "#", ",": ""}
    return "".join(signs[word] if word in signs else en_code([word]) for word in words)


_EN_NTH = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9}
_EN_NTH |= {"twelfth": 12, "twentieth": 20, "thirtieth": 30}


def en_date(words: list[str]) -> int:
    """["May", "twenty", "first", "nineteen", "oh", "five"] -> 19050521."""
    month = [date(2000, n, 1).strftime("%B") for n in range(1, 13)].index(words[0]) + 1
    day, year = 0, words[2:]
    if words[1] in _EN_TENS:
        day, year = en_cardinal([words[1]]), words[3:]
    nth = words[-len(year) - 1]
    day += _EN_NTH[nth] if nth in _EN_NTH else en_cardinal([nth.removesuffix("th")])
    return (en_year(year) * 100 + month) * 100 + day


def en_year(words: list[str]) -> int:
    """["twenty", "ten"] -> 2010: every way a century may be cut is tried."""
    words = [word for word in words if word != "oh"]
    if "hundred" in words or "thousand" in words:
        return en_cardinal(words)
    cut = 2 if words[0] in _EN_TENS and len(words) > 2 and words[1] in _EN_ONES[1:10] else 1
    return en_cardinal(words[:cut]) * 100 + en_cardinal(words[cut:])


def en_time(words: list[str]) -> str:
    """["two", "oh", "five", "PM"] -> 1405; ["twelve", "midnight"] -> 0000."""
    half = next(word for word in words if word in ("AM", "PM", "noon", "midnight"))
    told, rest = words[: words.index(half)], words[words.index(half) + 1 :]
    minute = en_cardinal([w for w in told[1:] if w != "oh"]) if told[1:] else 0
    hour = en_cardinal(told[:1]) % 12 + (12 if half in ("PM", "noon") else 0)
    second = f"{en_cardinal(rest[1:-1]):02d}" if rest else ""
    return f"{hour:02d}{minute:02d}{second}"
