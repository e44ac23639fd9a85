"""First of all after the login: the truth about the order placed last, within ten minutes or so.

So nobody who was cut off wonders, or orders twice. Not here: how the truth is found
(gateway.ivr.actions.resume).
"""

from typing import Final

from gateway.ivr.flow import Do, Say, State
from gateway.ivr.wishes import Action

FIRST: Final = "resume.read"
_THEN: Final = "notices.read"

STATES: Final[tuple[State, ...]] = (
    Do(
        name=FIRST,
        action=Action.READ_LAST_ORDER,
        exits={
            "accepted": "resume.accepted",
            "denied": "resume.denied",
            "unknown": "resume.unknown",
            "cut_off": "resume.cut_off",
            "none": _THEN,
        },
    ),
    Say(
        name="resume.accepted",
        prompt="resume.accepted_{item_side}",
        then="resume.state",
        must_be_heard=True,
    ),
    Say(
        name="resume.state",
        prompt="orders.state_{item_state}",
        then=_THEN,
        must_be_heard=True,
    ),
    Say(
        name="resume.denied",
        prompt="resume.denied_{item_side}",
        then="resume.reason",
        must_be_heard=True,
    ),
    Say(name="resume.reason", prompt="reason.{reason}", then=_THEN, must_be_heard=True),
    Say(name="resume.unknown", prompt="resume.unknown", then=_THEN, must_be_heard=True),
    Say(name="resume.cut_off", prompt="resume.cut_off", then=_THEN, must_be_heard=True),
)
