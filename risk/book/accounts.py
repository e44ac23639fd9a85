"""Cash accounts and the branches they belong to.

`frozen_e4` is the part of `cash_e4` reserved by live buys, `unsettled_e4` the proceeds of today's
sales, which buy at once but leave the firm on the next trading day at the earliest.
Not here: shares (risk.book.positions).
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar

from risk.book.columns import (
    I32,
    I64,
    NOBODY,
    ColumnTable,
    Flags,
    Image,
    ImageValue,
    texts_digest,
    texts_image,
    texts_load,
)


class AccountColumns:
    """One row per account."""

    cash_e4: I64
    frozen_e4: I64
    unsettled_e4: I64
    branch_row: I32
    is_killed: Flags
    paced_until_ns: I64  # see risk.checks.pace
    newest_order: I32  # row in the day's orders, 0 when there is none
    newest_position: I32  # row in positions, 0 when there is none
    newest_alert: I32  # row in alerts, 0 when there is none
    statement_ns: I64  # when a statement was asked for last


class Accounts(AccountColumns, ColumnTable[AccountColumns]):
    """Accounts by dense row and by account_no."""

    COLUMNS: ClassVar[type[AccountColumns]] = AccountColumns
    SINCE: ClassVar[Mapping[str, int]] = {"newest_alert": 2, "statement_ns": 2}

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.rows: dict[str, int] = {}
        self.account_no = [""]

    def add(self, account_no: str, branch_row: int) -> int:
        """Add an account without cash and return its row."""
        assert account_no not in self.rows, account_no
        row = self.rows[account_no] = self.add_row()
        self.account_no.append(account_no)
        self.at.branch_row[row] = branch_row
        return row

    def row_of(self, account_no: str) -> int:
        """Return the row of an account, 0 when it is unknown."""
        return self.rows.get(account_no, NOBODY)

    def free_e4(self, row: int) -> int:
        """Return the cash that may buy."""
        at = self.at
        return int(at.cash_e4[row] - at.frozen_e4[row])

    def withdrawable_e4(self, row: int) -> int:
        """Return the cash that may leave: settled and free."""
        at = self.at
        return max(0, int(at.cash_e4[row] - at.frozen_e4[row] - at.unsettled_e4[row]))

    def start_day(self) -> None:
        """Settle yesterday's sales and begin with no order."""
        self.unsettled_e4[: self.count] = 0
        self.newest_order[: self.count] = 0

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows and keys to a hash."""
        super().digest_into(digest, schema)
        texts_digest(digest, self.account_no)

    def image(self, prefix: str) -> Image:
        """Return columns and keys."""
        return super().image(prefix) | texts_image(f"{prefix}.account_no", self.account_no)

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns and keys of an image."""
        super().load(prefix, image)
        self.account_no = texts_load(f"{prefix}.account_no", image)
        self.rows = {key: row for row, key in enumerate(self.account_no) if row}


class BranchColumns:
    """One row per branch."""

    is_killed: Flags
    paced_until_ns: I64


class Branches(BranchColumns, ColumnTable[BranchColumns]):
    """Branches by dense row and by branch_code; a branch exists once something names it."""

    COLUMNS: ClassVar[type[BranchColumns]] = BranchColumns

    def __init__(self, capacity: int = 0) -> None:
        super().__init__(capacity)
        self.rows: dict[str, int] = {}
        self.branch_code = [""]

    def row_for(self, branch_code: str) -> int:
        """Return the row of a branch, a new one when it is unknown."""
        row = self.rows.get(branch_code)
        if row is None:
            row = self.rows[branch_code] = self.add_row()
            self.branch_code.append(branch_code)
        return row

    def digest_into(self, digest: blake2b, schema: int) -> None:
        """Feed rows and keys to a hash."""
        super().digest_into(digest, schema)
        texts_digest(digest, self.branch_code)

    def image(self, prefix: str) -> Image:
        """Return columns and keys."""
        return super().image(prefix) | texts_image(f"{prefix}.branch_code", self.branch_code)

    def load(self, prefix: str, image: Mapping[str, ImageValue]) -> None:
        """Take columns and keys of an image."""
        super().load(prefix, image)
        self.branch_code = texts_load(f"{prefix}.branch_code", image)
        self.rows = {key: row for row, key in enumerate(self.branch_code) if row}
