"""What a caller hears on the way through each errand, key by key."""

from collections.abc import Mapping

import pytest

from gateway.ivr.entry import ISO
from gateway.ivr.visit import Parting, Phase
from gateway.ivr.wishes import Action
from tests.builders.hotline import (
    ADMITTED,
    ALERT,
    GOOD,
    ORDER_ITEM,
    REASON,
    SECURITY,
    HotlineVisit,
    a_list,
)
from tests.builders.visits import START

LOGIN = "1 100200300# 258036# |"
MENU = ["main.buy", "main.sell", "main.cancel", "main.orders"]
MENU += ["main.cash", "main.positions", "main.quotes", "main.more"]
PIN_KEYS = "8 4 1111# 2222# 2222# | 1 |"
BUY = "1 600000 10*05# 200# |"


def heard_after(
    keys: str, answers: Mapping[Action, tuple[str, Mapping[str, object]]] | None = None
) -> list[str]:
    """Return what a caller who is logged in hears, but for the main menu at the end."""
    visit = HotlineVisit({**GOOD, **(answers or {})}).run(LOGIN)
    before = len(visit.said)
    visit.run(keys)
    said = visit.said[before:]
    return said[:-8] if said[-8:] == MENU else said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        # buy and sell
        (BUY, ["order.symbol_buy", "order.readback_buy", "order.confirm"]),
        (BUY + "1|", ["order.symbol_buy", "order.readback_buy", "order.confirm", "order.accepted"]),
        (BUY + "2|", ["order.symbol_buy", "order.readback_buy", "order.confirm", "order.dropped"]),
        ("2 | 600000 |", ["order.symbol_sell", "order.security", "order.price_sell"]),
        ("1 # | 7394 # |", ["security.initials", "order.security", "order.price_buy"]),
        ("1 600000 10*05 # | **", ["order.qty_buy", "order.price_buy"]),
        # cancel: by number, and from the newest on
        ("3 | 42 # |", ["cancel.count", "cancel.number", "cancel.readback_sell", "cancel.confirm"]),
        (
            "3 | # | 8 | 1 |",
            [
                *("cancel.count", "cancel.number"),
                *("orders.item_sell", "orders.state_part", "cancel.ask") * 2,
                *("cancel.readback_sell", "cancel.confirm"),
            ],
        ),
        ("3 42 # | 1 |", ["cancel.confirm", "cancel.requested", "cancel.part_done"]),
        ("3 42 # | 2 |", ["cancel.confirm", "cancel.kept"]),
        # lists
        ("4 |", ["orders.count", "orders.item_sell", "orders.state_part", "list.ask"]),
        ("4 | 8 | 8 |", ["orders.item_sell", "orders.state_part", "list.ask", "orders.no_more"]),
        ("4 | ~ | ~ |", ["orders.item_sell", "orders.state_part", "list.ask", "orders.no_more"]),
        ("8 1 |", ["fills.count", "fills.item_buy", "list.ask"]),
        ("5 |", ["cash.told"]),
        ("6 |", ["positions.count", "positions.item", "positions.worth_gain_old", "list.ask"]),
        # quotes
        ("7 1 600000 |", ["quote.as_of", "quote.told_up", "quote.range_known", "quote.symbol"]),
        ("7 2 |", ["index.item_down_old", "list.ask"]),
        # price alerts
        (
            "8 2 1 600000 | 1 11*# |",
            [
                *("order.security", "alerts.kind_above", "alerts.kind_below"),
                *("alerts.price_above", "alerts.readback_above", "alerts.confirm_set"),
            ],
        ),
        ("8 2 1 600000 | 2 9# | 1 |", ["alerts.set", "alerts.menu_set", "alerts.menu_list"]),
        ("8 2 2 |", ["alerts.item_above", "alerts.ask"]),
        ("8 2 2 | 1 |", ["alerts.readback_remove_above", "alerts.confirm_remove"]),
        ("8 2 2 | 1 | 1 |", ["alerts.removed", "alerts.menu_set", "alerts.menu_list"]),
        # statements
        ("8 3 |", ["statement.menu_sms", "statement.menu_mail"]),
        ("8 3 | 2 |", ["statement.readback_mail", "statement.confirm"]),
        ("8 3 | 1 | 1 |", ["statement.readback_sms", "statement.confirm", "statement.sent"]),
        # back, repeat, a person
        ("7 * |", []),
        ("8 2 * |", []),
        ("8 9 |", ["more.fills", "more.alerts", "more.statement", "more.pin", "more.account"]),
        # the PIN
        ("8 4 | 1111# | 2222# | 2222# |", ["pin.old", "pin.new", "pin.again", "pin.readback"]),
        ("8 4 1111# 2222# 2222# | 1 |", ["pin.readback", "pin.confirm", "pin.changed"]),
        ("8 4 1111# 2222# 2222# | 2 |", ["pin.confirm", "pin.unchanged"]),
        ("4 0 |", ["orders.count", "agent.asked"]),
        ("1 *0 |", ["order.symbol_buy", "agent.asked"]),
    ],
)
def test_an_errand_is_spoken_step_by_step(keys: str, said: list[str]) -> None:
    heard = heard_after(keys)
    rest = iter(heard)
    assert all(key in rest for key in said), heard


