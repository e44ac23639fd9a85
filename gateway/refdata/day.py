"""The commands that bring the book to a trading day: its listings, then the day itself.

Request ids name day, symbol and data, so asking twice for the same day changes nothing. Not here:
corporate actions (a later release) and the decision when a day begins (gateway.app).
"""

import zlib
from collections.abc import Sequence
from datetime import date

from gateway.refdata.tables import OpeningAccount
from risk.domain.commands import (
    Command,
    ListInstrument,
    MoveCash,
    MoveShares,
    OpenAccount,
    StartDay,
)
from risk.domain.instrument import Instrument


def day_number(day: date) -> int:
    """Return a day as yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def commands_of_day(day: date, listings: Sequence[Instrument]) -> list[Command]:
    """Return the commands for `day`: every listing with its static data, then StartDay."""
    number = day_number(day)
    listed: list[Command] = [
        ListInstrument(f"refdata:{number}:{listing.symbol}:{_mark(listing)}", *listing)
        for listing in listings
    ]
    return [*listed, StartDay(f"refdata:{number}:start", number)]


def _mark(listing: Instrument) -> str:
    """Return a mark of the static data: a corrected file asks something new, not the same again."""
    return f"{zlib.crc32(repr(tuple(listing)).encode()):08x}"


def commands_of_opening(account: OpeningAccount, cost_e4: dict[str, int]) -> list[Command]:
    """Return the commands that open an account with its cash and shares.

    cost_e4: price per share at which each position enters, by symbol.
    """
    key = f"opening:{account.account_no}"
    commands: list[Command] = [OpenAccount(key, account.account_no, account.branch_code)]
    if account.cash_e4:
        commands.append(MoveCash(f"{key}:cash", account.account_no, account.cash_e4, "opening"))
    for symbol, qty in account.positions:
        moved = MoveShares(
            f"{key}:{symbol}", account.account_no, symbol, qty, qty * cost_e4.get(symbol, 0)
        )
        commands.append(moved)
    return commands
