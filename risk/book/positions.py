"""What an account has and does in one instrument: shares, cost and its live orders' prices.

A row exists once the account had an order or shares in the instrument. Always
`qty == sellable_qty + frozen_qty + bought_today_qty`. Not here: the orders (risk.book.orders).
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from risk.book.accounts import Accounts
from risk.book.columns import I32, I64, ColumnTable, ImageValue
from risk.book.pair_index import INSTRUMENT_BITS, PairIndex, pair_key


class PositionColumns:
    """One row per (account, instrument)."""

    account_row: I32
    instrument_row: I32
    older_of_account: I32  # next position of the account, 0 at the end
    qty: I64
    sellable_qty: I64  # may be sold now; below 0 only after the venue took a trade back
    frozen_qty: I64  # reserved by live sells
    bought_today_qty: I64  # not sellable before the next trading day (T+1)
    cost_e4: I64  # what the shares cost in all, fees included
    highest_buy_e4: I64  # of the live buys, 0 when there is none
    lowest_sell_e4: I64  # of the live sells, 0 when there is none
    newest_order: I32  # of the day in this instrument, 0 when there is none
    newest_live: I32  # first of the live orders, 0 when there is none


class Positions(PositionColumns, ColumnTable[PositionColumns]):
    """Positions by dense row, by pair and by account."""

    COLUMNS: ClassVar[type[PositionColumns]] = PositionColumns

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.index = PairIndex()

    def row_of(self, account_row: int, instrument_row: int) -> int:
        """Return the row of a pair, 0 when there is none."""
        return self.index.get(pair_key(account_row, instrument_row))

    def rows_of(self, account_row: I64, instrument_row: I64) -> I64:
        """Return (n,) rows of (n,) pairs, 0 where there is none."""
        return self.index.find(account_row << INSTRUMENT_BITS | instrument_row)

    def row_for(self, accounts: Accounts, account_row: int, instrument_row: int) -> int:
        """Return the row of a pair, a new one when there is none."""
        key = pair_key(account_row, instrument_row)
        row = self.index.get(key)
        if not row:
            row = self.add_row()
            self.index.add(key, row)
            at, newest = self.at, accounts.at.newest_position
            at.account_row[row] = account_row
            at.instrument_row[row] = instrument_row
            at.older_of_account[row] = newest[account_row]
            newest[account_row] = row
        return row

    def of_account(self, accounts: Accounts, account_row: int) -> Iterator[int]:
        """Yield the rows of an account, the newest pair first."""
        row = accounts.at.newest_position[account_row]
        while row:
            yield row
            row = self.at.older_of_account[row]

    def start_day(self) -> None:
        """Make yesterday's buys sellable and begin with no order."""
        used = slice(self.count)
        self.sellable_qty[used] += self.bought_today_qty[used]
        for column in (
            self.bought_today_qty,
            self.highest_buy_e4,
            self.lowest_sell_e4,
            self.newest_order,
            self.newest_live,
        ):
            column[used] = 0

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take the columns of an image and build the index."""
        super().load(prefix, image)
        used = slice(1, self.count)
        account_row = self.account_row[used].astype(np.int64)
        keys = account_row << INSTRUMENT_BITS | self.instrument_row[used]
        self.index.fill(keys, np.arange(1, self.count, dtype=np.int64))
