"""Each invariant sees the damage it is there for."""

from collections.abc import Callable

import pytest

from risk.book.account_book import AccountBook
from risk.book.invariants import INVARIANTS, broken_invariants
from risk.domain.commands import SetAlert
from risk.domain.enums import AlertKind, Channel
from tests.builders.desk import ACCOUNT, SYMBOL, Desk

Damage = Callable[[AccountBook], None]


def bump(table: str, column: str, row: int = 1, by: int = 1) -> Damage:
    """Return a change of one cell."""

    def damage(book: AccountBook) -> None:
        getattr(getattr(book, table), column)[row] += by

    return damage


DAMAGES = {
    "frozen cash is what open buys reserve": bump("accounts", "frozen_e4"),
    "frozen shares are what open sells have left": bump("positions", "frozen_qty"),
    "shares are sellable, frozen or bought today": bump("positions", "qty"),
    "nothing frozen or unsettled is below zero": bump("accounts", "unsettled_e4", by=-1),
    "filled and open quantity stay within the order": bump("orders", "leaves_qty", by=900),
    "a closed order reserves nothing": bump("orders", "leaves_qty", by=-600),
    "fills add up to their order": bump("orders", "cum_qty"),
    "live orders are listed with their best prices": bump("positions", "highest_buy_e4"),
    "alerts are listed and watched": bump("alerts", "threshold_e4"),
    "row 0 stays empty": bump("accounts", "cash_e4", row=0),
}


@pytest.mark.parametrize("statement", [invariant.statement for invariant in INVARIANTS])
def test_damage_is_seen(statement: str) -> None:
    desk = Desk()
    order = desk.buy(1_000, 99_000)
    desk.fill(order, 400, 99_000)
    desk.one(SetAlert("alert", ACCOUNT, SYMBOL, AlertKind.AT_OR_ABOVE, 110_000, Channel.WEB))
    assert broken_invariants(desk.book) == {}
    DAMAGES[statement](desk.book)
    assert statement in broken_invariants(desk.book)
