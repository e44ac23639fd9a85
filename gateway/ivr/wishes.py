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
    ADMIT_CALLER = "admit_caller"
    READ_NOTICES = "read_notices"
    MARK_HEARD = "mark_heard"
    READ_PEOPLE = "read_people"
    FIND_SECURITY = "find_security"
    SEARCH_INITIALS = "search_initials"
    READ_HOURS = "read_hours"
    CHECK_SECURITY = "check_security"
    CHECK_PRICE = "check_price"
    CHECK_QTY = "check_qty"
    SUBMIT_ORDER = "submit_order"
    READ_LAST_ORDER = "read_last_order"
    READ_ORDERS = "read_orders"
    READ_OPEN_ORDERS = "read_open_orders"
    FIND_ORDER = "find_order"
    CANCEL_ORDER = "cancel_order"
    READ_CANCEL = "read_cancel"
    READ_FILLS = "read_fills"
    READ_CASH = "read_cash"
    READ_POSITIONS = "read_positions"
    READ_QUOTE = "read_quote"
    READ_INDICES = "read_indices"
    READ_ALERTS = "read_alerts"
    SET_ALERT = "set_alert"
    REMOVE_ALERT = "remove_alert"
    READ_CONTACT = "read_contact"
    SEND_STATEMENT = "send_statement"
    CHANGE_PIN = "change_pin"


