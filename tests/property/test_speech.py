"""A listener understands every number as meant; the words follow the rules of the language."""

import re

import cn2an
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.media import speech_en, speech_zh
from gateway.media.speech import Code, Count, Money, Number, OrderNo, Price, Qty, vocabulary, words
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


@given(AMOUNTS)
def test_prices_are_understood_to_the_last_decimal(price_e4: int) -> None:
    assert heard.zh_price_e4("".join(words(Price(price_e4), ZH))) == price_e4
    assert heard.en_amount_e4(words(Price(price_e4), EN)) == price_e4


@given(AMOUNTS, st.booleans())
def test_amounts_are_understood_with_their_sign(amount_e4: int, is_negative: bool) -> None:
    amount_e4 = -amount_e4 if is_negative else amount_e4
    assert heard.zh_money_e4("".join(words(Money(amount_e4), ZH))) == amount_e4
    assert heard.en_amount_e4(words(Money(amount_e4), EN)) == amount_e4


@given(st.text("0123456789", min_size=1, max_size=12))
def test_codes_are_understood_digit_by_digit(digits: str) -> None:
    assert heard.zh_code("".join(words(Code(digits), ZH))) == digits
    assert heard.en_code(words(Code(digits), EN)) == digits


@given(st.integers(1, 10**8), st.sampled_from(["share", "unit", "bond"]))
def test_quantities_are_understood_with_their_measure(qty: int, measure: str) -> None:
    zh, en = words(Qty(qty, measure), ZH), words(Qty(qty, measure), EN)
    assert heard.zh_cardinal("".join(zh[:-1])) == qty
    assert zh[-1] == {"share": "股", "unit": "份", "bond": "张"}[measure]
    assert heard.en_cardinal(en[:-1]) == qty
    assert en[-1] == measure + ("" if qty == 1 else "s")


@pytest.mark.parametrize("language", list(Language))
@given(AMOUNTS)
def test_every_word_of_a_value_is_in_the_vocabulary(language: Language, n: int) -> None:
    known = set(vocabulary(language))
    values = [Price(n), Money(-n), Number(n), Count(n), OrderNo(n), Code(str(n))]
    values += [Qty(n, measure) for measure in ("share", "unit", "bond")]
    for value in values:
        assert set(words(value, language)) <= known


def test_a_group_of_zeros_is_said_once_before_a_full_group() -> None:
    assert "".join(speech_zh.cardinal(100_001_000)) == "一亿零一千"
