"""Cash and holdings. Not here: statements."""

from typing import Final

from gateway.ivr.flow import Do, Pages, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Do(
        name="cash.read",
        action=Action.READ_CASH,
        exits={"ok": "cash.told", "unknown": "cash.not_known"},
    ),
    Say(name="cash.told", prompt="cash.told", then=MENU),
    Say(name="cash.not_known", prompt="cash.not_known", then=MENU),
    Do(
        name="positions.read",
        action=Action.READ_POSITIONS,
        exits={
            "some": "positions.count",
            "none": "positions.none",
            "unknown": "positions.not_known",
        },
    ),
    Say(name="positions.none", prompt="positions.none", then=MENU),
    Say(name="positions.not_known", prompt="positions.not_known", then=MENU),
    Say(name="positions.count", prompt="positions.count", then="positions.list"),
    Pages(
        name="positions.list",
        items="items",
        prompts=("positions.item", "positions.worth_{item_value}"),
        ask="list.ask",
        on_end="positions.no_more",
        on_back=MENU,
        **tries(),
    ),
    Say(name="positions.no_more", prompt="positions.no_more", then=MENU),
)
