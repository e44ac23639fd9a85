"""Cancel: by order number, or from the newest open order on; what the exchange said, told apart.

Not here: today's orders for hearing only (`today`).
"""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Confirm, Do, Pages, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.wishes import Action

_CHOICE: Final[tuple[State, ...]] = (
    Do(
        name="cancel.read",
        action=Action.READ_OPEN_ORDERS,
        exits={"some": "cancel.count", "none": "cancel.none", "unknown": "cancel.not_known"},
    ),
    Say(name="cancel.none", prompt="cancel.none", then=MENU),
    Say(name="cancel.not_known", prompt="orders.not_known", then=MENU),
    Say(name="cancel.count", prompt="cancel.count", then="cancel.number"),
    Collect(
        name="cancel.number",
        prompt="cancel.number",
        entry=EntryKind.ORDER_NO,
        into="order_no_keyed",
        then="cancel.find",
        on_empty="cancel.choose",
        on_back=MENU,
        **tries("error.entry_not_valid"),
    ),
    Do(
        name="cancel.find",
        action=Action.FIND_ORDER,
        exits={
            "open": "cancel.confirm",
            "closed": "cancel.closed",
            "none": "cancel.no_such_order",
            "unknown": "cancel.not_known",
        },
    ),
    Say(
        name="cancel.no_such_order",
        prompt="cancel.no_such_order",
        then="cancel.number",
        must_be_heard=True,
    ),
    Say(name="cancel.closed", prompt="cancel.closed", then="cancel.closed_how"),
    Say(name="cancel.closed_how", prompt="orders.state_{item_state}", then=MENU),
    Pages(
        name="cancel.choose",
        items="items",
        prompts=("orders.item_{item_side}", "orders.state_{item_state}"),
        ask="cancel.ask",
        pick="cancel.confirm",
        on_end="cancel.no_more",
        on_back="cancel.number",
        **tries(),
    ),
    Say(name="cancel.no_more", prompt="orders.no_more", then=MENU),
)

_SUBMISSION: Final[tuple[State, ...]] = (
    Confirm(
        name="cancel.confirm",
        readback="cancel.readback_{item_side}",
        prompt="cancel.confirm",
        guards=Action.CANCEL_ORDER,
        yes="cancel.submit",
        no="cancel.kept",
        **tries(),
    ),
    Say(name="cancel.kept", prompt="cancel.kept", then=MENU),
    Do(
        name="cancel.submit",
        action=Action.CANCEL_ORDER,
        exits={
            "requested": "cancel.requested",
            "too_late": "cancel.too_late",
            "denied": "cancel.denied",
            "unknown": "cancel.unknown",
        },
    ),
    Say(name="cancel.denied", prompt="cancel.denied", then="cancel.reason", must_be_heard=True),
    Say(name="cancel.reason", prompt="reason.{reason}", then=MENU, must_be_heard=True),
    Say(name="cancel.unknown", prompt="cancel.unknown", then=MENU, must_be_heard=True),
    # while this is heard the exchange answers
    Say(
        name="cancel.requested", prompt="cancel.requested", then="cancel.answer", must_be_heard=True
    ),
    Do(
        name="cancel.answer",
        action=Action.READ_CANCEL,
        exits={
            "canceled": "cancel.done",
            "part_canceled": "cancel.part_done",
            "too_late": "cancel.too_late",
            "refused": "cancel.refused",
            "pending": "cancel.pending",
            "unknown": "cancel.unknown",
        },
    ),
    Say(name="cancel.done", prompt="cancel.done", then=MENU, must_be_heard=True),
    Say(name="cancel.part_done", prompt="cancel.part_done", then=MENU, must_be_heard=True),
    Say(name="cancel.too_late", prompt="cancel.too_late", then=MENU, must_be_heard=True),
    Say(name="cancel.refused", prompt="cancel.refused", then=MENU, must_be_heard=True),
    Say(name="cancel.pending", prompt="cancel.pending", then=MENU, must_be_heard=True),
)

STATES: Final[tuple[State, ...]] = (*_CHOICE, *_SUBMISSION)