@pytest.mark.parametrize(
    ("keys", "action", "outcome", "said"),
    [
        ("1 |", Action.READ_HOURS, "closed", ["hours.no_orders", "hours.opens_today"]),
        ("1 |", Action.READ_HOURS, "unknown", ["order.not_now"]),
        ("1 600000 |", Action.FIND_SECURITY, "not_now", ["security.not_now"]),
        ("1 600000 |", Action.CHECK_SECURITY, "barred", ["order.barred", "reason.off_lot"]),
        ("1 600000 |", Action.CHECK_SECURITY, "not_now", ["order.not_now"]),
        ("1 600000 |", Action.READ_QUOTE, "fresh", ["order.security", "order.last"]),
        ("1 600000 |", Action.READ_QUOTE, "old", ["order.security", "order.last_old"]),
        ("1 600000 |", Action.READ_QUOTE, "no_trade", ["order.last_close", "order.price_buy"]),
        ("1 600000 |", Action.READ_QUOTE, "not_now", ["order.not_now"]),
        ("1 600000 1# |", Action.CHECK_PRICE, "barred", ["reason.off_lot", "order.price_buy"]),
        ("1 600000 1# |", Action.CHECK_PRICE, "not_now", ["order.not_now"]),
        ("1 600000 1# 5# |", Action.CHECK_QTY, "barred", ["reason.off_lot", "order.qty_buy"]),
        ("1 600000 1# 5# |", Action.CHECK_QTY, "not_now", ["order.not_now"]),
        (BUY + "1|", Action.SUBMIT_ORDER, "denied", ["order.denied", "reason.off_lot"]),
        (BUY + "1|", Action.SUBMIT_ORDER, "unknown", ["order.unknown"]),
        ("1 # 73 # |", Action.SEARCH_INITIALS, "none", ["security.none_found"]),
        ("1 # 73 # |", Action.SEARCH_INITIALS, "not_now", ["security.not_now"]),
        ("3 |", Action.READ_OPEN_ORDERS, "none", ["cancel.none"]),
        ("3 |", Action.READ_OPEN_ORDERS, "unknown", ["orders.not_known"]),
        ("3 42# |", Action.FIND_ORDER, "none", ["cancel.no_such_order", "cancel.number"]),
        ("3 42# |", Action.FIND_ORDER, "closed", ["cancel.closed", "orders.state_part"]),
        ("3 42# | 1 |", Action.CANCEL_ORDER, "too_late", ["cancel.too_late"]),
        ("3 42# | 1 |", Action.CANCEL_ORDER, "denied", ["cancel.denied", "reason.off_lot"]),
        ("3 42# | 1 |", Action.CANCEL_ORDER, "unknown", ["cancel.unknown"]),
        ("3 42# | 1 |", Action.READ_CANCEL, "canceled", ["cancel.requested", "cancel.done"]),
        ("3 42# | 1 |", Action.READ_CANCEL, "too_late", ["cancel.too_late"]),
        ("3 42# | 1 |", Action.READ_CANCEL, "refused", ["cancel.refused"]),
        ("3 42# | 1 |", Action.READ_CANCEL, "pending", ["cancel.pending"]),
        ("3 42# | 1 |", Action.READ_CANCEL, "unknown", ["cancel.unknown"]),
        ("4 |", Action.READ_ORDERS, "none", ["orders.none"]),
        ("4 |", Action.READ_ORDERS, "unknown", ["orders.not_known"]),
        ("8 1 |", Action.READ_FILLS, "none", ["fills.none"]),
        ("8 1 |", Action.READ_FILLS, "unknown", ["fills.not_known"]),
        ("5 |", Action.READ_CASH, "unknown", ["cash.not_known"]),
        ("6 |", Action.READ_POSITIONS, "none", ["positions.none"]),
        ("6 |", Action.READ_POSITIONS, "unknown", ["positions.not_known"]),
        ("7 1 600000 |", Action.READ_QUOTE, "fresh", ["quote.told_up", "quote.range_known"]),
        ("7 1 600000 |", Action.READ_QUOTE, "no_trade", ["quote.no_trade", "quote.symbol"]),
        ("7 1 600000 |", Action.READ_QUOTE, "not_now", ["security.not_now"]),
        ("7 2 |", Action.READ_INDICES, "none", ["index.none"]),
        ("8 2 2 |", Action.READ_ALERTS, "none", ["alerts.none"]),
        ("8 2 2 |", Action.READ_ALERTS, "unknown", ["alerts.not_known"]),
        ("8 2 2 | 1 | 1 |", Action.REMOVE_ALERT, "denied", ["alerts.denied", "reason.off_lot"]),
        ("8 2 2 | 1 | 1 |", Action.REMOVE_ALERT, "unknown", ["alerts.unsure"]),
        ("8 2 1 600000 1 9# | 1 |", Action.SET_ALERT, "denied", ["alerts.denied"]),
        ("8 2 1 600000 1 9# | 1 |", Action.SET_ALERT, "unknown", ["alerts.unsure"]),
        ("8 3 |", Action.READ_CONTACT, "sms", ["statement.readback_sms"]),
        ("8 3 |", Action.READ_CONTACT, "none", ["statement.none"]),
        ("8 3 |", Action.READ_CONTACT, "unknown", ["statement.not_known"]),
        ("8 3 1 | 1 |", Action.SEND_STATEMENT, "denied", ["statement.denied", "reason.off_lot"]),
        ("8 3 1 | 1 |", Action.SEND_STATEMENT, "unknown", ["statement.unsure"]),
        (PIN_KEYS, Action.CHANGE_PIN, "differ", ["pin.differ", "pin.old"]),
        (PIN_KEYS, Action.CHANGE_PIN, "weak", ["pin.weak_birthday", "pin.old"]),
        (PIN_KEYS, Action.CHANGE_PIN, "refused", ["pin.refused", "pin.old"]),
        (PIN_KEYS, Action.CHANGE_PIN, "locked_out", ["login.locked_out"]),
        (PIN_KEYS, Action.CHANGE_PIN, "unknown", ["pin.unknown"]),
    ],
)
def test_every_outcome_has_words_of_its_own(
    keys: str, action: Action, outcome: str, said: list[str]
) -> None:
    heard = heard_after(keys, {action: (outcome, GOOD[action][1])})
    rest = iter(heard)
    assert all(key in rest for key in said), heard


