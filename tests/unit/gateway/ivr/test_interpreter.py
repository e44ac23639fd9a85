"""The hotline's flow, script by script, through the pure step."""

import pytest

from gateway.ivr.flow import TRIES_MAX, CallFlow, Do, Hangup
from gateway.ivr.interpreter import begin, step
from gateway.ivr.visit import (
    Key,
    Outcome,
    Perform,
    Phase,
    Play,
    PlayEnded,
    Started,
    StartTimer,
    StopPlay,
    TimedOut,
    Wait,
)
from gateway.ivr.wishes import Action
from risk.domain.enums import Language, Side
from risk.domain.errors import InvariantBroken
from tests.builders.visits import GOOD, ScriptedVisit

LOGIN = "1 100200300# 258036#"  # a quick caller keys all of it at once
ORDER = LOGIN + "| 1 600000 10*05# 200#"


@pytest.mark.parametrize(
    ("script", "state", "last_said"),
    [
        # greeting and language
        ("", "welcome.language", "welcome.language"),
        ("|1", "welcome.disclosure", "welcome.disclosure"),
        ("2|", "login.account", "login.account"),
        ("|5", "welcome.language", "welcome.language"),
        ("|9", "welcome.language", "welcome.language"),
        # login
        ("1|100200300#", "login.pin", "login.pin"),
        ("1|*", "welcome.language", "welcome.language"),
        ("1|100200300#*", "login.account", "login.account"),
        ("1|#", "login.account", "login.account"),
        ("1|100200300#258036#", "main.menu", "main.menu"),
        (LOGIN + "|", "main.menu", "main.menu"),
        # main menu
        (LOGIN + "|1", "order.symbol", "order.symbol_buy"),
        (LOGIN + "|2", "order.symbol", "order.symbol_sell"),
        (LOGIN + "|3", "cash.told", "cash.told"),
        (LOGIN + "|3|", "main.menu", "main.menu"),
        (LOGIN + "|4", "last.order", "last.order_sell"),
        (LOGIN + "|4|", "main.menu", "main.menu"),
        (LOGIN + "|9", "main.menu", "main.menu"),
        (LOGIN + "|*", "login.account", "login.account"),
        (LOGIN + "|#", "main.menu", "main.menu"),
        # order
        (LOGIN + "|1*", "main.menu", "main.menu"),
        (LOGIN + "|1 600000", "order.security", "order.security"),
        (LOGIN + "|1 600000|", "order.price", "order.price"),
        (LOGIN + "|1 600000# |", "order.price", "order.price"),
        (LOGIN + "|1 600000|**", "order.symbol", "order.symbol_buy"),
        (LOGIN + "|1 600000|10*05#", "order.qty", "order.qty"),
        (LOGIN + "|1 600000|10*05#*", "order.price", "order.price"),
        (ORDER, "order.confirm", "order.readback_buy"),
        (ORDER + "|", "order.confirm", "order.confirm"),
        (ORDER + "|9", "order.confirm", "order.readback_buy"),
        (ORDER + "|2", "order.dropped", "order.dropped"),
        (ORDER + "|2|", "main.menu", "main.menu"),
        (ORDER + "|1", "order.accepted", "order.accepted"),
        (ORDER + "|1|", "main.menu", "main.menu"),
        # time-outs
        ("|~", "welcome.language", "welcome.language"),
        ("|~|~|~", "bye.tries_used", "bye.tries_used"),
        (LOGIN + "|~|~|~", "bye.tries_used", "bye.tries_used"),
        (ORDER + "|~", "order.confirm", "order.confirm"),
        (ORDER + "|~|~|~", "bye.tries_used", "bye.tries_used"),
    ],
)
def test_a_script_leads_to_a_state_and_its_words(script: str, state: str, last_said: str) -> None:
    visit = ScriptedVisit().run(script)
    assert visit.visit.state == state
    assert visit.said[-1] == last_said


def test_an_order_holds_what_was_keyed() -> None:
    (order,) = ScriptedVisit().run(ORDER + "|1").orders
    assert order.values["side"] is Side.BUY
    assert order.values["symbol"] == "600000"
    assert order.values["price"] == 100_500
    assert order.values["qty"] == 200
    assert order.values["verified_account_no"] == "100200300"
    assert order.act_no == 1
    assert order.at_ns == 123


