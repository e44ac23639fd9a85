"""A listener understands every number as meant; the words follow the rules of the language."""

import datetime
import re
from collections.abc import Callable

import cn2an
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.media import speech_en, speech_zh
from gateway.media.speech import (
    PAUSE_WORD,
    SLOT_KINDS,
    Code,
    Count,
    Date,
    Digits,
    Money,
    Name,
    Number,
    OrderNo,
    Percent,
    Phone,
    Points,
    Price,
    Qty,
    Time,
    Value,
    vocabulary,
    words,
)
from risk.domain.enums import Language
from tests.oracles import spoken_numbers as heard

ZH, EN = Language.ZH, Language.EN
# Numbers with runs of zeros, where grammars go wrong.
NUMBERS = st.one_of(
    st.integers(0, 10**15),
    st.integers(0, 30_000),
    st.lists(st.sampled_from("0001212059"), min_size=1, max_size=15).map(lambda d: int("".join(d))),
)
AMOUNTS = st.one_of(NUMBERS, st.integers(0, 3_000_000))
SIGNED = st.one_of(AMOUNTS, AMOUNTS.map(int.__neg__))
DIGITS = st.text("0123456789", min_size=1, max_size=20)
DAYS = st.dates(datetime.date(1000, 1, 1)).map(lambda d: int(d.strftime("%Y%m%d")))
CLOCKS = st.tuples(st.times(), st.sampled_from(["%H%M", "%H%M%S"])).map(
    lambda told: told[0].strftime(told[1])
)


def converter_errs(number: int) -> bool:
    """Whether cn2an 0.5.24 forgets the 零 between four zeros and a full group (一亿零一千)."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    inner = range(1, len(groups) - 1)
    return any(groups[n] == 0 and groups[n - 1] >= 1_000 for n in inner)


@given(NUMBERS)
@example(0)
@example(10_500)
@example(100_010)
@example(10**12 + 5)
@example(100_001_000)
def test_mandarin_numbers_agree_with_an_independent_converter(number: int) -> None:
    said = "".join(speech_zh.cardinal(number))
    oracle = cn2an.an2cn(str(number), "low")
    oracle = re.sub("^一十", "十", oracle)
    assert said.replace("两", "二") == oracle or converter_errs(number)
    assert heard.zh_cardinal(said) == number


@given(NUMBERS)
def test_liang_stands_before_qian_wan_yi_and_er_elsewhere(number: int) -> None:
    said = "".join(speech_zh.cardinal(number))
    assert not re.search("两(?![千万亿])", said)
    assert not re.search("二千", said)
    assert not re.search("(^|亿)二[万亿]", said)


@given(NUMBERS)
def test_no_run_of_zeros_is_said_twice_and_none_ends_a_number(number: int) -> None:
    said = "".join(speech_zh.cardinal(number))
    assert "零零" not in said
    assert number == 0 or not said.endswith("零")


@given(NUMBERS)
def test_english_numbers_are_understood(number: int) -> None:
    assert heard.en_cardinal(speech_en.cardinal(number)) == number


# kind: its values, what a listener of each language makes of the words
HEARD: dict[
    str, tuple[st.SearchStrategy[Value], Callable[[str], object], Callable[[list[str]], object]]
] = {
    "code": (DIGITS.map(Code), heard.zh_code, heard.en_code),
    "order_no": (
        NUMBERS.map(OrderNo),
        lambda said: int(heard.zh_code(said)),
        lambda said: int(heard.en_code(said)),
    ),
    "number": (SIGNED.map(Number), heard.zh_cardinal, heard.en_cardinal),
    "count": (NUMBERS.map(Count), heard.zh_cardinal, heard.en_cardinal),
    "price": (SIGNED.map(Price), heard.zh_price_e4, heard.en_amount_e4),
    "money": (SIGNED.map(Money), heard.zh_money_e4, heard.en_amount_e4),
    "points": (SIGNED.map(Points), heard.zh_points_e4, heard.en_points_e4),
    "phone": (
        st.tuples(st.sampled_from(["", "+", "+86", "86"]), DIGITS).map(lambda p: Phone("".join(p))),
        heard.zh_phone,
        heard.en_keys,
    ),
    "percent": (SIGNED.map(Percent), heard.zh_percent_bp, heard.en_percent_bp),
    "date": (DAYS.map(Date), heard.zh_date, heard.en_date),
    "time": (CLOCKS.map(Time), heard.zh_time, heard.en_time),
    "digits": (
        st.text("0123456789*#", min_size=1).map(Digits),
        heard.zh_keys,
        heard.en_keys,
    ),
}


@pytest.mark.parametrize("kind", sorted(HEARD))
@given(st.data())
def test_a_listener_understands_what_was_meant(kind: str, data: st.DataObject) -> None:
    values, in_zh, in_en = HEARD[kind]
    value = data.draw(values)
    assert in_zh("".join(words(value, ZH))) == value[0]
    assert in_en(words(value, EN)) == value[0]


def test_every_kind_of_value_is_understood_by_some_test() -> None:
    tested_apart = {"qty", "name"}
    assert set(SLOT_KINDS) == set(HEARD) | tested_apart


@given(st.text(max_size=40))
def test_a_name_keeps_its_letters_in_order_and_loses_its_digits(text: str) -> None:
    spelled = {str(n): word for n, word in enumerate("零一二三四五六七八九")}
    letters = [spelled.get(c, c) for c in text if c.isalnum()]
    assert re.sub("[ ,]", "", words(Name(text), ZH)[0]) == "".join(letters)
    assert not any(c in "0123456789" for c in words(Name(text), EN)[0])


def test_the_first_thirty_thousand_numbers_agree_with_a_naive_writer() -> None:
    for number in (*range(30_000), *range(10**12, 10**12 + 3_000)):
        assert "".join(speech_zh.cardinal(number)) == heard.zh_naive(number), number


@given(st.integers(0, 10**16 - 1))
def test_mandarin_numbers_agree_with_a_naive_writer(number: int) -> None:
    assert "".join(speech_zh.cardinal(number)) == heard.zh_naive(number)


@given(st.integers(1, 10**8), st.sampled_from(["share", "unit", "bond"]))
def test_quantities_are_understood_with_their_measure(qty: int, measure: str) -> None:
    zh, en = words(Qty(qty, measure), ZH), words(Qty(qty, measure), EN)
    assert heard.zh_cardinal("".join(zh[:-1])) == qty
    assert zh[-1] == {"share": "股", "unit": "份", "bond": "张"}[measure]
    assert heard.en_cardinal(en[:-1]) == qty
    assert en[-1] == measure + ("" if qty == 1 else "s")


@pytest.mark.parametrize("language", list(Language))
@given(st.data())
def test_every_word_of_a_value_is_in_the_vocabulary(
    language: Language, data: st.DataObject
) -> None:
    known = {*vocabulary(language), PAUSE_WORD}
    value = data.draw(st.one_of(*(values for values, _, _ in HEARD.values())))
    measured = Qty(data.draw(NUMBERS), data.draw(st.sampled_from(["share", "unit", "bond"])))
    assert set(words(value, language)) | set(words(measured, language)) <= known


def test_a_group_of_zeros_is_said_once_before_a_full_group() -> None:
    assert "".join(speech_zh.cardinal(100_001_000)) == "一亿零一千"
