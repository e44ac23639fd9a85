"""Keypad grammars as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ivr.entry import (
    BY_LENGTH,
    CHINA,
    ISO,
    KEYS_MAX,
    PERCENT_BP_MAX,
    Agent,
    Back,
    Empty,
    Entered,
    Entry,
    EntryKind,
    KeyProfile,
    More,
    NotValid,
    Repeat,
    is_begun,
    take,
    wants_back,
)
from risk.domain.fixedpoint import PRICE_E4_MAX, format_e4

K = EntryKind


def keyed(kind: EntryKind, text: str, profile: KeyProfile = CHINA) -> Entry:
    """What a text amounts to; everything after an end begins anew."""
    entry: Entry = More("")
    for key in text:
        entry = take(kind, entry.keys if isinstance(entry, More) else "", key, profile)
    return entry


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (K.ACCOUNT, "100200300#", Entered("100200300")),
        (K.ACCOUNT, "0042#", Entered("0042")),
        (K.ACCOUNT, "#", Empty()),
        (K.ACCOUNT, "1234567890123#", NotValid()),
        (K.ACCOUNT, "*", More("*")),
        (K.ACCOUNT, "**", Back()),
        (K.ACCOUNT, "*0", Agent()),
        (K.ACCOUNT, "*9", Repeat()),
        (K.ACCOUNT, "*#", NotValid()),
        (K.ACCOUNT, "*5", More("5")),
        (K.ACCOUNT, "12*#", Empty()),
        (K.ACCOUNT, "12**34#", Entered("34")),
        (K.ACCOUNT, "12***0", Agent()),
        (K.ACCOUNT, "12*34#", Entered("34")),
        (K.PIN, "258036#", Entered("258036")),
        (K.PIN, "*", More("*")),
        (K.PIN, "**", Back()),
        (K.CODE, "60000", More("60000")),
        (K.CODE, "600000", Entered("600000", by_length=True)),
        (K.CODE, "6000#", NotValid()),
        (K.CODE, "#", Empty()),
        (K.CODE, "*", More("*")),
        (K.CODE, "**", Back()),
        (K.CODE, "60**000001", Entered("000001", by_length=True)),
        (K.CODE, "*0", Agent()),
        (K.CODE, "60*000001", Entered("000001", by_length=True)),
        (K.QTY, "200#", Entered(200)),
        (K.QTY, "0100#", Entered(100)),
        (K.QTY, "0#", NotValid()),
        (K.QTY, "#", Empty()),
        (K.QTY, "100000000#", Entered(100_000_000)),
        (K.QTY, "100000001#", NotValid()),
        (K.QTY, "1000000000#", NotValid()),
        (K.QTY, "*", More("*")),
        (K.QTY, "**", Back()),
        (K.PRICE, "10*05#", Entered(100_500)),
        (K.PRICE, "10#", Entered(100_000)),
        (K.PRICE, "10*#", Entered(100_000)),
        (K.PRICE, "0*5#", Entered(5_000)),
        (K.PRICE, "*5#", NotValid()),
        (K.PRICE, "*5*5#", NotValid()),
        (K.PRICE, "*0", Agent()),
        (K.PRICE, "*9", Repeat()),
        (K.PRICE, "1*2345#", Entered(12_345)),
        (K.PRICE, "1*23456#", NotValid()),
        (K.PRICE, "0*00#", NotValid()),
        (K.PRICE, "*#", NotValid()),
        (K.PRICE, "#", Empty()),
        (K.PRICE, "*", More("*")),
        (K.PRICE, "**", Back()),
        (K.PRICE, "10**", More("")),
        (K.PRICE, "10*5**", More("")),
        (K.PRICE, "10*5**10*7#", Entered(107_000)),
        (K.PRICE, "10*5***", More("*")),
        (K.PRICE, "10*5*7#", NotValid()),
        (K.PRICE, "1000000#", Entered(PRICE_E4_MAX)),
        (K.PRICE, "1000000*01#", NotValid()),
        (K.PERCENT, "5#", Entered(500)),
        (K.PERCENT, "5*25#", Entered(525)),
        (K.PERCENT, "0*01#", Entered(1)),
        (K.PERCENT, "5*255#", NotValid()),
        (K.PERCENT, "1000#", Entered(PERCENT_BP_MAX)),
        (K.PERCENT, "1000*01#", NotValid()),
        (K.ORDER_NO, "0042#", Entered(42)),
        (K.ORDER_NO, "0#", NotValid()),
        (K.INITIALS, "7394#", Entered("7394")),
        (K.INITIALS, "7#", NotValid()),
        (K.INITIALS, "7304#", NotValid()),
        (K.INITIALS, "739473947#", NotValid()),
        (K.PICK, "12#", Entered(12)),
        (K.PICK, "123#", NotValid()),
        (K.PHONE, "13800000001#", Entered("13800000001")),
        (K.PHONE, "138000#", NotValid()),
        (K.DATE, "20261123", Entered(20261123, by_length=True)),
        (K.DATE, "20261131", NotValid()),
        (K.DATE, "202611#", NotValid()),
        (K.PRICE, "10A*0B5#", Entered(100_500)),  # A-D are on no caller's phone
    ],
)
def test_keys_amount_to(kind: EntryKind, text: str, expected: Entry) -> None:
    assert keyed(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (K.PRICE, "10#05#", Entered(100_500)),
        (K.PRICE, "10##", Entered(100_000)),
        (K.PRICE, "10#", More("10#")),
        (K.PRICE, "#", Empty()),
        (K.PRICE, "10*", More("-")),
        (K.PRICE, "10*12##", Entered(120_000)),
        (K.PRICE, "**", Back()),
        (K.PRICE, "*0", Agent()),
        (K.QTY, "200#", Entered(200)),
        (K.ACCOUNT, "12*34#", Entered("34")),
    ],
)
def test_iso_keys_amount_to(kind: EntryKind, text: str, expected: Entry) -> None:
    assert keyed(kind, text, ISO) == expected


@pytest.mark.parametrize("keys", ["*"])
def test_a_star_on_nothing_left_alone_wants_back(keys: str) -> None:
    assert wants_back(keys)
    assert not is_begun(keys)


@pytest.mark.parametrize("text", ["", "1*", "12", "1**"])
def test_nothing_else_left_alone_wants_back(text: str) -> None:
    entry = keyed(K.ACCOUNT, text)
    assert isinstance(entry, More)
    assert not wants_back(entry.keys)
    assert is_begun(entry.keys) == (text == "12")


@pytest.mark.parametrize("kind", [k for k in K if k not in BY_LENGTH])
def test_a_too_long_entry_swallows_its_rest(kind: EntryKind) -> None:
    entry = keyed(kind, "1" * 200)
    assert isinstance(entry, More)
    assert len(entry.keys) == KEYS_MAX[kind] + 1
    assert take(kind, entry.keys, "#") == NotValid()


@given(
    st.sampled_from(list(K)),
    st.text("0123456789*#ABCD", max_size=40),
    st.sampled_from([CHINA, ISO]),
)
def test_any_keys_are_some_entry_of_bounded_size(
    kind: EntryKind, text: str, profile: KeyProfile
) -> None:
    entry = keyed(kind, text, profile)
    if isinstance(entry, More):
        assert len(entry.keys) <= KEYS_MAX[kind] + 2


@given(st.integers(1, PRICE_E4_MAX // 100).map(lambda fen: 100 * fen))
def test_every_price_can_be_keyed(price_e4: int) -> None:
    text = format_e4(price_e4)
    assert keyed(K.PRICE, text.replace(".", "*") + "#") == Entered(price_e4)
    assert keyed(K.PRICE, text.replace(".", "#") + "#", ISO) == Entered(price_e4)


def test_no_key_is_in_any_repr() -> None:
    shown = repr([More("258036"), Entered("258036")])
    assert "258036" not in shown
