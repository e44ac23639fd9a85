"""What lint finds, one broken flow at a time; and that the product's flow has nothing."""

from dataclasses import replace

import pytest

from gateway.ivr.dialplan import FLOWS
from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import CallFlow, Collect, Confirm, Do, Go, Hangup, Menu, Say, State
from gateway.ivr.lint import VARIANTS, expanded, problems
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from risk.domain.enums import Language
from risk.domain.reasons import REASONS, prompt_key
from tests.builders.phone import a_book

HELLO = Menu(
    name="hello",
    prompts=(("p.hello", None),),
    keys={"1": Go(then="ask"), "2": Go(then="bye")},
    say_invalid="p.wrong",
    say_timeout="p.wrong",
    on_tries_used="bye",
)
ASK = Collect(
    name="ask",
    prompt="p.ask",
    entry=EntryKind.QTY,
    into="qty",
    then="sure",
    on_back="hello",
    say_invalid="p.wrong",
    say_timeout="p.wrong",
    on_tries_used="bye",
)
SURE = Confirm(
    name="sure",
    readback="p.back",
    prompt="p.sure",
    yes="order",
    no="hello",
    say_invalid="p.wrong",
    say_timeout="p.wrong",
    on_tries_used="bye",
)
ORDER = Do(
    name="order",
    action=Action.SUBMIT_ORDER,
    exits={"accepted": "bye", "denied": "bye", "unknown": "bye"},
)
BYE = Hangup(name="bye", prompt="p.bye")
TEXTS = {
    "p.hello": "Hello",
    "p.ask": "How many",
    "p.back": "You want {qty:qty}",
    "p.sure": "Sure",
    "p.wrong": "Wrong",
    "p.bye": "Bye",
    "error.system": "Sorry",
}


def found(*changed: State, texts: dict[str, str] | None = None) -> str:
    states: dict[str, State] = {s.name: s for s in (HELLO, ASK, SURE, ORDER, BYE)}
    states.update({state.name: state for state in changed})
    texts = TEXTS if texts is None else texts
    book = PromptBook({Language.ZH: texts, Language.EN: texts})
    return "\n".join(problems(CallFlow("hello", states.values()), book))


def test_a_sound_flow_has_no_problem() -> None:
    assert found() == ""


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (replace(HELLO, on_tries_used="nowhere"), "hello leads to 'nowhere', which does not exist"),
        (Say(name="island", prompt="p.bye", then="bye"), "island is never reached"),
        (replace(HELLO, on_tries_used="hello"), "hello never ends by itself"),
        (replace(SURE, no="order"), "sure leads to order without a confirmation"),
        (replace(ASK, then="order"), "ask leads to order without a confirmation"),
        (replace(ASK, prompt="p.gone"), "ask plays p.gone, which is missing in zh or en"),
        (replace(ASK, into="count"), "sure plays p.back, but nothing gives it 'qty'"),
        (replace(ASK, prompt="p.hello"), "prompt p.ask is never played"),
    ],
)
def test_a_broken_flow_is_named(state: State, problem: str) -> None:
    assert problem in found(state)


def test_silent_loops_of_two_are_found() -> None:
    one = Say(name="one", prompt="p.bye", then="two")
    two = Say(name="two", prompt="p.bye", then="one")
    assert "one never ends by itself" in found(one, two, replace(HELLO, on_tries_used="one"))


def test_problems_of_the_texts_are_told_too() -> None:
    assert "digits and braces only" in found(texts={**TEXTS, "p.sure": "press 1"})


@pytest.mark.parametrize("name", FLOWS)
def test_the_flows_of_the_product_have_no_problem(name: str) -> None:
    assert problems(FLOWS[name], a_book()) == []


def test_every_reason_of_the_rules_has_its_prompt_in_both_languages() -> None:
    book = a_book()
    assert [r.name for r in REASONS if not book.has(prompt_key(r))] == []


def test_prompt_keys_stand_for_all_their_variants() -> None:
    assert expanded("order.readback_{side_word}") == ["order.readback_buy", "order.readback_sell"]
    assert len(expanded("reason.{reason}")) == len(VARIANTS["reason"]) == len(REASONS) + 1
    with pytest.raises(KeyError):
        expanded("x.{unheard_of}")


def test_a_state_cannot_forget_an_exit() -> None:
    with pytest.raises(TypeError):
        Say(name="x", prompt="p.bye")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="exits must be"):
        Do(name="x", action=Action.READ_CASH, exits={"ok": "bye"})
    with pytest.raises(TypeError, match="on_tries_used"):
        Do(
            name="x",
            action=Action.READ_CASH,
            exits={"ok": "bye", "unknown": "bye"},
            failing=("unknown",),
        )
    with pytest.raises(ValueError, match="'bye' is there twice"):
        CallFlow("bye", [BYE, BYE])