@pytest.mark.parametrize(
    "action",
    [Action.SUBMIT_ORDER, Action.CANCEL_ORDER, Action.SET_ALERT, Action.SEND_STATEMENT],
)
def test_an_unknown_outcome_is_told_neither_as_success_nor_as_failure(action: Action) -> None:
    keys = {
        Action.SUBMIT_ORDER: BUY + "1|",
        Action.CANCEL_ORDER: "3 42# | 1 |",
        Action.SET_ALERT: "8 2 1 600000 1 9# | 1 |",
        Action.SEND_STATEMENT: "8 3 1 | 1 |",
    }[action]
    heard = set(heard_after(keys, {action: ("unknown", REASON)}))
    certain = {"order.accepted", "order.denied", "cancel.done", "cancel.denied", "cancel.requested"}
    certain |= {"alerts.set", "alerts.denied", "statement.sent", "statement.denied"}
    assert not heard & certain
    assert not {key for key in heard if key.startswith("reason.")}


def test_what_was_found_by_initials_is_chosen_by_its_number() -> None:
    found = a_list(*({**SECURITY, "symbol": f"60000{n}"} for n in range(6)))
    visit = HotlineVisit({**GOOD, Action.SEARCH_INITIALS: ("some", found)})
    visit.run(LOGIN + "1 # 73 # |")
    assert visit.said[-5:] == ["security.choice"] * 4 + ["security.ask"]
    visit.run("8 |")
    assert visit.said[-3:] == ["security.choice"] * 2 + ["security.ask"]
    visit.run("2 | 10# 100# |")
    assert visit.visit.values["symbol"] == "600005"


