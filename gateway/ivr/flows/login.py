"""Account number and PIN, the words of a lock-out, and what this caller's number may do.

Not here: how a PIN is verified and a number judged (gateway.identity).
"""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Do, Hangup, Say, State
from gateway.ivr.flows import resume
from gateway.ivr.flows.common import GOODBYE, tries
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Collect(
        name="login.account",
        prompt="login.account",
        entry=EntryKind.ACCOUNT,
        into="account_no",
        then="login.pin",
        on_back="welcome.line",
        **tries("error.entry_not_valid", GOODBYE),
    ),
    Collect(
        name="login.pin",
        prompt="login.pin",
        entry=EntryKind.PIN,
        into="pin",
        is_secret=True,
        then="login.verify",
        on_back="login.account",
        **tries("error.entry_not_valid", GOODBYE),
    ),
    Do(
        name="login.verify",
        action=Action.VERIFY_PIN,
        exits={
            "ok": "login.admit",
            "refused": "login.refused",
            "locked_out": "login.locked_out",
            "busy": "login.busy",
        },
        failing=("refused", "busy"),
        on_tries_used=GOODBYE,
    ),
    Say(name="login.refused", prompt="login.refused", then="login.account", must_be_heard=True),
    Say(name="login.busy", prompt="login.busy", then="login.account", must_be_heard=True),
    Hangup(name="login.locked_out", prompt="login.locked_out"),
    Do(
        name="login.admit",
        action=Action.ADMIT_CALLER,
        exits={
            "allowed": resume.FIRST,
            "query_only": "login.query_only",
            "refused": "login.number_refused",
            "busy": "login.busy",
        },
        failing=("busy",),
        on_tries_used=GOODBYE,
    ),
    Say(name="login.query_only", prompt="login.query_only", then=resume.FIRST, must_be_heard=True),
    Hangup(name="login.number_refused", prompt="login.number_refused"),
)