# Outcomes a `Do` must have an exit for, and the values an action brings to later prompts.
OUTCOMES: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.VERIFY_PIN: ("ok", "refused", "locked_out", "busy"),
    Action.ADMIT_CALLER: ("allowed", "query_only", "refused", "busy"),
    Action.READ_NOTICES: ("some", "none", "unknown"),
    Action.MARK_HEARD: ("ok", "unknown"),
    Action.READ_PEOPLE: ("closed", "busy"),
    Action.FIND_SECURITY: ("ok", "unknown", "not_now"),
    Action.SEARCH_INITIALS: ("one", "some", "none", "not_now"),
    Action.READ_HOURS: ("open", "closed", "unknown"),
    Action.CHECK_SECURITY: ("ok", "barred", "not_now"),
    Action.CHECK_PRICE: ("ok", "barred", "not_now"),
    Action.CHECK_QTY: ("ok", "barred", "not_now"),
    Action.SUBMIT_ORDER: ("accepted", "denied", "unknown"),
    Action.READ_LAST_ORDER: ("accepted", "denied", "unknown", "cut_off", "none"),
    Action.READ_ORDERS: ("some", "none", "unknown"),
    Action.READ_OPEN_ORDERS: ("some", "none", "unknown"),
    Action.FIND_ORDER: ("open", "closed", "none", "unknown"),
    Action.CANCEL_ORDER: ("requested", "too_late", "denied", "unknown"),
    Action.READ_CANCEL: (
        *("canceled", "part_canceled", "too_late", "refused", "pending", "unknown"),
    ),
    Action.READ_FILLS: ("some", "none", "unknown"),
    Action.READ_CASH: ("ok", "unknown"),
    Action.READ_POSITIONS: ("some", "none", "unknown"),
    Action.READ_QUOTE: ("fresh", "old", "no_trade", "not_now"),
    Action.READ_INDICES: ("some", "none", "not_now"),
    Action.READ_ALERTS: ("some", "none", "unknown"),
    Action.SET_ALERT: ("done", "denied", "unknown"),
    Action.REMOVE_ALERT: ("removed", "denied", "unknown"),
    Action.READ_CONTACT: ("both", "sms", "mail", "none", "unknown"),
    Action.SEND_STATEMENT: ("requested", "denied", "unknown"),
    Action.CHANGE_PIN: ("changed", "differ", "weak", "refused", "locked_out", "unknown"),
}
_ORDER: Final = (
    *("item_id", "item_no", "item_side", "item_security", "item_symbol", "item_qty"),
    *("item_price", "item_filled", "item_left", "item_state"),
)
_LIST: Final = ("items", "item_count")
_AS_OF: Final = ("as_of_day", "as_of")
# A `reason` comes with the figures that its words name.
BRINGS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.VERIFY_PIN: ("verified_account_no",),
    Action.ADMIT_CALLER: ("is_elder", "caller_kind", "is_query_only", "client_branch_code"),
    Action.READ_NOTICES: ("notice_no", "notice_line", "is_last_line", *_LIST),
    Action.MARK_HEARD: (),
    Action.READ_PEOPLE: ("people_day", "people_at"),
    Action.FIND_SECURITY: ("symbol", "security", "measure"),
    Action.SEARCH_INITIALS: ("symbol", "security", "measure", *_LIST),
    Action.READ_HOURS: ("opens", "opens_day", "opens_at"),
    Action.CHECK_SECURITY: ("reason",),
    Action.CHECK_PRICE: ("reason", "most"),
    Action.CHECK_QTY: ("reason",),
    Action.SUBMIT_ORDER: ("order_no", "cl_ord_id", "reason"),
    Action.READ_LAST_ORDER: (*_ORDER, "reason"),
    Action.READ_ORDERS: (*_ORDER, *_LIST),
    Action.READ_OPEN_ORDERS: (*_ORDER, *_LIST),
    Action.FIND_ORDER: _ORDER,
    Action.CANCEL_ORDER: ("cl_ord_id", "reason"),
    Action.READ_CANCEL: ("cancel_filled", "cancel_left"),
    Action.READ_FILLS: (
        *("item_no", "item_side", "item_security", "item_symbol", "item_qty", "item_price"),
        *("item_at", *_LIST),
    ),
    Action.READ_CASH: ("free", "frozen", "withdrawable", "total"),
    Action.READ_POSITIONS: (
        *("item_security", "item_symbol", "item_qty", "item_sellable", "item_cost", "item_last"),
        *("item_gain", "item_value", *_AS_OF, *_LIST),
    ),
    Action.READ_QUOTE: (
        *("last", "moved", "change", "change_rate", "range_known", "high", "low", "volume"),
        *("prev_close", *_AS_OF),
    ),
    Action.READ_INDICES: (
        *("item_security", "item_last", "item_change", "item_rate", "item_moved"),
        *(*_AS_OF, *_LIST),
    ),
    Action.READ_ALERTS: ("item_no", "item_kind", "item_security", "item_price", *_LIST),
    Action.SET_ALERT: ("reason",),
    Action.REMOVE_ALERT: ("reason",),
    Action.READ_CONTACT: ("mobile_tail", "mail_initial", "form", "form_word"),
    Action.SEND_STATEMENT: ("reason",),
    Action.CHANGE_PIN: ("pin_rule",),
}
# Actions that change something, and the values a read-back must have spoken before each.
READ_BACK: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.SUBMIT_ORDER: ("side_word", "symbol", "qty", "price"),
    Action.CANCEL_ORDER: ("item_side", "item_symbol", "item_no", "item_left"),
    Action.SET_ALERT: ("kind_word", "symbol", "threshold"),
    Action.REMOVE_ALERT: ("item_kind", "item_security", "item_price"),
    Action.SEND_STATEMENT: ("form_word",),
    Action.CHANGE_PIN: ("verified_account_no",),
}
ACTING: Final = frozenset(READ_BACK)
# Values an action cannot do without; lint proves that every way to it brings them.
_VERIFIED: Final = ("verified_account_no",)
NEEDS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.VERIFY_PIN: ("account_no",),
    Action.ADMIT_CALLER: _VERIFIED,
    Action.READ_NOTICES: (*_VERIFIED, "client_branch_code"),
    Action.MARK_HEARD: (*_VERIFIED, "notice_no", "is_last_line"),
    Action.READ_PEOPLE: ("line_queue",),
    Action.FIND_SECURITY: ("symbol",),
    Action.SEARCH_INITIALS: ("initials",),
    Action.READ_HOURS: (),
    Action.CHECK_SECURITY: (*_VERIFIED, "side", "symbol"),
    Action.CHECK_PRICE: (*_VERIFIED, "side", "symbol", "price", "measure"),
    Action.CHECK_QTY: (*_VERIFIED, "side", "symbol", "price", "qty"),
    Action.SUBMIT_ORDER: (*_VERIFIED, "side", "symbol", "qty", "price"),
    Action.READ_LAST_ORDER: _VERIFIED,
    Action.READ_ORDERS: _VERIFIED,
    Action.READ_OPEN_ORDERS: _VERIFIED,
    Action.FIND_ORDER: (*_VERIFIED, "order_no_keyed"),
    Action.CANCEL_ORDER: (*_VERIFIED, "item_id"),
    Action.READ_CANCEL: (*_VERIFIED, "item_id"),
    Action.READ_FILLS: _VERIFIED,
    Action.READ_CASH: _VERIFIED,
    Action.READ_POSITIONS: _VERIFIED,
    Action.READ_QUOTE: ("symbol",),
    Action.READ_INDICES: (),
    Action.READ_ALERTS: _VERIFIED,
    Action.SET_ALERT: (*_VERIFIED, "kind", "symbol", "threshold"),
    Action.REMOVE_ALERT: (*_VERIFIED, "item_no"),
    Action.READ_CONTACT: _VERIFIED,
    Action.SEND_STATEMENT: (*_VERIFIED, "form"),
    Action.CHANGE_PIN: _VERIFIED,
}
