"""The fills of a day, across orders, the newest first."""

from risk.book.views import fills_today
from risk.domain.enums import ExecType, Side
from tests.builders.desk import ACCOUNT, Desk


def test_fills_come_newest_first_whatever_order_they_belong_to() -> None:
    desk = Desk()
    first, second = desk.buy(1_000, 100_000), desk.sell(500, 101_000)
    desk.fill(first, 300, 99_900, exec_id="A")
    desk.fill(second, 500, 101_000, exec_id="B")
    desk.fill(first, 700, 100_000, exec_id="C")

    fills = fills_today(desk.book, ACCOUNT)

    assert [(f.exec_id, f.order_no, f.side, f.last_qty, f.last_px_e4) for f in fills] == [
        ("C", 1, Side.BUY, 700, 100_000),
        ("B", 2, Side.SELL, 500, 101_000),
        ("A", 1, Side.BUY, 300, 99_900),
    ]
    assert sum(f.fees_e4 for f in fills) == desk.view(first).fees_e4 + desk.view(second).fees_e4
    assert fills_today(desk.book, ACCOUNT, limit=2) == fills[:2]


def test_a_fill_that_was_taken_back_is_left_out() -> None:
    desk = Desk()
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 600, 99_000, exec_id="A")
    desk.fill(order, 400, 99_000, exec_id="B")
    desk.report(order, ExecType.TRADE_CANCEL, exec_ref_id="A", leaves_qty=600)

    assert [fill.exec_id for fill in fills_today(desk.book, ACCOUNT)] == ["B"]


def test_an_unknown_account_has_none() -> None:
    assert fills_today(Desk().book, "99999999") == []
