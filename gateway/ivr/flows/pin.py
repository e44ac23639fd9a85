"""Changing the telephone PIN: old, new, new again, confirmation; what was wrong is told.

Not here: the policy (gateway.identity).
"""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Confirm, Do, Hangup, Say, State
from gateway.ivr.flows.common import HELP, MENU, tries
from gateway.ivr.wishes import Action


def _secret(name: str, into: str, then: str, on_back: str) -> Collect:
    return Collect(
        name=name,
        prompt=name,
        entry=EntryKind.PIN,
        into=into,
        is_secret=True,
        then=then,
        on_back=on_back,
        **tries("error.entry_not_valid"),
    )


STATES: Final[tuple[State, ...]] = (
    _secret("pin.old", "pin_old", "pin.new", MENU),
    _secret("pin.new", "pin_new", "pin.again", "pin.old"),
    _secret("pin.again", "pin_again", "pin.confirm", "pin.new"),
    Confirm(
        name="pin.confirm",
        readback="pin.readback",
        prompt="pin.confirm",
        guards=Action.CHANGE_PIN,
        yes="pin.change",
        no="pin.unchanged",
        **tries(),
    ),
    Say(name="pin.unchanged", prompt="pin.unchanged", then=MENU),
    Do(
        name="pin.change",
        action=Action.CHANGE_PIN,
        exits={
            "changed": "pin.changed",
            "differ": "pin.differ",
            "weak": "pin.weak",
            "refused": "pin.refused",
            "locked_out": "pin.locked_out",
            "unknown": "pin.unknown",
        },
        failing=("differ", "weak", "refused"),
        on_tries_used=HELP,
    ),
    Say(name="pin.changed", prompt="pin.changed", then=MENU, must_be_heard=True),
    Say(name="pin.refused", prompt="pin.refused", then="pin.old", must_be_heard=True),
    Say(name="pin.weak", prompt="pin.weak_{pin_rule}", then="pin.old", must_be_heard=True),
    Say(name="pin.differ", prompt="pin.differ", then="pin.old", must_be_heard=True),
    Say(name="pin.unknown", prompt="pin.unknown", then=MENU, must_be_heard=True),
    Hangup(name="pin.locked_out", prompt="login.locked_out"),
)
