"""Price alerts: one row each, listed per account, watched by instrument and level.

An armed alert waits for its threshold; one that fired and repeats waits, disarmed, for the price
to go back to `rearm_e4`. Rows of alerts that are gone are used again, the last one freed first.
Not here: which prices reach what (risk.alerts.watchlist), who may set one (risk.core.alerts).
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import ClassVar, Final, NamedTuple

import numpy as np

from risk.alerts.watchlist import Watchlist
from risk.book.accounts import Accounts
from risk.book.columns import I8, I32, I64, NOBODY, ColumnTable, Flags, Image, ImageValue
from risk.domain.enums import AlertKind

_ABOVE: Final = int(AlertKind.AT_OR_ABOVE)


class AlertColumns:
    """One row per alert; `alert_no` is 0 in a free row."""

    account_row: I32
    instrument_row: I32
    older_of_account: (
        I32  # next alert of the account, in a free row the next free one; 0 at the end
    )
    kind: I8
    is_armed: Flags
    alert_no: I64  # grows for ever
    threshold_e4: I64
    rearm_e4: I64  # 0: fires once and is gone
    set_ns: I64


class Watch(NamedTuple):
    """What an alert waits for now."""

    is_upward: bool
    level_e4: int


class Alerts(AlertColumns, ColumnTable[AlertColumns]):
    """Alerts by dense row and by account, and the watchlist over them."""

    COLUMNS: ClassVar[type[AlertColumns]] = AlertColumns

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.last_no = 0  # of the newest alert ever
        self.free_row = 0  # first of the free rows, 0 when there is none
        self.watchlist = Watchlist()

    def add(
        self,
        accounts: Accounts,
        account_row: int,
        instrument_row: int,
        kind: int,
        threshold_e4: int,
        rearm_e4: int,
        set_ns: int,
    ) -> None:
        """Add an armed alert with the next number to an account."""
        at = self.at
        row = self.free_row
        if row:
            self.free_row = at.older_of_account[row]
        else:
            row = self.add_row()
            at = self.at
        self.last_no += 1
        at.alert_no[row] = self.last_no
        at.account_row[row] = account_row
        at.instrument_row[row] = instrument_row
        at.kind[row] = kind
        at.is_armed[row] = True
        at.threshold_e4[row] = threshold_e4
        at.rearm_e4[row] = rearm_e4
        at.set_ns[row] = set_ns
        at.older_of_account[row] = accounts.at.newest_alert[account_row]
        accounts.at.newest_alert[account_row] = row
        self.watchlist.add(row, instrument_row, *self.watch_of(row))

    def remove(self, accounts: Accounts, row: int) -> None:
        """Take an alert off its account and free its row."""
        at, newest = self.at, accounts.at.newest_alert
        self.watchlist.remove(row, at.instrument_row[row], *self.watch_of(row))
        account_row, older = at.account_row[row], at.older_of_account[row]
        if newest[account_row] == row:
            newest[account_row] = older
        else:
            newer = newest[account_row]
            while at.older_of_account[newer] != row:
                newer = at.older_of_account[newer]
            at.older_of_account[newer] = older
        for name in self.dtypes:
            getattr(at, name)[row] = 0
        at.older_of_account[row] = self.free_row
        self.free_row = row

    def arm(self, row: int, is_armed: bool) -> None:
        """Let an alert wait for its threshold, or for the price to go back."""
        at, instrument_row = self.at, self.at.instrument_row[row]
        self.watchlist.remove(row, instrument_row, *self.watch_of(row))
        at.is_armed[row] = is_armed
        self.watchlist.add(row, instrument_row, *self.watch_of(row))

    def watch_of(self, row: int) -> Watch:
        """Return what an alert waits for."""
        at = self.at
        is_above = at.kind[row] == _ABOVE
        if at.is_armed[row]:
            return Watch(is_above, at.threshold_e4[row])
        return Watch(not is_above, at.rearm_e4[row])

    def of_account(self, accounts: Accounts, account_row: int) -> Iterator[int]:
        """Yield the rows of an account, the newest first."""
        row = accounts.at.newest_alert[account_row]
        while row:
            yield row
            row = self.at.older_of_account[row]

    def row_of(self, accounts: Accounts, account_row: int, alert_no: int) -> int:
        """Return the row of an account's alert, 0 when it has no such alert."""
        at = self.at
        rows = self.of_account(accounts, account_row)
        return next((row for row in rows if at.alert_no[row] == alert_no), NOBODY)

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows and numbers to a hash."""
        super().digest_into(digest, schema)
        digest.update(f"{self.last_no} {self.free_row}".encode())

    def image(self, prefix: str) -> Image:
        """Return columns and numbers."""
        numbers: Image = {f"{prefix}.last_no": self.last_no, f"{prefix}.free_row": self.free_row}
        return super().image(prefix) | numbers

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns and numbers of an image and build the watchlist."""
        super().load(prefix, image)
        last_no, free_row = image[f"{prefix}.last_no"], image[f"{prefix}.free_row"]
        assert isinstance(last_no, int), prefix
        assert isinstance(free_row, int), prefix
        self.last_no, self.free_row = last_no, free_row
        row = np.flatnonzero(self.alert_no[: self.count])
        is_above, is_armed = self.kind[row] == _ABOVE, self.is_armed[row]
        level_e4 = np.where(is_armed, self.threshold_e4[row], self.rearm_e4[row])
        instrument_row = self.instrument_row[row].astype(np.int64)
        self.watchlist.fill(row, instrument_row, is_above == is_armed, level_e4)
