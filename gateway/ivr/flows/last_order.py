"""The newest order of the day, so that an order of unknown result can be checked by phone.

Not here: the list of orders and cancelling (a later release).
"""

from typing import Final

from gateway.ivr.flow import Do, Say, State
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Do(
        name="last.read",
        action=Action.READ_LAST_ORDER,
        exits={"ok": "last.order", "none": "last.none", "unknown": "last.not_known"},
    ),
    Say(name="last.order", prompt="last.order_{last_side_word}", then="last.state"),
    Say(name="last.state", prompt="last.state_{last_state}", then="main.menu"),
    Say(name="last.none", prompt="last.none", then="main.menu"),
    Say(name="last.not_known", prompt="last.not_known", then="main.menu"),
)
