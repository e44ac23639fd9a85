"""What the rules would say to an unsent order: the same as they say when it is sent."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.checks.moment import HouseLimits
from risk.core.preview import (
    PRICE_REASONS,
    QTY_REASONS,
    SECURITY_REASONS,
    first_broken,
    most_qty,
)
from risk.core.step import step
from risk.domain import commands as c
from risk.domain.enums import Board, KillScope, Side
from risk.domain.events import OrderAccepted, OrderDenied
from risk.domain.ids import NS
from risk.domain.reasons import ReasonCode as R
from tests.builders.books import moment_ns
from tests.builders.desk import ACCOUNT, SYMBOL, Desk
from tests.builders.rulebooks import the_rulebook

BUY, SELL = Side.BUY, Side.SELL
ASKED = SECURITY_REASONS | PRICE_REASONS | QTY_REASONS
STAR = "688001"
TOO_DEAR = {"need_e4": 1_000_260_000, "free_e4": 200_000_000}


def a_desk() -> Desk:
    """Return a desk with a holding of 1,250 shares, a STAR listing and 20,000.00 of cash."""
    desk = Desk(HouseLimits(duplicate_window_s=0, account_per_s=1_000))
    desk.take(
        c.MoveShares("odd", ACCOUNT, SYMBOL, 250),
        c.ListInstrument("star", STAR, Board.SSE_STAR, "华兴源创", "HYC", 200_000),
        c.MoveCash("less", ACCOUNT, -9_800_000_000),
    )
    assert take_quote(desk.book, SYMBOL, Quote(99_900, 100_000, 100_000, 0))
    return desk


@pytest.mark.parametrize(
    ("side", "price_e4", "qty", "asked", "expected"),
    [
        (BUY, 100_050, 100, PRICE_REASONS, (R.OFF_TICK, {"tick_e4": 100})),
        (BUY, 110_100, 100, PRICE_REASONS, (R.ABOVE_LIMIT_UP, {"limit_up_e4": 110_000})),
        (SELL, 89_900, 100, PRICE_REASONS, (R.BELOW_LIMIT_DOWN, {"limit_down_e4": 90_000})),
        (BUY, 103_000, 100, PRICE_REASONS, (R.OUTSIDE_PRICE_CAGE, {"cage_e4": 102_000})),
        (BUY, 100_000, 0, PRICE_REASONS, None),  # the quantity is not asked about yet
        (BUY, 100_000, 50, QTY_REASONS, (R.OFF_LOT, {"lot": 100})),
        (BUY, 100_000, 10_000, QTY_REASONS, (R.BUYING_POWER, TOO_DEAR)),
        (SELL, 100_000, 30, QTY_REASONS, (R.ODD_LOT_SPLIT, {"odd_qty": 50})),
        (SELL, 100_000, 1_300, QTY_REASONS, (R.SELLABLE_QTY, {"sellable_qty": 1_250})),
        (SELL, 100_000, 1_250, QTY_REASONS, None),
        (BUY, 0, 0, SECURITY_REASONS, None),
    ],
)
def test_the_first_broken_rule_of_those_asked_is_told_with_its_figures(
    side: Side, price_e4: int, qty: int, asked: frozenset[R], expected: object
) -> None:
    desk = a_desk()
    moment = desk.rules.moment(desk.book, desk.now_ns)
    broken = first_broken(desk.book, moment, desk.order(side, qty, price_e4), asked)
    assert broken == expected


def test_what_bars_the_security_itself_is_known_before_price_and_quantity() -> None:
    desk = a_desk()
    order = desk.order(BUY, 0, 0)
    late = desk.rules.moment(desk.book, moment_ns(12))
    assert first_broken(desk.book, late, order, SECURITY_REASONS) == (R.MARKET_CLOSED, {})
    desk.take(c.SetKillSwitch("stop", KillScope.INSTRUMENT, SYMBOL, True, "desk", ""))
    moment = desk.rules.moment(desk.book, desk.now_ns)
    broken = first_broken(desk.book, moment, order, SECURITY_REASONS)
    assert broken == (R.KILL_SWITCH_INSTRUMENT, {})


def test_a_day_without_rules_is_told_and_no_rule_of_the_day_is_asked() -> None:
    desk = a_desk()
    beyond = the_rulebook().last
    day = date(beyond.year + 1, 3, 2)
    number = day.year * 10_000 + day.month * 100 + day.day
    desk.take(c.StartDay("beyond", number))
    moment = desk.rules.moment(desk.book, moment_ns(10, day=number))
    broken = first_broken(desk.book, moment, desk.order(BUY, 50, 1), ASKED)
    assert broken == (R.NO_RULES_FOR_DAY, {})
    assert most_qty(desk.book, moment, desk.order(BUY, 0, 100_000)) == 0


@settings(max_examples=300, deadline=None)
@given(
    symbol=st.sampled_from((SYMBOL, STAR, "999999")),
    side=st.sampled_from(Side),
    price_e4=st.one_of(st.integers(-1, 300_000), st.sampled_from((100_000, 200_000, 10**11))),
    qty=st.one_of(st.integers(-1, 2_000), st.sampled_from((100, 200, 10**9))),
    hour=st.sampled_from((9, 10, 12, 16)),
)
def test_the_preview_says_what_the_heart_then_says(
    symbol: str, side: Side, price_e4: int, qty: int, hour: int
) -> None:
    desk = a_desk()
    desk.now_ns = moment_ns(hour)
    order = desk.order(side, qty, price_e4, symbol=symbol)
    moment = desk.rules.moment(desk.book, desk.now_ns)
    broken = first_broken(desk.book, moment, order, ASKED)
    ((event,),) = step(desk.book, desk.rules, [order], desk.now_ns)
    if broken is None:
        assert isinstance(event, OrderAccepted), event
    else:
        assert isinstance(event, OrderDenied), event
        assert (event.reason, event.detail) == broken


@settings(max_examples=100, deadline=None)
@given(
    symbol=st.sampled_from((SYMBOL, STAR)),
    price_e4=st.integers(1, 300_000),
    cash_e4=st.integers(0, 400_000_000),
)
def test_the_most_that_can_be_bought_is_affordable_and_a_lot_more_is_not(
    symbol: str, price_e4: int, cash_e4: int
) -> None:
    desk = a_desk()
    desk.take(c.MoveCash("set", ACCOUNT, cash_e4 - desk.cash.cash_e4))
    desk.now_ns += NS
    moment = desk.rules.moment(desk.book, desk.now_ns)
    order = desk.order(BUY, 0, price_e4, symbol=symbol)
    most = most_qty(desk.book, moment, order)
    lot, least = (1, 200) if symbol == STAR else (100, 100)
    limit = 100_000 if symbol == STAR else 1_000_000
    money = frozenset({R.BUYING_POWER, R.ABOVE_MAX_QTY})

    def is_too_much(qty: int) -> bool:
        return first_broken(desk.book, moment, order._replace(qty=qty), money) is not None

    assert most % lot == 0
    assert not most or not is_too_much(most)
    assert most + lot > limit or is_too_much(max(most + lot, least))


def test_the_most_that_can_be_sold_is_what_is_sellable() -> None:
    desk = a_desk()
    moment = desk.rules.moment(desk.book, desk.now_ns)
    assert most_qty(desk.book, moment, desk.order(SELL, 0, 100_000)) == 1_250
    assert most_qty(desk.book, moment, desk.order(SELL, 0, 1, account_no="7777")) == 0
