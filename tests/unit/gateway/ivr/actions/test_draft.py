"""An order being keyed: what is asked of the rules after each field, and the hours."""

import pytest

from gateway.core.foresight import Opening
from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.draft import DraftActions
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty
from risk.core.preview import PRICE_REASONS, QTY_REASONS, SECURITY_REASONS, Broken
from risk.domain.enums import Side
from risk.domain.reasons import ReasonCode as R
from tests.builders.asked import CALLER, a_wish, answer_of
from tests.builders.phone import ACCOUNT_NO, FakeRules
from tests.builders.voice import a_book

KEYED = {"side": Side.SELL, "symbol": "600000", "measure": "share", "price": 100_050, "qty": 150}


def draft(rules: FakeRules) -> DraftActions:
    return DraftActions(rules, a_book())


def test_each_field_is_asked_about_as_soon_as_it_is_keyed() -> None:
    rules = FakeRules()
    asked = draft(rules)
    assert answer_of(asked.check_security(CALLER, a_wish(Action.CHECK_SECURITY, KEYED))) == (
        "ok",
        {},
    )
    assert answer_of(asked.check_price(CALLER, a_wish(Action.CHECK_PRICE, KEYED))) == (
        "ok",
        {"most": Qty(1_000)},
    )
    assert answer_of(asked.check_qty(CALLER, a_wish(Action.CHECK_QTY, KEYED))) == ("ok", {})
    asked_for = [(order.account_no, order.price_e4, order.qty, of) for order, of in rules.asked]
    assert asked_for == [
        (ACCOUNT_NO, 0, 0, SECURITY_REASONS),
        (ACCOUNT_NO, 100_050, 0, PRICE_REASONS),
        (ACCOUNT_NO, 100_050, 150, QTY_REASONS),
    ]


@pytest.mark.parametrize(
    ("broken", "values"),
    [
        (Broken(R.OFF_TICK, {"tick_e4": 100}), {"reason": "off_tick", "tick_e4": 100}),
        (Broken(R.OFF_TICK, {}), {"reason": "other"}),  # without its figure
    ],
)
def test_a_broken_rule_is_told_in_its_own_words(broken: Broken, values: dict[str, object]) -> None:
    rules = FakeRules()
    rules.broken = broken
    answer = answer_of(draft(rules).check_price(CALLER, a_wish(Action.CHECK_PRICE, KEYED)))
    assert answer == ("barred", values)


@pytest.mark.parametrize(
    ("is_closed", "opening", "answer"),
    [
        (False, None, ("open", {})),
        (
            True,
            Opening(20261123, 13 * 3600, True),
            ("closed", {"opens": "today", "opens_day": 20261123, "opens_at": "1300"}),
        ),
        (
            True,
            Opening(20261130, 33_300, False),
            ("closed", {"opens": "on_day", "opens_day": 20261130, "opens_at": "0915"}),
        ),
        (True, None, ("closed", {"opens": "later"})),
    ],
)
def test_a_closed_market_tells_when_it_opens(
    is_closed: bool, opening: Opening | None, answer: tuple[str, dict[str, object]]
) -> None:
    rules = FakeRules()
    rules.is_closed, rules.opening = is_closed, opening
    assert answer_of(draft(rules).read_hours(CALLER, a_wish(Action.READ_HOURS))) == answer


def test_after_a_failure_of_the_heart_no_order_is_taken_any_further() -> None:
    rules = FakeRules()
    rules.failed = AcceptanceStopped("stopped")
    asked = draft(rules)
    for check in (asked.check_security, asked.check_price, asked.check_qty):
        assert answer_of(check(CALLER, a_wish(Action.CHECK_QTY, KEYED))) == ("not_now", {})
    assert answer_of(asked.read_hours(CALLER, a_wish(Action.READ_HOURS))) == ("unknown", {})
