"""Buy or sell: code, price, quantity, read-back, confirmation, and what became of it.

What the rules would deny is told at the field that breaks them, in the reason's own words. Not
here: the rules (risk.core), finding a security (`find_security`).
"""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Confirm, Do, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.flows.find_security import find_security
from gateway.ivr.wishes import Action

_HOURS: Final[tuple[State, ...]] = (
    Do(
        name="order.hours",
        action=Action.READ_HOURS,
        exits={"open": "order.symbol", "closed": "order.closed", "unknown": "order.not_now"},
    ),
    Say(name="order.closed", prompt="hours.no_orders", then="order.opens", must_be_heard=True),
    Say(name="order.opens", prompt="hours.opens_{opens}", then=MENU, must_be_heard=True),
    Say(name="order.not_now", prompt="order.not_now", then=MENU, must_be_heard=True),
)

_FIELDS: Final[tuple[State, ...]] = (
    Do(
        name="order.check_security",
        action=Action.CHECK_SECURITY,
        exits={"ok": "order.security", "barred": "order.barred", "not_now": "order.not_now"},
    ),
    Say(name="order.barred", prompt="order.barred", then="order.barred_why", must_be_heard=True),
    Say(name="order.barred_why", prompt="reason.{reason}", then=MENU, must_be_heard=True),
    Say(name="order.security", prompt="order.security", then="order.quote"),
    Do(
        name="order.quote",
        action=Action.READ_QUOTE,
        exits={
            "fresh": "order.last",
            "old": "order.last_old",
            "no_trade": "order.last_close",
            "not_now": "order.not_now",
        },
    ),
    Say(name="order.last", prompt="order.last", then="order.price"),
    Say(name="order.last_old", prompt="order.last_old", then="order.price"),
    Say(name="order.last_close", prompt="order.last_close", then="order.price"),
    Collect(
        name="order.price",
        prompt="order.price_{side_word}",
        entry=EntryKind.PRICE,
        into="price",
        then="order.check_price",
        on_back="order.symbol",
        **tries("error.price_not_valid"),
    ),
    Do(
        name="order.check_price",
        action=Action.CHECK_PRICE,
        exits={"ok": "order.qty", "barred": "order.price_why", "not_now": "order.not_now"},
    ),
    Say(name="order.price_why", prompt="reason.{reason}", then="order.price", must_be_heard=True),
    Collect(
        name="order.qty",
        prompt="order.qty_{side_word}",
        entry=EntryKind.QTY,
        into="qty",
        then="order.check_qty",
        on_back="order.price",
        **tries("error.qty_not_valid"),
    ),
    Do(
        name="order.check_qty",
        action=Action.CHECK_QTY,
        exits={"ok": "order.confirm", "barred": "order.qty_why", "not_now": "order.not_now"},
    ),
    Say(name="order.qty_why", prompt="reason.{reason}", then="order.qty", must_be_heard=True),
)

_SUBMISSION: Final[tuple[State, ...]] = (
    Confirm(
        name="order.confirm",
        readback="order.readback_{side_word}",
        prompt="order.confirm",
        guards=Action.SUBMIT_ORDER,
        yes="order.submit",
        no="order.dropped",
        **tries(),
    ),
    Say(name="order.dropped", prompt="order.dropped", then=MENU),
    Do(
        name="order.submit",
        action=Action.SUBMIT_ORDER,
        exits={"accepted": "order.accepted", "denied": "order.denied", "unknown": "order.unknown"},
    ),
    Say(name="order.accepted", prompt="order.accepted", then=MENU, must_be_heard=True),
    Say(name="order.denied", prompt="order.denied", then="order.reason", must_be_heard=True),
    Say(name="order.reason", prompt="reason.{reason}", then=MENU, must_be_heard=True),
    Say(name="order.unknown", prompt="order.unknown", then=MENU, must_be_heard=True),
)

STATES: Final[tuple[State, ...]] = (
    *_HOURS,
    *find_security("order", "order.symbol_{side_word}", "order.check_security"),
    *_FIELDS,
    *_SUBMISSION,
)
