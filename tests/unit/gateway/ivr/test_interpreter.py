"""The rule of call flows, on a small flow: scripts of keys, and what is said and done."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.ivr.entry import ISO
from gateway.ivr.flow import (
    HURRY,
    INCOMPLETE,
    TRIES_MAX,
    UNFINISHED,
    UNFINISHED_CODE,
    CallFlow,
    Say,
)
from gateway.ivr.interpreter import begin, step
from gateway.ivr.turn import ELDER_SILENCES_MAX
from gateway.ivr.visit import (
    Key,
    Mistaken,
    Outcome,
    Parting,
    Phase,
    Play,
    PlayEnded,
    Pressed,
    Secure,
    Started,
    StartTimer,
    StopPlay,
    TimedOut,
    TimeRanOut,
    Wait,
    Went,
)
from gateway.ivr.wishes import Action
from risk.domain.enums import Language, Side
from risk.domain.errors import InvariantBroken
from tests.builders.flows import ANSWERS, NOTICES, ORDERS, a_visit
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


@pytest.mark.parametrize(
    ("script", "state", "last_said"),
    [
        # the way in
        ("", "language", "language"),
        ("2", "terms", "terms"),
        ("1|", "account_no", "account_no"),
        ("1|100200300#", "pin", "pin"),
        (LOGIN, "menu", "ask_all"),
        # menus: `*` back, `9` again, a wrong key once more
        (LOGIN + "*", "account_no", "account_no"),
        (LOGIN + "9", "menu", "ask_all"),
        (LOGIN + "8", "menu", "ask_all"),
        ("*", "language", "language"),
        (LOGIN + "888", "bye", "bye"),
        (LOGIN + "#", "menu", "ask_all"),
        # entries
        (LOGIN + "1", "symbol", "symbol"),
        (LOGIN + "1 600000", "price", "price"),
        (LOGIN + "1 600000#", "price", "price"),
        (LOGIN + "1 60#", "symbol", "symbol"),
        (LOGIN + "1 #", "initials", "initials"),
        (LOGIN + "1 **", "menu", "ask_all"),
        (LOGIN + "1 *~", "menu", "ask_all"),
        (LOGIN + "1 6*~|~", "symbol", "symbol"),
        (LOGIN + "1 600000 **", "symbol", "symbol"),
        (LOGIN + "1 600000 10** 11#", "qty", "qty"),
        (LOGIN + "1 600000 *9", "price", "price"),
        (ORDER, "sure", "readback_buy"),
        (ORDER + "|", "sure", "sure"),
        (ORDER + "|9", "sure", "readback_buy"),
        (ORDER + "|2", "menu", "ask_all"),
        (ORDER + "|*", "menu", "ask_all"),
        (ORDER + "|5", "sure", "sure"),
        (ORDER + "|1", "accepted", "accepted"),
        (ORDER + "|1|", "menu", "ask_all"),
        # lists
        (LOGIN + "3", "pages", "ask_page"),
        (LOGIN + "3 8", "pages", "ask_page"),
        (LOGIN + "3 888", "menu", "ask_all"),
        (LOGIN + "3 *", "menu", "ask_all"),
        (LOGIN + "3 3", "pages", "ask_page"),
        (CANCEL, "cancel_sure", "cancel_readback"),
        (LOGIN + "5|~|~", "menu", "ask_all"),
        (LOGIN + "5 1", "listed", "ask_list"),
        # time-outs: a warning, then a try
        ("|~", "language", HURRY),
        ("|~|~", "language", "language"),
        ("|~|~" * TRIES_MAX, "bye", "bye"),
        (LOGIN + "1 60~", "symbol", UNFINISHED_CODE),
        (LOGIN + "1 60~|~", "symbol", "symbol"),
        (LOGIN + "1 600000 12~", "price", UNFINISHED),
        (LOGIN + "1 600000 12~#", "qty", "qty"),
        # persons
        ("0", "agent", "agent"),
        (LOGIN + "0", "agent", "agent"),
        (LOGIN + "1 *0", "agent", "agent"),
        (ORDER + "|0", "agent", "agent"),
        (LOGIN + "3 0", "agent", "agent"),
    ],
)
def test_a_script_leads_to_a_state_and_its_words(script: str, state: str, last_said: str) -> None:
    visit = a_visit(script)
    assert visit.visit.state == state
    assert visit.said[-1] == last_said


def test_an_order_holds_what_was_keyed() -> None:
    (order,) = a_visit(ORDER + "|1").orders
    assert order.values["side"] is Side.BUY
    assert order.values["symbol"] == "600000"
    assert order.values["price"] == 100_500
    assert order.values["qty"] == 200
    assert order.values["verified_account_no"] == "100200300"
    assert order.request_id("c7") == "phone:c7:1"
    assert order.at_ns == 123


def test_the_greeting_is_said_in_both_languages_and_the_rest_in_the_chosen() -> None:
    plays = a_visit("2|").of(Play)
    assert [p.language for p in plays[0].prompts] == [Language.ZH, Language.EN]
    assert {p.language for play in plays[1:] for p in play.prompts} == {Language.EN}


def test_a_line_of_one_language_does_not_ask_for_it() -> None:
    start = {**START, "line_languages": "one", "language": Language.EN}
    visit = a_visit(start=start)
    assert visit.said == ["terms"]
    assert visit.visit.language is Language.EN


def test_the_iso_profile_has_its_point_on_the_hash_key() -> None:
    (order,) = a_visit(LOGIN + "1 600000 10#05# 200# |1", profile=ISO).orders
    assert order.values["price"] == 100_500
    assert (
        a_visit(LOGIN + "1 600000 10## 200# |1", profile=ISO).orders[0].values["price"] == 100_000
    )


# Elderly callers


def test_an_elderly_caller_is_not_cut_off_for_being_slow() -> None:
    visit = a_visit(LOGIN, logged_in_as(is_elder=True))
    for _ in range(ELDER_SILENCES_MAX - 1):
        visit.run("|~|~")
        assert visit.visit.state == "menu"
    visit.run("|~|~")
    assert visit.visit.state == "agent"
    visit.run("|")
    visit.person(Parting.NO_AGENT)
    visit.run("|" + "~|~|" * (ELDER_SILENCES_MAX - 1))
    assert visit.visit.state == "menu"
    assert visit.run("~|~|").ended


def test_a_key_of_an_elderly_caller_begins_the_count_anew() -> None:
    visit = a_visit(LOGIN, logged_in_as(is_elder=True)).run("|~|~" * 9 + "9" + "|~|~" * 9)
    assert visit.visit.state == "menu"


def test_mistakes_of_an_elderly_caller_still_count() -> None:
    assert a_visit(LOGIN, logged_in_as(is_elder=True)).run("777").visit.state == "bye"


# Time


@pytest.mark.parametrize(
    ("script", "wait"),
    [
        ("|", Wait.FIRST),
        ("|~|", Wait.LAST),
        ("1|1", Wait.NEXT),
        ("1|1~|", Wait.LAST),
        (LOGIN + "1 6", Wait.NEXT_OF_ORDER),
        (LOGIN + "1 600000 1", Wait.NEXT_OF_ORDER),
        (ORDER + "||", Wait.FIRST),
        (LOGIN + "5|", Wait.FIRST),
    ],
)
def test_the_right_time_is_given_for_the_next_key(script: str, wait: Wait) -> None:
    timer = [e for e in a_visit(script).effects if not isinstance(e, Pressed | Secure)][-1]
    assert isinstance(timer, StartTimer)
    assert timer.wait is wait


def test_what_is_keyed_but_not_ended_is_said_to_be_so_and_counted() -> None:
    visit = a_visit(LOGIN + "1 600000 10~|~")
    assert visit.said[-3:] == [UNFINISHED, INCOMPLETE, "price"]
    assert visit.of(TimeRanOut) == [TimeRanOut("price")]
    assert visit.visit.keys == ""


def test_a_warned_caller_goes_on_where_the_entry_was() -> None:
    visit = a_visit(LOGIN + "1 600000 10~ *05# 200# |1")
    assert visit.orders[0].values["price"] == 100_500


# What is told and counted


@pytest.mark.parametrize(
    ("outcome", "tries", "state"),
    [
        ("refused", 1, "account_no"),
        ("refused", TRIES_MAX, "bye"),
        ("locked_out", 1, "bye"),
    ],
)
def test_failed_logins_are_told_and_counted(outcome: str, tries: int, state: str) -> None:
    visit = a_visit("1|" + "100200300# 111111# |" * tries, answering(Action.VERIFY_PIN, outcome))
    assert visit.visit.state == state
    assert len(visit.done) == tries


def test_a_success_gives_the_tries_back() -> None:
    visit = a_visit("1| 1# 1# | 1# 1# |", answering(Action.VERIFY_PIN, "refused"))
    visit.answers = ANSWERS
    visit.run("1# 1# *")
    visit.answers = answering(Action.VERIFY_PIN, "refused")
    assert visit.run("1# 1# |").visit.state == "account_no"


def test_an_invalid_entry_throws_early_keys_away() -> None:
    visit = a_visit("1 100200300# 258036# 1 600000 0# 200# 1 |")
    assert visit.visit.state == "price"
    assert visit.said[-2:] == ["wrong", "price"]
    assert visit.visit.type_ahead == ()
    assert visit.of(Mistaken) == [Mistaken("price")]


def test_a_goodbye_is_heard_and_then_the_call_ends() -> None:
    visit = a_visit("|~|~" * TRIES_MAX)
    assert not visit.ended
    visit.run("1234#*|")
    assert visit.ended
    assert visit.visit.phase is Phase.ENDED


def test_what_must_be_heard_cannot_be_skipped() -> None:
    visit = a_visit("1 1 0 0")
    assert visit.visit.state == "terms"
    visit.run("|")
    assert visit.visit.keys == "100"


def test_a_key_stops_the_prompt_it_answers() -> None:
    assert StopPlay() in a_visit("1").effects


def test_the_path_of_a_call_is_told() -> None:
    assert [went.state for went in a_visit("1|1#").of(Went)] == [
        *("line", "language", "terms", "account_no", "pin"),
    ]


# Lists and notices


def test_a_list_is_said_page_by_page_with_its_keys() -> None:
    visit = a_visit(LOGIN + "3")
    (page,) = [play for play in visit.of(Play) if play.prompts[-1].key == "ask_page"]
    assert [prompt.key for prompt in page.prompts] == ["item", "item_more"] * 2 + ["ask_page"]
    second = page.prompts[2].values
    assert (second["item_no"], second["choice"], second["place"], second["count"]) == (2, "2", 2, 5)
    assert visit.run("8 8").visit.place == 4
    assert visit.run("7 7 7").visit.place == 0


def test_a_list_nobody_answers_goes_on_by_itself_to_its_end() -> None:
    visit = a_visit(LOGIN + "5")
    visit.run("|~|~")
    assert visit.visit.state == "menu"
    assert visit.said.count("item") == 2
    assert visit.of(TimeRanOut) == []


def test_notices_are_heard_to_their_end_and_each_is_proved() -> None:
    visit = a_visit(LOGIN, logged_in_as(notices=NOTICES))
    assert visit.visit.state == "notices"
    visit.run("1 9 * 0")
    assert visit.done[1:] == []
    visit.run("|")
    assert [wish.action for wish in visit.done[1:]] == [Action.READ_CASH] * 2
    assert [wish.values["item_no"] for wish in visit.done[1:]] == [1, 2]
    assert visit.visit.state != "notices"


def test_a_late_proof_holds_the_next_notice() -> None:
    visit = a_visit("1| 100200300# 258036#", logged_in_as(notices=NOTICES), answers_late=True)
    visit.answer(Action.VERIFY_PIN)
    visit.run("||")
    assert visit.said.count("notice") == 1
    visit.answer(Action.READ_CASH)
    assert visit.said.count("notice") == 2


# What comes too late


def test_stale_inputs_change_nothing() -> None:
    visit = a_visit(ORDER + "|")
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
    visit = a_visit("1|100200300#258")
    assert visit.visit.keys == "258"
    visit.run("!")
    ended = visit.visit
    assert (ended.keys, ended.secrets, ended.type_ahead) == ("", {}, ())
    for late in (Key("1"), PlayEnded(ended.play_no), TimedOut(ended.timer_no), Started()):
        assert step(visit.flow, ended, late) == (ended, ())


def test_a_flow_that_chases_its_tail_is_a_bug() -> None:
    flow = CallFlow("a", [Say(name="a", prompt="a", then="b"), Say(name="b", prompt="b", then="a")])
    visit = step(flow, begin(flow), Started())[0]
    with pytest.raises(InvariantBroken, match="never comes to rest"):
        step(flow, visit, Key("1"))


def test_the_orders_of_the_small_flow_can_be_told_apart() -> None:
    assert len({order["item_id"] for order in ORDERS}) == len(ORDERS)