def test_the_greeting_is_said_in_both_languages_and_the_rest_in_the_chosen() -> None:
    visit = ScriptedVisit().run("2|")
    plays = [e for e in visit.effects if isinstance(e, Play)]
    assert [p.language for p in plays[0].prompts] == [Language.ZH, Language.EN]
    assert {p.language for play in plays[1:] for p in play.prompts} == {Language.EN}


@pytest.mark.parametrize("early", ["1", "11", "1#1", "2", "9"])
def test_keys_before_the_end_of_a_readback_confirm_nothing(early: str) -> None:
    visit = ScriptedVisit().run(ORDER + early)
    assert visit.orders == []
    assert visit.visit.state == "order.confirm"
    assert visit.run("|1").orders != []


def test_type_ahead_never_reaches_a_confirmation() -> None:
    visit = ScriptedVisit().run(LOGIN + "1 600000 10*05# 200# 1 1 1 |")
    assert visit.orders == []
    assert visit.visit.state == "order.confirm"
    assert visit.said.count("order.readback_buy") == 1


def test_keys_pressed_while_the_heart_thinks_order_nothing_more() -> None:
    visit = ScriptedVisit(answers_late=True).run("1 100200300# 258036#|")
    visit.answer(Action.VERIFY_PIN)
    visit.run("1 600000")
    visit.answer(Action.FIND_SECURITY)
    visit.run("| 10*05# 200# | 1 1 1 1 1")
    assert len(visit.orders) == 1
    visit.answer(Action.SUBMIT_ORDER)
    visit.run("|||")
    assert len(visit.orders) == 1
    assert visit.visit.state == "main.menu"


def test_a_second_order_has_the_next_number() -> None:
    visit = ScriptedVisit().run(ORDER + "|1|" + "2 000001 9# 100# |1")
    assert [order.act_no for order in visit.orders] == [1, 2]
    assert [order.values["side"] for order in visit.orders] == [Side.BUY, Side.SELL]


def test_a_dropped_order_is_not_sent_and_the_next_one_is_the_first() -> None:
    visit = ScriptedVisit().run(ORDER + "|2|" + "1 600000 9# 100# |1")
    assert [order.act_no for order in visit.orders] == [1]
    assert visit.orders[0].values["price"] == 90_000


@pytest.mark.parametrize(
    ("outcome", "values", "said"),
    [
        ("accepted", {"order_no": 7}, ["order.accepted"]),
        ("denied", {"reason": "market_closed"}, ["order.denied", "reason.market_closed"]),
        ("denied", {"reason": "other"}, ["order.denied", "reason.other"]),
        ("unknown", {}, ["order.unknown"]),
    ],
)
def test_every_outcome_of_an_order_is_told_before_the_menu(
    outcome: str, values: dict[str, object], said: list[str]
) -> None:
    answers = {**GOOD, Action.SUBMIT_ORDER: (outcome, values)}
    visit = ScriptedVisit(answers).run(ORDER + "|1")
    visit.run("77|")  # keys do not skip it
    assert visit.said[-len(said) - 1 : -1] == said or visit.said[-len(said) - 2 : -2] == said
    assert visit.visit.state == "main.menu"


@pytest.mark.parametrize(
    ("outcome", "tries", "state"),
    [
        ("refused", 1, "login.account"),
        ("refused", TRIES_MAX, "bye.tries_used"),
        ("busy", TRIES_MAX, "bye.tries_used"),
        ("locked_out", 1, "login.locked_out"),
    ],
)
def test_failed_logins_are_told_and_counted(outcome: str, tries: int, state: str) -> None:
    visit = ScriptedVisit({**GOOD, Action.VERIFY_PIN: (outcome, {})})
    visit.run("1|" + "100200300# 111111# |" * tries)
    assert visit.visit.state == state
    assert f"login.{outcome}" in visit.said or state == "bye.tries_used"
    assert len(visit.done) == tries


