"""Reference tables: the shipped files are sound, and a bad cell is named with its place."""

from pathlib import Path

import pytest

from gateway.identity.customers import Customer, checked
from gateway.identity.pins import check_pin
from gateway.refdata.initials import initials_of
from gateway.refdata.tables import OpeningPosition, read_listings, read_opening_accounts
from risk.domain.enums import Board, Language, ListingStatus
from risk.domain.errors import ConfigError
from risk.domain.instrument import Instrument

DEMO = Path(__file__).parents[4] / "config" / "demo"
LISTING_HEAD = "symbol,board,name_zh,name_en,prev_close,status,is_t0,is_halted\n"
ACCOUNT_HEAD = (
    "account_no,name,branch_code,mobile,email,language,phone_pin,web_password,cash,positions\n"
)


def test_shipped_listings_cover_every_board() -> None:
    listings = read_listings(DEMO / "instruments.csv")

    assert {listing.board for listing in listings} == set(Board)
    assert listings[0] == Instrument(
        "600000",
        Board.SSE_MAIN,
        "浦发银行",
        "Shanghai Pudong Development Bank",
        100_000,
        ListingStatus.NORMAL,
        False,
        False,
        "PFYH",
    )
    assert listings[-1].is_index
    assert listings[-1].symbol == "BJ899050"


def test_initials_that_a_file_leaves_out_come_from_the_name(tmp_path: Path) -> None:
    file = tmp_path / "listings.csv"
    file.write_text(LISTING_HEAD + "600900,SSE_MAIN,长江电力,CYPC,27,NORMAL,no,no\n", "utf-8")

    assert [listing.initials for listing in read_listings(file)] == ["CJDL"]


@pytest.mark.parametrize(
    ("name_zh", "initials"),
    [
        ("浦发银行", "PFYH"),  # not PFYX: 行 is hang here
        ("重庆啤酒", "CQPJ"),  # not ZQPJ
        ("*ST长方", "STCF"),
        ("沪深300ETF", "HS300ETF"),
        ("三\uff21", "SA"),  # a full-width letter
        ("Apple", "APPLE"),
        ("\ufffd-?", ""),
        ("一" * 40, "Y" * 16),
    ],
)
def test_initials_are_those_of_the_words_as_spoken(name_zh: str, initials: str) -> None:
    assert initials_of(name_zh) == initials


def test_shipped_accounts_are_sound() -> None:
    accounts = read_opening_accounts(DEMO / "accounts.csv")

    assert accounts[0].positions == (
        OpeningPosition("600000", 1299),
        OpeningPosition("600036", 800),
    )
    assert accounts[1].language is Language.EN
    for row in accounts:
        checked(
            Customer(row.account_no, row.name, row.mobile, row.email, row.language, row.branch_code)
        )
        check_pin(row.phone_pin, 6)


@pytest.mark.parametrize(
    ("line", "column", "remedy"),
    [
        ("60000,SSE_MAIN,a,b,10,NORMAL,no,no", "symbol", "must be six digits, was '60000'"),
        ("000001,SSE_INDEX,a,b,10,NORMAL,no,no", "symbol", "must be SH, SZ or BJ and six digits"),
        ("600000,SSE,a,b,10,NORMAL,no,no", "board", "must be one of SSE_MAIN, "),
        ("600000,SSE_MAIN,a,b,ten,NORMAL,no,no", "prev_close", "a decimal number such as"),
        ("600000,SSE_MAIN,a,b,0,NORMAL,no,no", "prev_close", "must be above 0"),
        ("600000,SSE_MAIN,a,b,-1,NORMAL,no,no", "prev_close", "must not be negative"),
        ("600000,SSE_MAIN,a,b,1.23456,NORMAL,no,no", "prev_close", "at most 4 decimals"),
        ("600000,SSE_MAIN,a,b,10,ST,no,no", "status", "must be one of NORMAL"),
        ("600000,SSE_MAIN,a,b,10,NORMAL,maybe,no", "is_t0", "must be yes or no"),
    ],
)
def test_bad_listing_cell_is_named(tmp_path: Path, line: str, column: str, remedy: str) -> None:
    file = tmp_path / "listings.csv"
    file.write_text(LISTING_HEAD + line + "\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        read_listings(file)

    assert caught.value.path == f"{file}:2 {column}"
    assert remedy in caught.value.problem


@pytest.mark.parametrize("positions", ["600000", "600000:x", "60000:1", "600000:0", ":5"])
def test_bad_position_is_named(tmp_path: Path, positions: str) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text(
        f"{ACCOUNT_HEAD}10000001,a,31001,,,ZH,135790,x,1.00,{positions}\n", encoding="utf-8"
    )

    with pytest.raises(ConfigError, match="positions: must be CODE:QTY items"):
        read_opening_accounts(file)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("symbol,board\n", "must have the columns"),
        (LISTING_HEAD + "600000,SSE_MAIN\n", "must have 8 cells"),
        (LISTING_HEAD + "600000,SSE_MAIN,a,b,10,NORMAL,no,no,extra\n", "must have 8 cells"),
        ("\ufffe\x00", "must have the columns"),
    ],
)
def test_bad_file_is_named(tmp_path: Path, text: str, remedy: str) -> None:
    file = tmp_path / "listings.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=remedy):
        read_listings(file)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_listings(tmp_path / "none.csv")