def test_the_order_cancelled_is_the_one_that_was_picked() -> None:
    items = a_list(ORDER_ITEM, {**ORDER_ITEM, "item_id": "261123000041", "item_no": 41})
    visit = HotlineVisit({**GOOD, Action.READ_OPEN_ORDERS: ("some", items)})
    visit.run(LOGIN + "3 # | 8 | 1 | 1 |")
    (cancel,) = [wish for wish in visit.done if wish.action is Action.CANCEL_ORDER]
    assert cancel.values["item_id"] == "261123000041"


def test_the_alert_removed_is_the_one_that_was_picked() -> None:
    items = a_list(ALERT, {**ALERT, "item_no": 8})
    visit = HotlineVisit({**GOOD, Action.READ_ALERTS: ("some", items)})
    visit.run(LOGIN + "8 2 2 | 8 | 1 | 1 |")
    (removal,) = [wish for wish in visit.done if wish.action is Action.REMOVE_ALERT]
    assert removal.values["item_no"] == 8


def test_a_statement_goes_where_it_was_read_back_to() -> None:
    visit = HotlineVisit().run(LOGIN + "8 3 2 | 1 |")
    (wish,) = [wish for wish in visit.done if wish.action is Action.SEND_STATEMENT]
    assert wish.values["form_word"] == "mail"
    assert "statement.readback_mail" in visit.said


@pytest.mark.parametrize("action", [Action.SUBMIT_ORDER, Action.SET_ALERT])
def test_the_iso_habit_ends_a_price_with_a_second_hash(action: Action) -> None:
    keys = {
        Action.SUBMIT_ORDER: "1 600000 | 10#05# 200# | 1 |",
        Action.SET_ALERT: "8 2 1 600000 | 1 10#05# | 1 |",
    }[action]
    visit = HotlineVisit(profile=ISO, start={**START, "point_key": "#"}).run(LOGIN + keys)
    (wish,) = [wish for wish in visit.done if wish.action is action]
    assert 100_500 in (wish.values.get("price"), wish.values.get("threshold"))


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ("~~~~~~", "agent.help"),  # silence in the main menu
        ("1 | 12# 12# 12#", "agent.help"),
        ("1 600000 | 0# 0# 0#", "agent.help"),
        (BUY + "7 7 7", "agent.help"),
    ],
)
def test_a_known_caller_whose_tries_are_used_up_gets_a_person(keys: str, state: str) -> None:
    visit = HotlineVisit().run(LOGIN)
    for key in keys:
        visit.run(key + "|" if key in "~#" else key)
    assert state in {visit.visit.state, *visit.said}
    assert visit.orders == []


