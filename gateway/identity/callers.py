"""What a caller may do by the number he calls from (caller-number binding).

A client's own list beats his branch's, that beats the firm's default. Within a list the number
itself beats the row for hidden numbers, and both beat the row for any other number. Numbers are
E.164 ("+8613800138000"); whoever trusts them decides at the trunk (gateway.sip).
Not here: what query-only leaves out (gateway.ivr).
"""

import enum
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select
from twisted.internet.defer import Deferred

from gateway.identity.customers import MOBILE
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database
from gateway.store.tables import BRANCH_BINDINGS, CALLER_BINDINGS
from risk.domain.ids import ACCOUNT_NO, BRANCH_CODE

ANY: Final = "*"  # every number that no other row names
WITHHELD: Final = "withheld"  # callers who hide their number, or have none


class CallerPolicy(enum.IntEnum):
    """What a caller may do."""

    ALLOW = 1
    QUERY_ONLY = 2
    REFUSE = 3


class Binding(NamedTuple):
    """One row of a list: of an account, or of a branch when `account_no` is empty."""

    account_no: str
    branch_code: str
    ani: str  # E.164, ANY or WITHHELD
    policy: CallerPolicy


class Callers:
    """The lists of the store and the firm's defaults."""

    def __init__(self, settings: IdentitySettings, database: Database) -> None:
        self._database = database
        self._default = CallerPolicy[settings.caller_default.upper()]
        self._withheld = CallerPolicy[settings.caller_withheld.upper()]

    def policy_of(
        self, account_no: str, branch_code: str, ani: str, is_withheld: bool
    ) -> Deferred[CallerPolicy]:
        """Return what a caller from a number may do with an account of a branch."""
        number = ani if ani and not is_withheld else WITHHELD

        def work(connection: Connection) -> CallerPolicy:
            for table, key in ((CALLER_BINDINGS, account_no), (BRANCH_BINDINGS, branch_code)):
                found = _listed(connection, table, key, number)
                if found is not None:
                    return found
            return self._withheld if number == WITHHELD else self._default

        return self._database.read(work)


def _listed(connection: Connection, table: Table, key: str, number: str) -> CallerPolicy | None:
    own = table.primary_key.columns[0] == key
    wanted = select(table.c.ani, table.c.policy).where(own, table.c.ani.in_((number, ANY)))
    rows = {row.ani: CallerPolicy(row.policy) for row in connection.execute(wanted)}
    return rows.get(number) or rows.get(ANY)


def put_bindings(connection: Connection, bindings: Iterable[Binding]) -> None:
    """Replace the whole list of every account and branch that is named."""
    rows = list(bindings)
    for table, key, column in (
        (CALLER_BINDINGS, "account_no", CALLER_BINDINGS.c.account_no),
        (BRANCH_BINDINGS, "branch_code", BRANCH_BINDINGS.c.branch_code),
    ):
        of_kind = [row for row in rows if bool(row.account_no) == (key == "account_no")]
        for owner in {getattr(row, key) for row in of_kind}:
            connection.execute(delete(table).where(column == owner))
        for row in of_kind:
            values = {key: getattr(row, key), "ani": row.ani, "policy": row.policy}
            connection.execute(insert(table).values(values))


def problem_of(binding: Binding) -> tuple[str, str] | None:
    """Return the first field of wrong shape and what it must be, None when all are right."""
    is_account = bool(binding.account_no)
    if is_account == bool(binding.branch_code):
        return "branch_code", "given when account_no is empty, and only then"
    if is_account and not ACCOUNT_NO.fullmatch(binding.account_no):
        return "account_no", "4 to 12 digits"
    if not is_account and not BRANCH_CODE.fullmatch(binding.branch_code):
        return "branch_code", "five digits"
    if binding.ani not in (ANY, WITHHELD) and not MOBILE.fullmatch(binding.ani):
        return "ani", f"like +8613800138000, {ANY} or {WITHHELD}"
    return None
