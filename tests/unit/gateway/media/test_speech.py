"""Known readings of typed values, from the number reading rules."""

import re

import pytest

from gateway.media.speech import (
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
        (Price(-5_000), "负零点五零元"),
        (Money(10**16), "一万亿元整"),
        (Money(2 * 10**16 + 5_00), "两万亿元零五分"),
        (Money(90_200), "九元零二分"),
        (Money(92_200), "九元两角两分"),
        (Points(32_105_600), "三千二百一十点五六点"),
        (Points(30_000_000), "三千点"),
        (Phone("13800138000"), "幺三八,零零幺三,八零零零"),
        (Phone("+8613800138000"), "加八六,幺三八,零零幺三,八零零零"),
        (Phone("95500"), "九五五零零"),
        (Percent(350), "百分之三点五"),
        (Percent(-1_000), "负百分之十"),
        (Percent(200), "百分之二"),
        (Percent(5), "百分之零点零五"),
        (Date(20261122), "二零二六年十一月二十二日"),
        (Date(20050102), "二零零五年一月二日"),
        (Time("0900"), "九点整"),
        (Time("0205"), "两点零五分"),
        (Time("0909"), "九点零九分"),
        (Time("101011"), "十点十分十一秒"),
        (Time("200009"), "二十点零分零九秒"),
        (Time("143002"), "十四点三十分零二秒"),
        (Time("0000"), "零点整"),
        (Digits("12*#"), "一二星号井号"),
        (Name("沪深300ETF"), "沪深三零零 E T F"),
        (Name("*ST金科"), "S T 金科"),
        (Name("请尽快补足保证金,否则可能被平仓。"), "请尽快补足保证金,否则可能被平仓,"),
        (Name("N²x"), "N ² x"),
    ],
)
def test_mandarin_reads(value: Value, said: str) -> None:
    assert "".join(words(value, Language.ZH)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [  # each was read otherwise by an engine or converter in use: reference, number reading
        (Number(100_000), "十万"),  # 万 lost: 十
        (Number(1_000_000), "一百万"),  # 万 lost: 一百
        (Price(175_000), "十七点五零元"),  # "17 dollar 5 cent"
        (Number(110), "一百一十"),  # 一百十
        (Number(111), "一百一十一"),
        (Number(10_500), "一万零五百"),  # 零 lost, or 十千五百
        (Number(1_110_000), "一百一十一万"),  # 一百十一万
        (Number(2_000), "两千"),  # 二千
        (Number(20_000), "两万"),
        (Qty(2), "两股"),
        (Number(1_000_000_000), "十亿"),  # too big, or Parse Error
        (Number(12_345_678_901), "一百二十三亿四千五百六十七万八千九百零一"),
        (Time("000107"), "零点零一分零七秒"),  # seconds spoken with the hours' value
        (Price(170_500), "十七点零五元"),  # 点 lost
        (Code("600884"), "六零零八八四"),  # as a quantity, 六十万零八百八十四
        (OrderNo(10_088), "幺零零八八"),  # as a quantity, 一万零八十八
        (Count(100), "一百"),  # 幺零零
        (Qty(500), "五百股"),  # 五零零
        (Phone("13882366638"), "幺三八,八二三六,六六三八"),  # as a quantity before 对
        (Money(16_888_800), "一千六百八十八元八角八分"),  # 点八八元
        (Percent(1_250), "百分之十二点五"),  # percent, in English
        (Money(2 * 10**16), "两万亿元整"),
    ],
)
def test_what_other_engines_misread_is_read_right(value: Value, said: str) -> None:
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
        (Price(-5_000), "minus zero point five zero yuan"),
        (Money(10**16), "one trillion yuan"),
        (Points(32_105_600), "three thousand two hundred ten point five six points"),
        (Phone("95500"), "nine five five zero zero"),
        (
            Phone("+8613800138000"),
            "plus eight six , one three eight , zero zero one three , eight zero zero zero",
        ),
        (Percent(350), "three point five percent"),
        (Percent(-1_000), "minus ten percent"),
        (Date(20261122), "November twenty second twenty twenty six"),
        (Date(20050131), "January thirty first two thousand five"),
        (Date(20190920), "September twentieth twenty nineteen"),
        (Date(19050110), "January tenth nineteen oh five"),
        (Date(19000101), "January first nineteen hundred"),
        (Time("0900"), "nine AM"),
        (Time("1405"), "two oh five PM"),
        (Time("1200"), "twelve noon"),
        (Time("0000"), "twelve midnight"),
        (Time("143001"), "two thirty PM and one second"),
        (Digits("12*#"), "one two star pound"),
        (Name("CSI 300 ETF"), "CSI three zero zero ETF"),
    ],
)
def test_english_reads(value: Value, said: str) -> None:
    assert " ".join(words(value, Language.EN)) == said


def test_funds_and_bonds_have_measures_of_their_own() -> None:
    assert measure_of(Board.SSE_FUND) == "unit"
    assert measure_of(Board.SZSE_CONVERTIBLE) == "bond"
    assert measure_of(Board.SZSE_CHINEXT) == "share"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (Phone(""), "phone must be digits"),
        (Phone("anonymous"), "phone must be digits, + only in front, was 'anonymous'"),
        (Phone("138+"), "phone must be digits"),
        (Date(20260230), "date must be a day as yyyymmdd, was 20260230"),
        (Date(0), "date must be a day"),
        (Time("930"), "time must be hhmm or hhmmss, was '930'"),
        (Time("2400"), "time must be hhmm"),
        (Time("0960"), "time must be hhmm"),
        (Time("+930"), "time must be hhmm"),
        (Digits("12a"), "digits must be keys of a telephone, was '12a'"),
    ],
)
@pytest.mark.parametrize("language", list(Language))
def test_what_cannot_be_said_is_named(value: Value, problem: str, language: Language) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        words(value, language)
