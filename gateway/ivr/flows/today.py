"""Today's orders and today's fills, the newest first. Not here: cancelling (`cancel`)."""

from typing import Final

from gateway.ivr.flow import Do, Pages, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Do(
        name="orders.read",
        action=Action.READ_ORDERS,
        exits={"some": "orders.count", "none": "orders.none", "unknown": "orders.not_known"},
    ),
    Say(name="orders.none", prompt="orders.none", then=MENU),
    Say(name="orders.not_known", prompt="orders.not_known", then=MENU),
    Say(name="orders.count", prompt="orders.count", then="orders.list"),
    Pages(
        name="orders.list",
        items="items",
        prompts=("orders.item_{item_side}", "orders.state_{item_state}"),
        ask="list.ask",
        on_end="orders.no_more",
        on_back=MENU,
        **tries(),
    ),
    Say(name="orders.no_more", prompt="orders.no_more", then=MENU),
    Do(
        name="fills.read",
        action=Action.READ_FILLS,
        exits={"some": "fills.count", "none": "fills.none", "unknown": "fills.not_known"},
    ),
    Say(name="fills.none", prompt="fills.none", then=MENU),
    Say(name="fills.not_known", prompt="fills.not_known", then=MENU),
    Say(name="fills.count", prompt="fills.count", then="fills.list"),
    Pages(
        name="fills.list",
        items="items",
        prompts=("fills.item_{item_side}",),
        ask="list.ask",
        on_end="fills.no_more",
        on_back=MENU,
        **tries(),
    ),
    Say(name="fills.no_more", prompt="fills.no_more", then=MENU),
)
