"""Price alerts: hear and remove, set above or below a price. Not here: when one fires (risk)."""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Confirm, Do, Go, Menu, Pages, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.flows.find_security import find_security
from gateway.ivr.wishes import Action
from risk.domain.enums import AlertKind

_LIST: Final[tuple[State, ...]] = (
    Menu(
        name="alerts.menu",
        prompts=(),
        keys={
            "1": Go(then="alert.symbol", prompt="alerts.menu_set"),
            "2": Go(then="alerts.read", prompt="alerts.menu_list"),
        },
        on_back=MENU,
        **tries(),
    ),
    Do(
        name="alerts.read",
        action=Action.READ_ALERTS,
        exits={"some": "alerts.list", "none": "alerts.none", "unknown": "alerts.not_known"},
    ),
    Say(name="alerts.none", prompt="alerts.none", then="alerts.menu"),
    Say(name="alerts.not_known", prompt="alerts.not_known", then=MENU),
    Pages(
        name="alerts.list",
        items="items",
        prompts=("alerts.item_{item_kind}",),
        ask="alerts.ask",
        pick="alerts.confirm_remove",
        on_end="alerts.no_more",
        on_back="alerts.menu",
        **tries(),
    ),
    Say(name="alerts.no_more", prompt="alerts.no_more", then="alerts.menu"),
)

_REMOVE: Final[tuple[State, ...]] = (
    Confirm(
        name="alerts.confirm_remove",
        readback="alerts.readback_remove_{item_kind}",
        prompt="alerts.confirm_remove",
        guards=Action.REMOVE_ALERT,
        yes="alerts.remove",
        no="alerts.unchanged",
        **tries(),
    ),
    Say(name="alerts.unchanged", prompt="alerts.unchanged", then="alerts.menu"),
    Do(
        name="alerts.remove",
        action=Action.REMOVE_ALERT,
        exits={"removed": "alerts.removed", "denied": "alerts.denied", "unknown": "alerts.unsure"},
    ),
    Say(name="alerts.removed", prompt="alerts.removed", then="alerts.menu", must_be_heard=True),
)

_SET: Final[tuple[State, ...]] = (
    *find_security("alert", "alerts.symbol", "alert.security", "alerts.menu"),
    Say(name="alert.security", prompt="order.security", then="alert.kind"),
    Menu(
        name="alert.kind",
        prompts=(),
        keys={
            "1": Go(
                then="alert.price",
                values={"kind": AlertKind.AT_OR_ABOVE, "kind_word": "above"},
                prompt="alerts.kind_above",
            ),
            "2": Go(
                then="alert.price",
                values={"kind": AlertKind.AT_OR_BELOW, "kind_word": "below"},
                prompt="alerts.kind_below",
            ),
        },
        on_back="alert.symbol",
        **tries(),
    ),
    Collect(
        name="alert.price",
        prompt="alerts.price_{kind_word}",
        entry=EntryKind.PRICE,
        into="threshold",
        then="alert.confirm",
        on_back="alert.kind",
        **tries("error.price_not_valid"),
    ),
    Confirm(
        name="alert.confirm",
        readback="alerts.readback_{kind_word}",
        prompt="alerts.confirm_set",
        guards=Action.SET_ALERT,
        yes="alert.set",
        no="alerts.unchanged",
        **tries(),
    ),
    Do(
        name="alert.set",
        action=Action.SET_ALERT,
        exits={"done": "alerts.set", "denied": "alerts.denied", "unknown": "alerts.unsure"},
    ),
    Say(name="alerts.set", prompt="alerts.set", then="alerts.menu", must_be_heard=True),
    Say(name="alerts.denied", prompt="alerts.denied", then="alerts.reason", must_be_heard=True),
    Say(name="alerts.reason", prompt="reason.{reason}", then="alerts.menu", must_be_heard=True),
    Say(name="alerts.unsure", prompt="alerts.unsure", then="alerts.menu", must_be_heard=True),
)

STATES: Final[tuple[State, ...]] = (*_LIST, *_REMOVE, *_SET)
