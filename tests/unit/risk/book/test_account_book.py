"""Fingerprint and image cover all that events decide; views read it."""

import pytest

from risk.book.account_book import SCHEMA, AccountBook
from risk.book.prices import Quote
from risk.book.views import (
    account_view,
    buying_power_e4,
    fills_of,
    open_orders,
    order_of,
    orders_of,
    positions_of,
    quote_of,
    sellable_qty,
    take_quote,
)
from risk.domain import commands as c
from risk.domain.enums import Channel, ExecType, KillScope, Side
from risk.domain.events import CancelRequested
from tests.builders.desk import ACCOUNT, BRANCH, FIX_SESSION, SYMBOL, Desk


@pytest.fixture
def desk() -> Desk:
    """A desk with a filled buy, an open sell and an outstanding cancel."""
    desk = Desk()
    buy = desk.buy(1_000, 99_000)
    desk.fill(buy, 1_000, 98_000, exec_id="X 1", transact_ns=5)
    sell = desk.sell(500, 101_000)
    desk.report(sell, ExecType.SUSPENDED, text="停牌\n")
    assert isinstance(desk.cancel(sell), CancelRequested)
    return desk


def test_an_image_brings_the_book_back_and_it_goes_on(desk: Desk) -> None:
    book = AccountBook.from_image(desk.book.image())
    assert book.fingerprint() == desk.book.fingerprint()
    desk.book = book
    sell = "260706000002"
    desk.fill(sell, 500, 101_000)
    assert desk.fill(sell, 500, 101_000, exec_id="X 1") != []
    assert desk.replayed().fingerprint() == book.fingerprint()
    desk.take(c.StartDay("next", 20260707), c.TakeFingerprint("f"))
    assert AccountBook.from_image(book.image()).fingerprint() == book.fingerprint()


def test_an_image_of_another_schema_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match=f"schema must be {SCHEMA}, was 99: replay the journal"):
        AccountBook.from_image(desk.book.image() | {"schema": 99})


@pytest.mark.parametrize(
    "command",
    [
        c.MoveCash("r", ACCOUNT, 1),
        c.MoveShares("r", ACCOUNT, SYMBOL, 1),
        c.SetKillSwitch("r", KillScope.FIRM, "", True, "", ""),
        c.SetKillSwitch("r", KillScope.BRANCH, BRANCH, True, "", ""),
        c.OpenAccount("r", "10002", BRANCH),
        c.RecordInbound("r", FIX_SESSION, 10_000),
        c.RecordInbound("r", "OTHER", 1),
        c.RecordRouted("r", "260706000002", FIX_SESSION, 1),
        c.StartDay("r", 20260707),
    ],
)
def test_the_fingerprint_sees_every_change(desk: Desk, command: c.Command) -> None:
    before = desk.book.fingerprint()
    desk.take(command)
    assert desk.book.fingerprint() != before


def test_prices_are_no_part_of_the_fingerprint(desk: Desk) -> None:
    before = desk.book.fingerprint()
    quote = Quote(1, 2, 3, 4)
    assert take_quote(desk.book, SYMBOL, quote)
    assert quote_of(desk.book, SYMBOL) == quote
    assert desk.book.fingerprint() == before
    assert not take_quote(desk.book, "999999", quote)
    assert quote_of(desk.book, "999999") is None


def test_views_of_what_does_not_exist_are_empty(desk: Desk) -> None:
    book = desk.book
    assert account_view(book, "x") is None
    assert order_of(book, "x") is None
    assert positions_of(book, "x") == orders_of(book, "x") == fills_of(book, "x") == []
    assert buying_power_e4(book, "x") == sellable_qty(book, "x", SYMBOL) == 0


def test_orders_are_listed_newest_first(desk: Desk) -> None:
    found = orders_of(desk.book, ACCOUNT)
    assert [order.order_no for order in found] == [2, 1]
    assert [order.order_no for order in orders_of(desk.book, ACCOUNT, limit=1)] == [2]
    assert (found[0].text, found[0].channel, found[0].side) == ("停牌\n", Channel.WEB, Side.SELL)
    assert order_of(desk.book, "260706000003") == found[0]  # a cancel request leads to its order


def test_fills_are_listed_with_their_fees(desk: Desk) -> None:
    (fill,) = fills_of(desk.book, "260706000001")
    assert (fill.exec_id, fill.last_qty, fill.last_px_e4, fill.fees_e4) == (
        "X 1",
        1_000,
        98_000,
        51_000,
    )
    assert (fill.transact_ns, fill.is_busted) == (5, False)


def test_open_orders_name_their_outstanding_cancel(desk: Desk) -> None:
    (order,) = open_orders(desk.book)
    assert (order.cl_ord_id, order.cancel_ids) == ("260706000002", ("260706000003",))
    assert order.is_answered


def test_positions_leave_out_what_was_sold(desk: Desk) -> None:
    desk.take(c.MoveShares("out", ACCOUNT, SYMBOL, -500))
    desk.fill("260706000002", 500, 101_000)
    (position,) = positions_of(desk.book, ACCOUNT)
    assert (position.qty, position.bought_today_qty) == (1_000, 1_000)
    desk.take(c.StartDay("next", 20260707), c.MoveShares("all", ACCOUNT, SYMBOL, -1_000))
    assert positions_of(desk.book, ACCOUNT) == []
