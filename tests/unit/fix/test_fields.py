"""Values of FIX fields: exact decimal text, limits, times."""

import pytest

from fix import fields as f
from fix.fields import FieldProblem


@pytest.mark.parametrize(
    ("text", "price_e4"),
    [
        ("10.05", 100_500),
        ("10", 100_000),
        ("10.", 100_000),
        ("0010.0500", 100_500),
        ("10.050000000", 100_500),
        ("0.0001", 1),
        ("0", 0),
        ("-0.00", 0),
        ("1000000", 10**10),
    ],
)
def test_a_price_is_read_exactly(text: str, price_e4: int) -> None:
    assert f.price_e4({"31": text}, "31") == price_e4


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "abc",
        "NaN",
        "inf",
        "1e5",
        "+1",
        "-1",
        ".5",
        "10.00001",
        "1000000.0001",
        " 1",
        "1 ",
        "１０",
        "9999999999999999",
        "0x10",
        "1.2.3",
    ],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(FieldProblem, match="tag 31 must be a price"):
        f.price_e4({"31": text}, "31")


@pytest.mark.parametrize(
    ("text", "average_e4"),
    [("10.03333333", 100_333), ("10.00005", 100_001), ("10.000049", 100_000), ("10", 100_000)],
)
def test_an_average_is_rounded_half_up(text: str, average_e4: int) -> None:
    assert f.average_e4({"6": text}, "6") == average_e4


@pytest.mark.parametrize(("text", "qty"), [("100", 100), ("100.00", 100), ("0", 0), ("007", 7)])
def test_a_quantity_is_whole_shares(text: str, qty: int) -> None:
    assert f.quantity({"32": text}, "32") == qty


@pytest.mark.parametrize("text", ["", "-1", "0.5", "1e3", "100000001", "9" * 30, "1 00", "١"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(FieldProblem, match=r"tag 32 must be a whole number of 0\.\.100000000"):
        f.quantity({"32": text}, "32")


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("19700101-00:00:01", 1_000_000_000),
        ("19700101-00:00:00.5", 500_000_000),
        ("20261123-02:00:00.123", 1_795_399_200_123_000_000),
        ("20261123-02:00:00.123456789", 1_795_399_200_123_456_789),
        ("20161231-23:59:60", 1_483_228_799_000_000_000),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text: str, at_ns: int) -> None:
    assert f.timestamp_ns({"60": text}, "60") == at_ns


@pytest.mark.parametrize("text", ["", "20261123", "20261399-00:00:00", "20260230-10:00:00", "now"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(FieldProblem, match="tag 60 must be a UTC timestamp"):
        f.timestamp_ns({"60": text}, "60")


@pytest.mark.parametrize("text", ["99991231-23:59:59", "22620412-00:00:00", "00010101-00:00:00"])
def test_a_time_that_the_book_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(FieldProblem, match="tag 60 must be a UTC timestamp"):
        f.timestamp_ns({"60": text}, "60")


def test_a_time_is_written_in_milliseconds_rounded_down() -> None:
    assert f.timestamp_text(1_795_399_200_123_999_999) == "20261123-02:00:00.123"


@pytest.mark.parametrize("value", ["", "22", "a", "é", "*", "ß"])
def test_a_code_is_one_digit_or_capital(value: str) -> None:
    with pytest.raises(FieldProblem, match="tag 39"):
        f.code({"39": value}, "39")


def test_codes_above_nine_are_letters() -> None:
    assert [f.code({"39": char}, "39") for char in "09AFZ"] == [0, 9, 10, 15, 35]


@pytest.mark.parametrize("value", ["a" * 65, "a\x02", "订单", "\udcff"])
def test_an_identifier_is_short_and_ascii(value: str) -> None:
    with pytest.raises(FieldProblem, match=r"tag 37 must be 1\.\.64 ASCII characters"):
        f.identifier({"37": value}, "37")


def test_a_missing_field_says_so_with_business_reject_reason_5() -> None:
    with pytest.raises(FieldProblem, match="tag 17 is missing") as problem:
        f.identifier({}, "17", is_required=True)
    assert (problem.value.tag, problem.value.reason) == ("17", 5)


def test_absent_values_are_zero_or_empty() -> None:
    empty: dict[str, str] = {}
    assert (f.price_e4(empty, "31"), f.quantity(empty, "32"), f.timestamp_ns(empty, "60")) == (
        0,
        0,
        0,
    )
    assert (f.identifier(empty, "41"), f.free_text(empty, "58"), f.flag(empty, "97")) == (
        "",
        "",
        False,
    )


def test_a_flag_is_y_or_n() -> None:
    assert f.flag({"97": "Y"}, "97")
    with pytest.raises(FieldProblem, match="tag 97 must be Y or N"):
        f.flag({"97": "y"}, "97")


def test_words_are_read_in_utf8_or_gb18030_and_cut() -> None:
    raw = "数量超限".encode("gb18030").decode("utf-8", "surrogateescape")
    assert f.free_text({"58": raw}, "58") == "数量超限"
    assert len(f.free_text({"58": "x" * 1_000}, "58")) == f.TEXT_CHARS_MAX


def test_a_message_is_split_at_its_separators_and_the_last_value_counts() -> None:
    text = "8=FIX.4.4\x0135=8\x0158=a=b\x01noise\x0135=9\x01"
    assert f.split(text) == {"8": "FIX.4.4", "35": "9", "58": "a=b"}


@pytest.mark.parametrize("text", ["58=" + "x" * f.MESSAGE_CHARS_MAX, "1=1\x01" * f.FIELDS_MAX])
def test_a_message_beyond_its_limits_is_refused(text: str) -> None:
    with pytest.raises(FieldProblem, match="tag 9"):
        f.split(text)
