"""Keypad grammars as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ivr.entry import KEYS_MAX, Back, Entered, Entry, EntryKind, More, NotValid, take
from risk.domain.fixedpoint import PRICE_E4_MAX, format_e4

K = EntryKind


def keyed(kind: EntryKind, text: str) -> Entry:
    """What a text amounts to; everything after an end begins anew."""
    entry: Entry = More("")
    for key in text:
        entry = take(kind, entry.keys if isinstance(entry, More) else "", key)
    return entry


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (K.ACCOUNT, "100200300#", Entered("100200300")),
        (K.ACCOUNT, "0042#", Entered("0042")),
        (K.ACCOUNT, "#", NotValid()),
        (K.ACCOUNT, "1234567890123#", NotValid()),
        (K.ACCOUNT, "*", Back()),
        (K.ACCOUNT, "12*", More("")),
        (K.ACCOUNT, "12*34#", Entered("34")),
        (K.PIN, "258036#", Entered("258036")),
        (K.PIN, "*", Back()),
        (K.CODE, "60000", More("60000")),
        (K.CODE, "600000", Entered("600000", by_length=True)),
        (K.CODE, "6000#", NotValid()),
        (K.CODE, "#", NotValid()),
        (K.CODE, "*", Back()),
        (K.CODE, "60*000001", Entered("000001", by_length=True)),
        (K.QTY, "200#", Entered(200)),
        (K.QTY, "0100#", Entered(100)),
        (K.QTY, "0#", NotValid()),
        (K.QTY, "#", NotValid()),
        (K.QTY, "100000000#", Entered(100_000_000)),
        (K.QTY, "100000001#", NotValid()),
        (K.QTY, "1000000000#", NotValid()),
        (K.QTY, "*", Back()),
        (K.PRICE, "10*05#", Entered(100_500)),
        (K.PRICE, "10#", Entered(100_000)),
        (K.PRICE, "10*#", Entered(100_000)),
        (K.PRICE, "*5#", Entered(5_000)),
        (K.PRICE, "1*2345#", Entered(12_345)),
        (K.PRICE, "1*23456#", NotValid()),
        (K.PRICE, "0*00#", NotValid()),
        (K.PRICE, "*#", NotValid()),
        (K.PRICE, "#", NotValid()),
        (K.PRICE, "*", More("*")),
        (K.PRICE, "**", Back()),
        (K.PRICE, "10**", More("")),
        (K.PRICE, "10*5**", More("")),
        (K.PRICE, "10*5**10*7#", Entered(107_000)),
        (K.PRICE, "10*5***", More("*")),
        (K.PRICE, "10*5*7#", NotValid()),
        (K.PRICE, "1000000#", Entered(PRICE_E4_MAX)),
        (K.PRICE, "1000000*01#", NotValid()),
        (K.PRICE, "10A*0B5#", Entered(100_500)),  # A-D are on no caller's phone
    ],
)
def test_keys_amount_to(kind: EntryKind, text: str, expected: Entry) -> None:
    assert keyed(kind, text) == expected


@pytest.mark.parametrize("kind", [k for k in K if k is not K.CODE])
def test_a_too_long_entry_swallows_its_rest(kind: EntryKind) -> None:
    entry = keyed(kind, "1" * 200)
    assert isinstance(entry, More)
    assert len(entry.keys) == KEYS_MAX[kind] + 1
    assert take(kind, entry.keys, "#") == NotValid()


@given(st.sampled_from(list(K)), st.text("0123456789*#ABCD", max_size=40))
def test_any_keys_are_some_entry_of_bounded_size(kind: EntryKind, text: str) -> None:
    entry = keyed(kind, text)
    if isinstance(entry, More):
        assert len(entry.keys) <= KEYS_MAX[kind] + 1


@given(st.integers(1, PRICE_E4_MAX // 100).map(lambda fen: 100 * fen))
def test_every_price_can_be_keyed(price_e4: int) -> None:
    text = format_e4(price_e4).replace(".", "*")
    assert keyed(K.PRICE, text + "#") == Entered(price_e4)


def test_no_key_is_in_any_repr() -> None:
    shown = repr([More("258036"), Entered("258036")])
    assert "258036" not in shown
