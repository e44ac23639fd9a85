"""Known readings of typed values, from the number reading rules."""

import pytest

from gateway.media.speech import (
    Code,
    Count,
    Money,
    Name,
    Number,
    OrderNo,
    Price,
    Qty,
    Value,
    measure_of,
    words,
)
from risk.domain.enums import Board, Language


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Number(0), "零"),
        (Number(10), "十"),
        (Number(102), "一百零二"),
        (Number(110), "一百一十"),
        (Number(120), "一百二十"),
        (Number(200), "二百"),
        (Number(2_002), "两千零二"),
        (Number(10_500), "一万零五百"),
        (Number(20_000), "两万"),
        (Number(22_222), "两万两千二百二十二"),
        (Number(100_000), "十万"),
        (Number(200_000), "二十万"),
        (Number(1_110_000), "一百一十一万"),
        (Number(200_000_000), "两亿"),
        (Number(-3), "负三"),
        (Count(2), "两"),
        (Count(12), "十二"),
        (Qty(2), "两股"),
        (Qty(200), "二百股"),
        (Qty(2, "bond"), "两张"),
        (Qty(1_000, "unit"), "一千份"),
        (Code("600519"), "六零零五幺九"),
        (OrderNo(10_088), "幺零零八八"),
        (Price(100_000), "十元整"),
        (Price(100_500), "十点零五元"),
        (Price(101_000), "十点一零元"),
        (Price(12_340), "一点二三四元"),
        (Price(100), "零点零一元"),
        (Money(16_888_800), "一千六百八十八元八角八分"),
        (Money(600_800), "六十元零八分"),
        (Money(5_000), "五角"),
        (Money(20_000), "两元整"),
        (Money(0), "零元整"),
        (Money(-10_005), "负一元零五毫"),
        (Name("沪深300ETF"), "沪深三零零 E T F"),
        (Name("*ST金科"), "S T 金科"),
        (Name("N²x"), "N ² x"),
    ],
)
def test_mandarin_reads(value: Value, said: str) -> None:
    assert "".join(words(value, Language.ZH)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Number(0), "zero"),
        (Number(21), "twenty one"),
        (Number(10_500), "ten thousand five hundred"),
        (Number(-3), "minus three"),
        (Qty(1), "one share"),
        (Qty(200), "two hundred shares"),
        (Qty(10, "bond"), "ten bonds"),
        (Code("600519"), "six zero zero five one nine"),
        (Price(100_000), "ten point zero zero yuan"),
        (Price(12_340), "one point two three four yuan"),
        (Money(30_000), "three yuan"),
        (Money(-30_500), "minus three point zero five yuan"),
        (Name("CSI 300 ETF"), "CSI three zero zero ETF"),
    ],
)
def test_english_reads(value: Value, said: str) -> None:
    assert " ".join(words(value, Language.EN)) == said


def test_funds_and_bonds_have_measures_of_their_own() -> None:
    assert measure_of(Board.SSE_FUND) == "unit"
    assert measure_of(Board.SZSE_CONVERTIBLE) == "bond"
    assert measure_of(Board.SZSE_CHINEXT) == "share"
