"""A statement tells the figures of its moment; it can be asked for once in a while."""

from typing import Any

from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.domain import commands as c
from risk.domain.enums import Channel, OrdStatus, Side, StatementForm
from risk.domain.events import CommandDenied
from risk.domain.ids import NS
from risk.domain.reasons import ReasonCode as R
from risk.domain.service_events import PinChanged, StatementRequested
from risk.domain.statements import StatementFill, StatementOrder, StatementPosition
from tests.builders.desk import ACCOUNT, BRANCH, SYMBOL, Desk


def asked(form: StatementForm = StatementForm.MAIL, **fields: Any) -> c.RequestStatement:
    """Return a request of the desk's account."""
    return c.RequestStatement("s", ACCOUNT, form, Channel.PHONE)._replace(**fields)


def test_a_mail_has_every_row_and_an_sms_the_figures_only() -> None:
    desk = Desk()
    order = desk.buy(1_000, 100_000)
    desk.fill(order, 400, 99_000)
    desk.sell(100, 102_000)
    take_quote(desk.book, SYMBOL, Quote(0, 0, 99_500, 1))

    event = desk.one(asked())

    assert isinstance(event, StatementRequested)
    cash = desk.cash
    assert event.cash_e4 == cash.cash_e4
    assert event.free_e4 + event.frozen_e4 == event.cash_e4
    assert event.market_value_e4 == 1_400 * 99_500
    assert (event.position_count, event.order_count, event.fill_count) == (1, 2, 1)
    assert (event.bought_e4, event.sold_e4) == (400 * 99_000, 0)
    assert event.positions == (
        StatementPosition(SYMBOL, 1_400, 900, desk.position.cost_e4, 99_500),
    )
    newest, oldest = event.orders
    assert newest == StatementOrder(
        2, SYMBOL, Side.SELL, 100, 0, 102_000, OrdStatus.PENDING_NEW, desk.now_ns
    )
    assert (oldest.order_no, oldest.cum_qty) == (1, 400)
    (fill,) = event.fills
    assert fill == StatementFill(1, SYMBOL, Side.BUY, 400, 99_000, event.fees_e4, 0)

    desk.now_ns += 60 * NS
    digest = desk.one(asked(StatementForm.SMS))
    assert isinstance(digest, StatementRequested)
    assert (digest.positions, digest.orders, digest.fills) == ((), (), ())
    assert digest[7:18] == event[7:18]


def test_a_position_without_a_price_is_valued_at_the_previous_close() -> None:
    event = Desk().one(asked())
    assert isinstance(event, StatementRequested)
    assert event.market_value_e4 == 1_000 * 100_000


def test_the_next_statement_waits_a_minute() -> None:
    desk = Desk()
    desk.one(asked())
    desk.now_ns += 59 * NS + 1
    denied = desk.one(asked())
    assert denied == CommandDenied(desk.now_ns, "s", R.STATEMENT_TOO_SOON, {"wait_s": 1})
    desk.now_ns += NS - 1
    assert isinstance(desk.one(asked()), StatementRequested)


def test_a_clock_that_was_set_back_stops_no_statement() -> None:
    desk = Desk()
    desk.one(asked())
    desk.now_ns -= NS
    assert isinstance(desk.one(asked()), StatementRequested)


def test_a_statement_needs_the_own_account_and_door() -> None:
    desk = Desk()
    for wrong, reason in (
        (asked(account_no="99999"), R.ACCOUNT_UNKNOWN),
        (asked(branch_code="00009"), R.NOT_YOUR_ACCOUNT),
    ):
        assert desk.one(wrong) == CommandDenied(desk.now_ns, "s", reason, {})
    assert isinstance(desk.one(asked(branch_code=BRANCH)), StatementRequested)


def test_a_pin_change_is_written_down() -> None:
    desk = Desk()
    before = desk.book.fingerprint()
    event = desk.one(c.RecordPinChange("pin:1", ACCOUNT, Channel.PHONE, 5, "call-1"))
    assert event == PinChanged(desk.now_ns, "pin:1", ACCOUNT, Channel.PHONE, 5, "call-1")
    assert desk.book.fingerprint() == before
