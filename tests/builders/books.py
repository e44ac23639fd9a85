"""Books for tests and benchmarks: a small one by commands, a large one by columns."""

from datetime import datetime

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.columns import I64
from risk.book.pair_index import INSTRUMENT_BITS
from risk.book.prices import Quote
from risk.checks.moment import HouseLimits, TradingRules
from risk.core.apply import apply
from risk.domain.enums import Board, ListingStatus
from risk.domain.events import DayStarted, InstrumentListed
from risk.domain.fixedpoint import E4
from risk.domain.ids import CHINA, NS
from risk.domain.instrument import INDEX_BOARDS
from tests.builders.rulebooks import the_rulebook

DAY = 20260706
BOARDS = tuple(board for board in Board if board not in INDEX_BOARDS)


def moment_ns(hour: int = 10, minute: int = 0, second: int = 0, day: int = DAY) -> int:
    """Return a time of day in China as Unix ns."""
    when = datetime(day // 10_000, day // 100 % 100, day % 100, hour, minute, second, tzinfo=CHINA)
    return int(when.timestamp()) * NS


def trading_rules(house: HouseLimits = HouseLimits()) -> TradingRules:  # noqa: B008
    """Return the project's rulebook with house limits."""
    return TradingRules(the_rulebook(), house)


def large_book(
    account_count: int, instrument_count: int, position_count: int, seed: int = 1
) -> AccountBook:
    """Return a book in the morning of DAY with cash and random positions, filled by column."""
    random = np.random.default_rng(seed)
    book = AccountBook(account_count, position_count)
    apply(book, DayStarted(0, DAY))
    for i in range(instrument_count):
        board = BOARDS[i % len(BOARDS)]
        close_e4 = 10 * E4 + i * 100
        apply(
            book,
            InstrumentListed(
                0, f"{i:06d}", board, "", "", close_e4, ListingStatus.NORMAL, False, False
            ),
        )
        quote = Quote(close_e4 - 100, close_e4 + 100, close_e4, 0)
        book.prices.put(book.instruments.rows[f"{i:06d}"], quote)
    branches = [book.branches.row_for(f"{code:05d}") for code in range(1, 101)]
    for i in range(account_count):
        book.accounts.add(f"{10_000_000 + i}", branches[i % len(branches)])
    book.accounts.cash_e4[1 : account_count + 1] = 10**10
    fill_positions(book, random, position_count)
    touch_pages(book)
    return book


def touch_pages(book: AccountBook) -> None:
    """Write every page once, as a book that has been at work for a while has."""
    for table in (book.accounts, book.positions):
        for name in table.dtypes:
            column = getattr(table, name)
            column[:] = column.copy()


def fill_positions(book: AccountBook, random: np.random.Generator, count: int) -> None:
    """Give random pairs of account and instrument 10,000 sellable shares each."""
    accounts, instruments, positions = book.accounts, book.instruments, book.positions
    account_row: I64 = random.integers(1, accounts.count, count)
    instrument_row: I64 = random.integers(1, instruments.count, count)
    keys = np.unique(account_row << INSTRUMENT_BITS | instrument_row)
    rows = np.arange(1, len(keys) + 1)
    positions.reserve(len(keys) * 3 // 2)
    positions.count = len(keys) + 1
    positions.account_row[rows] = keys >> INSTRUMENT_BITS
    positions.instrument_row[rows] = keys & ((1 << INSTRUMENT_BITS) - 1)
    positions.qty[rows] = positions.sellable_qty[rows] = 10_000
    positions.index.fill(keys, rows)
    older = np.zeros(len(keys) + 1, np.int64)
    same = np.diff(keys >> INSTRUMENT_BITS) == 0
    older[2:][same] = rows[:-1][same]
    positions.older_of_account[1 : len(keys) + 1] = older[1:]
    accounts.newest_position[keys >> INSTRUMENT_BITS] = rows  # the last one of each account wins
