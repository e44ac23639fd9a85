"""What a listener understands: words back to numbers, written without the grammars' code."""

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
