"""What lint finds, one broken flow at a time; and that the product's flows have nothing."""

from dataclasses import replace

import pytest

from gateway.ivr import lint, lint_prompts
from gateway.ivr.dialplan import Dialplan
from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import (
    ENGINE_PROMPTS,
    RESUME,
    CallFlow,
    Collect,
    Confirm,
    Do,
    Fork,
    Go,
    Hangup,
    Menu,
    Notices,
    Pages,
    Say,
    State,
    Transfer,
)
from gateway.ivr.flow_check import faults, unplayed
from gateway.ivr.settings import LineSettings
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from risk.domain.enums import Language, Side
from tests.builders.voice import a_book

PLAN = Dialplan([LineSettings(number="02131001000", greeting="welcome.branch")])
ENDING = {"say_invalid": "p.wrong", "say_timeout": "p.wrong", "on_tries_used": "bye"}
ACCOUNT = Collect(
    name="account",
    prompt="p.ask",
    entry=EntryKind.ACCOUNT,
    into="account_no",
    then="verify",
    on_back="account",
    **ENDING,
)
VERIFY = Do(
    name="verify",
    action=Action.VERIFY_PIN,
    exits={"ok": "hello", "refused": "bye", "locked_out": "bye", "busy": "bye"},
)
HELLO = Menu(
    name="hello",
    prompts=(("p.hello", None),),
    keys={
        "1": Go(
            then="symbol", values={"side": Side.BUY, "side_word": "buy"}, prompt="p.one", acts=True
        ),
        "2": Go(then="bye"),
    },
    **ENDING,
)
SYMBOL = replace(ACCOUNT, name="symbol", entry=EntryKind.CODE, into="symbol", then="price")
PRICE = replace(ACCOUNT, name="price", entry=EntryKind.PRICE, into="price", then="ask")
ASK = replace(ACCOUNT, name="ask", entry=EntryKind.QTY, into="qty", then="sure", on_back="hello")
SURE = Confirm(
    name="sure",
    readback="p.back_{side_word}",
    prompt="p.sure",
    guards=Action.SUBMIT_ORDER,
    yes="order",
    no="hello",
    **ENDING,
)
ORDER = Do(
    name="order",
    action=Action.SUBMIT_ORDER,
    exits={"accepted": "bye", "denied": "bye", "unknown": "bye"},
)
BYE = Hangup(name="bye", prompt="p.bye")
AGENT = Transfer(
    name="agent", prompt="p.agent", on_served=RESUME, on_no_agent=RESUME, on_queue_left=RESUME
)
BACK = "{symbol:code} {qty:qty} {price:price}"
TEXTS = {
    "p.hello": "Hello",
    "p.one": "To buy",
    "p.ask": "How many",
    "p.back_buy": BACK,
    "p.back_sell": BACK,
    "p.sure": "Sure",
    "p.wrong": "Wrong",
    "p.agent": "Wait",
    "p.bye": "Bye",
    **dict.fromkeys(ENGINE_PROMPTS, "Words"),
}
ALL = (ACCOUNT, VERIFY, HELLO, SYMBOL, PRICE, ASK, SURE, ORDER, BYE, AGENT)


def found(*changed: State, texts: dict[str, str] | None = None, start: str = "account") -> str:
    states: dict[str, State] = {s.name: s for s in ALL}
    states.update({state.name: state for state in changed})
    texts = TEXTS if texts is None else texts
    book = PromptBook({Language.ZH: texts, Language.EN: texts})
    flow = CallFlow(start, states.values(), agent="agent")
    problems = lint.problems(flow)
    return "\n".join(
        problems or [*lint_prompts.problems(flow, book), *lint_prompts.unplayed([flow], book)]
    )


def test_a_sound_flow_has_no_problem() -> None:
    assert found() == ""


PAGES = Pages(
    name="hello",
    items="items",
    prompts=("p.one",),
    ask="p.ask",
    on_end="bye",
    on_back="bye",
    **ENDING,
)
OPEN = replace(HELLO, keys={**HELLO.keys, "1": replace(HELLO.keys["1"], acts=False)})


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (replace(HELLO, on_tries_used="nowhere"), "hello leads to 'nowhere', which does not exist"),
        (Hangup(name="agent", prompt="p.bye"), "0 leads to 'agent', which is no Transfer"),
        (Say(name="island", prompt="p.bye", then="bye"), "island is never reached"),
        (replace(HELLO, on_tries_used="hello"), "hello never ends by itself"),
        (
            Fork(name="hello", value="side_word", exits={"buy": "bye"}),
            "hello: exits must be ['buy', 'sell'], were ['buy']",
        ),
        (replace(HELLO, on_tries_used="agent"), "agent resumes, but may be reached without 0"),
        (replace(SURE, no="order"), "sure leads to order without a confirmation"),
        (replace(ASK, then="order"), "ask leads to order without a confirmation"),
        (
            replace(SURE, guards=Action.CANCEL_ORDER),
            "sure guards cancel_order, but leads to order",
        ),
        (OPEN, "order is open to callers who may only ask"),
        (replace(VERIFY, exits={**VERIFY.exits, "refused": "order"}), "without a confirmation"),
        (replace(ASK, into="count"), "order needs 'qty', which some way there does not bring"),
        (PAGES, "hello needs 'items', which some way there does not bring"),
        (
            Notices(name="hello", items="x", prompt="p.bye", proof=Action.READ_CASH, then="bye"),
            "hello needs 'x', which some way there does not bring",
        ),
        (replace(AGENT, on_served="hello"), "order needs 'verified_account_no'"),
        (replace(ASK, prompt="p.gone"), "ask plays p.gone, which is missing in zh or en"),
        (replace(HELLO, prompts=()), "prompt p.hello is never played"),
    ],
)
def test_a_broken_flow_is_named(state: State, problem: str) -> None:
    assert problem in found(state)


def test_a_change_at_the_start_is_named() -> None:
    assert "order changes something at the start" in found(start="order")


def test_silent_loops_of_two_are_found() -> None:
    one = Say(name="one", prompt="p.bye", then="two")
    two = Say(name="two", prompt="p.bye", then="one")
    assert "one never ends by itself" in found(one, two, replace(HELLO, on_tries_used="one"))


@pytest.mark.parametrize("missing", ["{symbol:code}", "{qty:qty}", "{price:price}"])
def test_a_read_back_that_leaves_something_out_is_named(missing: str) -> None:
    texts = {**TEXTS, "p.back_sell": BACK.replace(missing, "")}
    texts["p.back_buy"] = texts["p.back_sell"]
    name = missing[1:].partition(":")[0]
    assert f"sure: p.back_buy does not read back '{name}'" in found(texts=texts)


def test_a_prompt_that_asks_for_more_than_is_known_is_named() -> None:
    texts = {**TEXTS, "p.sure": "Sure {order_no:order_no}"}
    assert "sure plays p.sure, but some way there does not bring 'order_no'" in found(texts=texts)


def test_a_word_of_the_engine_that_is_missing_is_named() -> None:
    texts = {key: text for key, text in TEXTS.items() if key != ENGINE_PROMPTS[0]}
    assert f"the engine plays {ENGINE_PROMPTS[0]}, which is missing" in found(texts=texts)


def test_problems_of_the_texts_are_told_too() -> None:
    assert "digits and braces only" in found(texts={**TEXTS, "p.sure": "press 1"})


def test_the_flows_of_the_product_have_no_fault() -> None:
    assert list(faults(PLAN, a_book())) == []


def test_every_prompt_of_the_product_is_played() -> None:
    assert unplayed(PLAN, a_book()) == []
