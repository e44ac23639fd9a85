"""Greeting, language, main menu and goodbye. Not here: login and orders."""

from typing import Final

from gateway.ivr.flow import Go, Hangup, Menu, Say, State
from risk.domain.enums import Language, Side

STATES: Final[tuple[State, ...]] = (
    Menu(
        name="welcome.language",
        prompts=(("welcome.language", Language.ZH), ("welcome.language", Language.EN)),
        keys={
            "1": Go(then="welcome.disclosure", values={"language": Language.ZH}),
            "2": Go(then="welcome.disclosure", values={"language": Language.EN}),
        },
        say_invalid="error.not_a_choice",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
        repeat_key="9",
    ),
    Say(
        name="welcome.disclosure",
        prompt="welcome.disclosure",
        then="login.account",
        must_be_heard=True,
    ),
    Menu(
        name="main.menu",
        prompts=(("main.menu", None),),
        keys={
            "1": Go(then="order.symbol", values={"side": Side.BUY, "side_word": "buy"}),
            "2": Go(then="order.symbol", values={"side": Side.SELL, "side_word": "sell"}),
            "3": Go(then="cash.read"),
            "4": Go(then="last.read"),
            "*": Go(then="login.account"),
        },
        say_invalid="error.not_a_choice",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
        repeat_key="9",
    ),
    Hangup(name="bye.tries_used", prompt="bye.tries_used"),
)
