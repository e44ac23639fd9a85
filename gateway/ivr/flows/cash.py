"""Cash free to buy with. Not here: positions and fills (a later release)."""

from typing import Final

from gateway.ivr.flow import Do, Say, State
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Do(
        name="cash.read",
        action=Action.READ_CASH,
        exits={"ok": "cash.told", "unknown": "cash.not_known"},
    ),
    Say(name="cash.told", prompt="cash.told", then="main.menu"),
    Say(name="cash.not_known", prompt="cash.not_known", then="main.menu"),
)
