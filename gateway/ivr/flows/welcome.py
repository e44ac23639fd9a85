"""Greeting, language, disclosure and goodbye. Not here: login, menus."""

from typing import Final

from gateway.ivr.flow import Fork, Go, Hangup, Menu, Say, State
from gateway.ivr.flows.common import GOODBYE, tries
from risk.domain.enums import Language

STATES: Final[tuple[State, ...]] = (
    Say(name="welcome.greeting", prompt="{greeting}", then="welcome.line"),
    Fork(
        name="welcome.line",
        value="line_languages",
        exits={"both": "welcome.language", "one": "welcome.disclosure"},
    ),
    Menu(
        name="welcome.language",
        prompts=(("welcome.language", Language.ZH), ("welcome.language", Language.EN)),
        keys={
            "1": Go(then="welcome.disclosure", values={"language": Language.ZH}),
            "2": Go(then="welcome.disclosure", values={"language": Language.EN}),
        },
        **tries(on_tries_used=GOODBYE),
    ),
    Say(
        name="welcome.disclosure",
        prompt="welcome.disclosure",
        then="login.account",
        must_be_heard=True,
    ),
    Hangup(name=GOODBYE, prompt="bye.tries_used"),
)
