"""Notices a customer must hear before anything else, each to its end and on the record.

Not here: who must hear what (gateway.identity).
"""

from typing import Final

from gateway.ivr.flow import Do, Notices, Say, State
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Do(
        name="notices.read",
        action=Action.READ_NOTICES,
        exits={"some": "notices.count", "none": "main.hours", "unknown": "main.hours"},
    ),
    Say(name="notices.count", prompt="notices.count", then="notices.list", must_be_heard=True),
    Notices(
        name="notices.list",
        items="items",
        prompt="notices.item",
        proof=Action.MARK_HEARD,
        then="main.hours",
    ),
)
