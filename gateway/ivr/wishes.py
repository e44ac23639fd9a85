"""What a call flow may ask of the gateway: actions, their outcomes, and what they need and bring.

Rows only: who answers is in gateway.ivr.actions, when it is asked is in the flows. `ACTING` are
the actions that change something: each needs its caller's confirmation, with the values of
`READ_BACK` spoken just before. Not here: how a flow is followed (gateway.ivr.interpreter).
"""

import enum
from collections.abc import Mapping
from typing import Final


class Action(enum.Enum):
    """What a `Do` state asks of the gateway."""

    VERIFY_PIN = "verify_pin"
    FIND_SECURITY = "find_security"
    READ_CASH = "read_cash"
    READ_LAST_ORDER = "read_last_order"
    SUBMIT_ORDER = "submit_order"


# Outcomes a `Do` must have an exit for, and the values an action brings to later prompts.
OUTCOMES: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.VERIFY_PIN: ("ok", "refused", "locked_out", "busy"),
    Action.FIND_SECURITY: ("ok", "unknown", "not_now"),
    Action.READ_CASH: ("ok", "unknown"),
    Action.READ_LAST_ORDER: ("ok", "none", "unknown"),
    Action.SUBMIT_ORDER: ("accepted", "denied", "unknown"),
}
BRINGS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.VERIFY_PIN: ("verified_account_no",),
    Action.FIND_SECURITY: ("security", "measure"),
    Action.READ_CASH: ("free",),
    Action.READ_LAST_ORDER: (
        *("last_order_no", "last_side_word", "last_security", "last_symbol", "last_qty"),
        *("last_price", "last_filled", "last_state"),
    ),
    Action.SUBMIT_ORDER: ("order_no", "reason"),  # and the figures of the reason
}
# Actions that change something, and the values a read-back must have spoken before each.
READ_BACK: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.SUBMIT_ORDER: ("side_word", "symbol", "qty", "price"),
}
ACTING: Final = frozenset(READ_BACK)