def test_before_login_three_silences_end_the_call() -> None:
    visit = HotlineVisit().run("1|")
    for _ in range(6):
        visit.run("~|")
    assert visit.ended
    assert visit.visit.phase is Phase.ENDED
    assert visit.said[-1] == "bye.tries_used"


def test_a_line_of_one_language_does_not_ask_for_it() -> None:
    one = {**START, "greeting": "welcome.branch", "line_languages": "one"}
    assert HotlineVisit(start=one).run("|").said[:2] == ["welcome.branch", "welcome.disclosure"]


def test_a_caller_of_a_bound_number_may_ask_but_is_offered_nothing_that_acts() -> None:
    bound = {**ADMITTED, "is_query_only": True}
    visit = HotlineVisit({**GOOD, Action.ADMIT_CALLER: ("query_only", bound)}).run(LOGIN)
    assert "login.query_only" in visit.said
    assert not {"main.buy", "main.sell", "main.cancel"} & set(visit.said)
    visit.run("1 | 2 | 5 |")
    assert "cash.told" in visit.said
    assert visit.done[-1].action is Action.READ_CASH


def test_a_refused_number_is_told_so_and_the_call_ends() -> None:
    refused = {Action.ADMIT_CALLER: ("refused", GOOD[Action.ADMIT_CALLER][1])}
    visit = HotlineVisit({**GOOD, **refused}).run(LOGIN)
    assert visit.said[-1] == "login.number_refused"
    assert visit.ended


def test_mandatory_notices_come_before_the_menu_and_cannot_be_skipped() -> None:
    some = {Action.READ_NOTICES: ("some", GOOD[Action.READ_NOTICES][1])}
    visit = HotlineVisit({**GOOD, **some}).run("1 100200300# 258036# |")
    said = visit.said
    assert said[said.index("notices.count") :][:3] == ["notices.count", *["notices.item"] * 2]
    assert said.index("notices.item") < said.index("main.buy")
    assert visit.actions().count(Action.MARK_HEARD) == 2
    rushed = HotlineVisit({**GOOD, **some}).run("1 100200300# 258036# 5 5 5")
    assert Action.READ_CASH not in rushed.actions()


def test_a_new_pin_leaves_no_trace_but_in_the_wish_itself() -> None:
    visit = HotlineVisit().run(LOGIN + "8 4 | 111222# | 918273# | 918273# | 1 |")
    (wish,) = [wish for wish in visit.done if wish.action is Action.CHANGE_PIN]
    assert wish.secrets == {"pin_old": "111222", "pin_new": "918273", "pin_again": "918273"}
    assert visit.visit.secrets == {}
    assert "918273" not in repr([visit.visit, visit.effects, visit.done])


def test_an_elderly_caller_is_offered_a_person_first() -> None:
    elder = {**ADMITTED, "is_elder": True, "caller_kind": "elder"}
    visit = HotlineVisit({**GOOD, Action.ADMIT_CALLER: ("allowed", elder)}).run(LOGIN)
    said = visit.said
    assert said[said.index("main.agent_first") + 1] == "main.buy"
    visit.run("5 |")
    assert visit.said.count("main.agent_first") == 2


@pytest.mark.parametrize("outcome", ["closed", "busy"])
def test_a_caller_nobody_can_answer_hears_why_and_goes_on_where_zero_was_pressed(
    outcome: str,
) -> None:
    people = {Action.READ_PEOPLE: (outcome, GOOD[Action.READ_PEOPLE][1])}
    visit = HotlineVisit({**GOOD, **people}).run(LOGIN + "1 600000 | *0 |")
    visit.person(Parting.NO_AGENT)
    visit.run("|")
    word = {"closed": "agent.closed", "busy": "agent.none"}[outcome]
    assert visit.said[-2:] == [word, "order.price_buy"]
    visit.run("10# 100# | 1 |")
    assert len(visit.orders) == 1
