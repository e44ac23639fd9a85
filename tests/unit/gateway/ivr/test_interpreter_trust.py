"""What call flows may be trusted with: confirmations, secrets, callers who may only ask, people."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.ivr.flow import (
    CallFlow,
    Do,
    Hangup,
)
from gateway.ivr.interpreter import begin, step
from gateway.ivr.visit import (
    Confirmed,
    Enqueue,
    Key,
    LeaveQueue,
    Mistaken,
    Parting,
    Perform,
    Phase,
    Pressed,
    Secure,
    Started,
)
from gateway.ivr.wishes import OUTCOMES, Action
from risk.domain.errors import InvariantBroken
from tests.builders.flows import A_FLOW, ANSWERS, a_visit
from tests.builders.visits import START

LOGIN = "1| 100200300# 258036# "
FIELDS = "1 600000 10*05# 200#"
ORDER = LOGIN + FIELDS
CANCEL = LOGIN + "3| 1"


def answering(action: Action, name: str, values: Mapping[str, object] | None = None) -> Any:
    return {**ANSWERS, action: (name, values or {})}


def logged_in_as(**values: object) -> Any:
    brought = {"verified_account_no": "100200300", "notices": (), **values}
    return answering(Action.VERIFY_PIN, "ok", brought)


# Confirmations


@pytest.mark.parametrize("early", ["1", "11", "1#1", "2", "9", "0"])
def test_keys_before_the_end_of_a_readback_confirm_nothing(early: str) -> None:
    visit = a_visit(ORDER + early)
    assert visit.orders == []
    assert visit.visit.state == "sure"
    assert visit.run("|1").orders != []


def test_type_ahead_never_reaches_a_confirmation() -> None:
    visit = a_visit(ORDER + "1 1 1 |")
    assert visit.orders == []
    assert visit.visit.state == "sure"
    assert visit.said.count("readback_buy") == 1


def test_keys_pressed_while_the_heart_thinks_order_nothing_more() -> None:
    visit = a_visit("1| 100200300# 258036#", answers_late=True)
    visit.answer(Action.VERIFY_PIN)
    visit.run(FIELDS + "| 1 1 1 1 1")
    assert len(visit.orders) == 1
    visit.answer(Action.SUBMIT_ORDER)
    visit.run("|||")
    assert len(visit.orders) == 1
    assert visit.visit.state == "menu"


def test_each_confirmed_change_has_a_number_of_its_own() -> None:
    visit = a_visit(ORDER + "|1|" + "3 8 2 |1" + FIELDS + "|2" + FIELDS + "|1")
    acts = [wish for wish in visit.done if wish.action not in (Action.VERIFY_PIN,)]
    assert [(wish.action, wish.act_no) for wish in acts] == [
        (Action.SUBMIT_ORDER, 1),
        (Action.READ_OPEN_ORDERS, 1),
        (Action.CANCEL_ORDER, 2),
        (Action.SUBMIT_ORDER, 3),
    ]
    assert visit.of(Confirmed) == [
        Confirmed(Action.SUBMIT_ORDER, True),
        Confirmed(Action.CANCEL_ORDER, True),
        Confirmed(Action.SUBMIT_ORDER, False),
        Confirmed(Action.SUBMIT_ORDER, True),
    ]


def test_what_is_cancelled_is_what_was_picked_and_read_back() -> None:
    visit = a_visit(LOGIN + "3 8 2 |1")
    assert visit.done[-1].action is Action.CANCEL_ORDER
    assert visit.done[-1].values["item_id"] == "id4"


@pytest.mark.parametrize("action", [Action.SUBMIT_ORDER, Action.CANCEL_ORDER])
def test_a_change_without_its_own_confirmation_is_a_bug(action: Action) -> None:
    do = Do(name="do", action=action, exits=dict.fromkeys(OUTCOMES[action], "bye"))
    flow = CallFlow("do", [do, Hangup(name="bye", prompt="bye")])
    with pytest.raises(InvariantBroken, match="confirmation of its own"):
        step(flow, begin(flow), Started())


@pytest.mark.parametrize(
    "changed",
    [
        {"confirmed": Action.CANCEL_ORDER},
        {"values": {"qty": 201}},
        {"read_back": None},
    ],
)
def test_a_confirmation_of_something_else_is_none(changed: dict[str, object]) -> None:
    visit = a_visit(ORDER + "|").visit
    values = changed.pop("values", None)
    if values is not None:
        changed["values"] = {**visit.values, **values}  # type: ignore[dict-item]
    if "confirmed" in changed:  # a flow whose confirmation leads to the wrong change
        states = [s for s in A_FLOW.states.values() if s.name != "sure"]
        sure = replace(A_FLOW.states["sure"], guards=changed.pop("confirmed"))  # type: ignore[arg-type]
        flow = CallFlow("line", [*states, sure])
    else:
        flow = A_FLOW
    with pytest.raises(InvariantBroken, match="confirmation of its own"):
        step(flow, replace(visit, **changed), Key("1"))  # type: ignore[arg-type]


# Who may only ask


def test_who_may_only_ask_is_neither_offered_a_change_nor_taken_to_one() -> None:
    visit = a_visit(LOGIN, logged_in_as(is_query_only=True))
    assert visit.said[-3:] == ["menu", "ask_cash", "ask_all"]
    visit.run("1")
    assert visit.visit.state == "menu"
    assert visit.said[-4:] == ["wrong", "menu", "ask_cash", "ask_all"]
    assert visit.run("2").visit.state == "told"


def test_a_line_where_nothing_may_be_changed_stays_so_whoever_logs_in() -> None:
    start = {**START, "line_query_only": True}
    visit = a_visit(LOGIN, logged_in_as(is_query_only=False), start=start)
    assert visit.visit.is_query_only
    assert visit.run("1").visit.state == "menu"


def test_a_change_by_who_may_only_ask_is_a_bug() -> None:
    visit = replace(a_visit(ORDER + "|").visit, is_query_only=True)
    with pytest.raises(InvariantBroken, match="may change nothing"):
        step(A_FLOW, visit, Key("1"))


# Persons


def test_a_caller_is_queued_once_the_prompt_is_heard_and_comes_back_where_0_was_pressed() -> None:
    visit = a_visit(LOGIN + "1 600000 *0")
    assert visit.of(Enqueue) == []
    visit.run("|")
    assert visit.of(Enqueue) == [Enqueue("desk")]
    assert visit.visit.phase is Phase.QUEUED
    visit.person()
    assert visit.visit.phase is Phase.TALKS
    visit.run("1 2 # *")
    assert visit.of(LeaveQueue) == []
    visit.person(Parting.SERVED)
    assert visit.visit.state == "price"
    assert visit.run("10*05# 200# |1").orders[0].values["symbol"] == "600000"


@pytest.mark.parametrize("key", ["*", "#"])
def test_a_queued_caller_may_leave(key: str) -> None:
    visit = a_visit("0|1" + key)
    assert visit.of(LeaveQueue) == [LeaveQueue()]
    visit.person(Parting.QUEUE_LEFT)
    assert visit.visit.state == "language"


def test_where_nobody_answers_the_caller_goes_on() -> None:
    visit = a_visit(LOGIN + "0|")
    visit.person(Parting.NO_AGENT)
    assert visit.said[-1] == "nobody"
    assert visit.run("|").visit.state == "menu"


def test_a_person_wanted_among_secrets_brings_back_to_the_first_of_them() -> None:
    visit = a_visit(LOGIN + "4 111111# *0|")
    assert visit.visit.secrets == {}
    visit.person(Parting.SERVED)
    assert visit.visit.state == "pin_old"


def test_a_flow_without_a_person_says_0_is_no_choice() -> None:
    flow = CallFlow("line", A_FLOW.states.values())
    visit = step(flow, begin(flow, values=START), Started())[0]
    visit, effects = step(flow, visit, Key("0"))
    assert visit.state == "language"
    assert Mistaken("language") in effects


def test_news_of_a_person_who_is_not_there_change_nothing() -> None:
    visit = a_visit(LOGIN)
    before = visit.visit
    visit.person()
    visit.person(Parting.SERVED)
    assert visit.visit == before


# Secrets


def test_a_pin_leaves_the_visit_with_the_question_about_it() -> None:
    visit = a_visit("1|100200300#258036#", answers_late=True)
    (wish,) = visit.done
    assert wish.secrets == {"pin": "258036"}
    assert visit.visit.secrets == {}
    assert "258036" not in repr([visit.visit, visit.effects, visit.done])


def test_several_secrets_go_together_through_their_confirmation() -> None:
    visit = a_visit(LOGIN + "4 111111# 222222# |1")
    assert visit.done[-1].secrets == {"pin_old": "111111", "pin_new": "222222"}
    assert visit.visit.secrets == {}


@pytest.mark.parametrize("leaves", ["|2", "||~|~|~|~|~|~", "!", "|0"])
def test_secrets_are_wiped_when_their_caller_goes_elsewhere(leaves: str) -> None:
    assert a_visit(LOGIN + "4 111111# 222222#" + leaves).visit.secrets == {}


def test_keys_of_secrets_and_keys_nobody_asked_for_are_not_told() -> None:
    visit = a_visit("1 100200300#258036# | 7 2 | 4 111111# 22!")
    told = "".join(pressed.key or "." for pressed in visit.of(Pressed))
    # language, account, PIN, a key that is no choice, cash, PIN change, the old PIN, two of the new
    assert told == "1" + "." * 9 + "#" + "." * 6 + "#" + "." + "2" + "4" + "......#" + ".."
    assert all(pressed.at_ns == 123 for pressed in visit.of(Pressed))


def test_what_may_be_a_secret_is_secured_from_its_first_key() -> None:
    visit = a_visit("1")
    assert visit.of(Secure) == []
    visit.run("1")  # the account, pressed while the terms are read; the PIN may follow
    assert visit.of(Secure) == [Secure(True, 123)]
    visit.run("|")
    assert visit.of(Secure)[-1] == Secure(False)
    visit.run("#")
    assert visit.of(Secure)[-1] == Secure(True)
    visit.run("258036#")
    assert visit.of(Secure)[-1] == Secure(False)
    assert len(visit.of(Secure)) == 4


def test_a_performed_wish_shows_no_secret() -> None:
    assert "7" not in repr(Perform(Action.VERIFY_PIN, {"a": 7}, {"pin": "7"}, 0, 0))