def test_a_wrong_code_is_told_and_after_three_the_call_ends() -> None:
    visit = ScriptedVisit({**GOOD, Action.FIND_SECURITY: ("unknown", {})})
    visit.run(LOGIN + "|1 999999|")
    assert visit.said[-2:] == ["order.no_such_security", "order.symbol_buy"]
    visit.run("999999| 999999|")
    assert visit.visit.state == "bye.tries_used"
    assert visit.ended


def test_an_invalid_entry_throws_early_keys_away() -> None:
    visit = ScriptedVisit().run(LOGIN + "1 600000 0# 200# 1 |")
    assert visit.visit.state == "order.price"
    assert visit.said[-2:] == ["error.price_not_valid", "order.price"]
    assert visit.visit.type_ahead == ""


def test_a_goodbye_is_heard_and_then_the_call_ends() -> None:
    visit = ScriptedVisit().run("|~|~|~")
    assert not visit.ended
    visit.run("1234#*|")
    assert visit.ended
    assert visit.visit.phase is Phase.ENDED


def test_a_disclosure_cannot_be_skipped() -> None:
    visit = ScriptedVisit().run("1 1 0 0")
    assert visit.visit.state == "welcome.disclosure"
    assert StopPlay() not in visit.effects[2:]
    visit.run("|")
    assert visit.visit.keys == "100"


def test_a_key_stops_the_prompt_it_answers() -> None:
    visit = ScriptedVisit()
    visit.run("1")
    assert visit.effects[1] == StopPlay()


@pytest.mark.parametrize(
    ("script", "wait"),
    [
        ("|", Wait.FIRST),
        ("1|1", Wait.NEXT),
        (LOGIN + "|1 6", Wait.NEXT_OF_ORDER),
        (LOGIN + "|1 600000 | 1", Wait.NEXT_OF_ORDER),
        (LOGIN + "|1 600000 | **", None),
        (ORDER + "||", Wait.FIRST),
    ],
)
def test_the_right_time_is_given_for_the_next_key(script: str, wait: Wait | None) -> None:
    visit = ScriptedVisit().run(script)
    last = visit.effects[-1]
    assert (last.wait if isinstance(last, StartTimer) else None) is wait


def test_stale_inputs_change_nothing() -> None:
    visit = ScriptedVisit().run(ORDER + "|")
    moment = visit.visit
    for stale in (
        PlayEnded(1),
        PlayEnded(99),
        TimedOut(moment.timer_no - 1),
        Outcome(Action.SUBMIT_ORDER, "accepted", {"order_no": 1}),
        Outcome(Action.VERIFY_PIN, "ok", {}),
    ):
        assert step(visit.flow, moment, stale) == (moment, ())


def test_after_a_hangup_nothing_happens_any_more_and_secrets_are_gone() -> None:
    visit = ScriptedVisit().run("1|100200300#258")
    assert visit.visit.keys == "258"
    visit.run("!")
    ended = visit.visit
    assert (ended.keys, ended.secrets, ended.type_ahead) == ("", {}, "")
    for late in (Key("1"), PlayEnded(ended.play_no), TimedOut(ended.timer_no), Started()):
        assert step(visit.flow, ended, late) == (ended, ())


def test_a_pin_leaves_the_visit_with_the_question_about_it() -> None:
    visit = ScriptedVisit(answers_late=True).run("1|100200300#258036#")
    (wish,) = visit.done
    assert wish.secrets == {"pin": "258036"}
    assert visit.visit.secrets == {}
    assert "258036" not in repr([visit.visit, visit.effects, visit.done])


def test_an_order_without_a_confirmation_is_a_bug() -> None:
    flow = CallFlow(
        "order",
        [
            Do(
                name="order",
                action=Action.SUBMIT_ORDER,
                exits={"accepted": "bye", "denied": "bye", "unknown": "bye"},
            ),
            Hangup(name="bye", prompt="bye"),
        ],
    )
    with pytest.raises(InvariantBroken, match="confirmation of its own"):
        step(flow, begin(flow), Started())


def test_a_performed_wish_shows_no_secret() -> None:
    assert "7" not in repr(Perform(Action.VERIFY_PIN, {"a": 7}, {"pin": "7"}, 0, 0))
