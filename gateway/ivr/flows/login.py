"""Account number and PIN, with the words of a lock-out. Not here: how a PIN is verified."""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Do, Hangup, Say, State
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Collect(
        name="login.account",
        prompt="login.account",
        entry=EntryKind.ACCOUNT,
        into="account_no",
        then="login.pin",
        on_back="welcome.language",
        say_invalid="error.entry_not_valid",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Collect(
        name="login.pin",
        prompt="login.pin",
        entry=EntryKind.PIN,
        into="pin",
        is_secret=True,
        then="login.verify",
        on_back="login.account",
        say_invalid="error.entry_not_valid",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Do(
        name="login.verify",
        action=Action.VERIFY_PIN,
        exits={
            "ok": "main.menu",
            "refused": "login.refused",
            "locked_out": "login.locked_out",
            "busy": "login.busy",
        },
        failing=("refused", "busy"),
        on_tries_used="bye.tries_used",
    ),
    Say(name="login.refused", prompt="login.refused", then="login.account", must_be_heard=True),
    Say(name="login.busy", prompt="login.busy", then="login.account", must_be_heard=True),
    Hangup(name="login.locked_out", prompt="login.locked_out"),
)
