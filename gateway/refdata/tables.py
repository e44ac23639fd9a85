"""Reference tables from CSV files: the day's listings, and accounts to open at set-up.

Every row is checked; an error names file, line, column, value and remedy, and nothing of the file
is used. Not here: market rules (loader.py), what becomes of a row (day.py, `hotline init`).
"""

import csv
import enum
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from gateway.refdata.initials import initials_of
from risk.domain.enums import Board, Language, ListingStatus
from risk.domain.errors import ConfigError
from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX, parse_e4
from risk.domain.ids import ACCOUNT_NO, BRANCH_CODE, INDEX_SYMBOL, INITIALS, SYMBOL
from risk.domain.instrument import INDEX_BOARDS, Instrument

ROWS_MAX: Final = 2_000_000
_INDEX_BOARDS: Final = frozenset(board.name for board in INDEX_BOARDS)

E = TypeVar("E", bound=enum.Enum)
Row = dict[str, str]  # cells by column; "_place" says where it stands


class OpeningPosition(NamedTuple):
    """Shares an account brings with it."""

    symbol: str
    qty: int


class OpeningAccount(NamedTuple):
    """An account to open, with its holder and secrets, as a set-up file gives it."""

    account_no: str
    name: str
    branch_code: str
    mobile: str
    email: str
    language: Language
    phone_pin: str
    web_password: str
    cash_e4: int
    positions: tuple[OpeningPosition, ...]
    is_elder: bool = False


def read_listings(file: Path) -> list[Instrument]:
    """Return the listings of a day from CSV with the columns of Instrument (prices in yuan).

    `initials` may be left out or empty: they are then derived from the Chinese name.
    """
    columns = "symbol board name_zh name_en prev_close status is_t0 is_halted"
    return [
        Instrument(
            _symbol(row),
            member_of(row, "board", Board),
            row["name_zh"],
            row["name_en"],
            _price(row, "prev_close"),
            member_of(row, "status", ListingStatus),
            yes_no(row, "is_t0"),
            yes_no(row, "is_halted"),
            _shape(row, "initials", INITIALS.fullmatch, "at most 16 of A-Z and 0-9")
            or initials_of(row["name_zh"]),
        )
        for row in rows_of(file, columns.split(), "initials")
    ]


def read_opening_accounts(file: Path) -> list[OpeningAccount]:
    """Return the accounts of a set-up file (CSV with the columns of OpeningAccount).

    `is_elder` may be left out.
    """
    columns = (
        "account_no name branch_code mobile email language phone_pin web_password cash positions"
    )
    return [
        OpeningAccount(
            _shape(row, "account_no", ACCOUNT_NO.fullmatch, "4 to 12 digits"),
            row["name"],
            _shape(row, "branch_code", BRANCH_CODE.fullmatch, "five digits"),
            row["mobile"],
            row["email"],
            member_of(row, "language", Language),
            row["phone_pin"],
            row["web_password"],
            _money(row, "cash"),
            tuple(_positions(row)),
            yes_no(row | {"is_elder": row["is_elder"] or "no"}, "is_elder"),
        )
        for row in rows_of(file, columns.split(), "is_elder")
    ]


def rows_of(file: Path, columns: list[str], optional: str = "") -> Iterator[Row]:
    """Yield rows, each with its place in the file under "_place"; an absent cell is empty."""
    try:
        with file.open(encoding="utf-8", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            wider = [*columns, optional] if optional else columns
            if reader.fieldnames not in (columns, wider):
                may_be = f" and may have {optional}" if optional else ""
                raise ConfigError(str(file), f"must have the columns {','.join(columns)}{may_be}")
            for row in _numbered(file, reader, reader.fieldnames):
                yield {optional: "", **row} if optional else row
    except OSError as e:
        raise ConfigError(str(file), f"cannot be read ({e.strerror}): check the path") from e
    except (csv.Error, UnicodeDecodeError) as e:
        raise ConfigError(str(file), f"is no CSV in UTF-8: {e}") from e


def _numbered(file: Path, reader: "csv.DictReader[str]", columns: Sequence[str]) -> Iterator[Row]:
    for count, row in enumerate(reader, 1):
        place = f"{file}:{reader.line_num}"
        if count > ROWS_MAX:
            raise ConfigError(place, f"at most {ROWS_MAX} rows")
        if None in row or None in row.values():
            raise ConfigError(place, f"must have {len(columns)} cells")
        row["_place"] = place
        yield row


def _shape(row: Row, column: str, check: Callable[[str], object], wanted: str) -> str:
    if not check(row[column]):
        raise wrong(row, column, f"must be {wanted}")
    return row[column]


def _symbol(row: Row) -> str:
    if row["board"] in _INDEX_BOARDS:
        return _shape(row, "symbol", INDEX_SYMBOL.fullmatch, "SH, SZ or BJ and six digits")
    return _shape(row, "symbol", SYMBOL.fullmatch, "six digits")


def member_of(row: Row, column: str, kind: type[E]) -> E:
    """Return a cell as a member of an enum; raises ConfigError."""
    try:
        return kind[row[column]]
    except KeyError:
        raise wrong(row, column, f"must be one of {', '.join(kind.__members__)}") from None


def yes_no(row: Row, column: str) -> bool:
    """Return a cell as yes or no; raises ConfigError."""
    if row[column] not in ("yes", "no"):
        raise wrong(row, column, "must be yes or no")
    return row[column] == "yes"


def _money(row: Row, column: str) -> int:
    try:
        amount_e4 = parse_e4(row[column])
    except ValueError as e:
        raise wrong(row, column, str(e).partition(", was")[0]) from e
    if amount_e4 < 0:
        raise wrong(row, column, "must not be negative")
    return amount_e4


def _price(row: Row, column: str) -> int:
    price_e4 = _money(row, column)
    if not 0 < price_e4 <= PRICE_E4_MAX:
        raise wrong(row, column, "must be above 0 and at most 1000000")
    return price_e4


def _positions(row: Row) -> Iterator[OpeningPosition]:
    for item in row["positions"].split():
        symbol, _, qty = item.partition(":")
        is_sound = SYMBOL.fullmatch(symbol) and qty.isdigit() and 0 < int(qty) <= QTY_MAX
        if not is_sound:
            raise wrong(row, "positions", "must be CODE:QTY items such as 600000:300")
        yield OpeningPosition(symbol, int(qty))


def wrong(row: Row, column: str, problem: str) -> ConfigError:
    """Return the error that names a cell, its value and the remedy."""
    return ConfigError(f"{row['_place']} {column}", f"{problem}, was {row[column][:40]!r}")
