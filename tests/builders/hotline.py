"""A scripted caller in the product's own flow, with a gateway that says yes to everything."""

from collections.abc import Mapping

from gateway.ivr.entry import CHINA, KeyProfile
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty
from risk.domain.enums import StatementForm
from tests.builders.visits import START, Answers, ScriptedVisit

ORDER_ITEM: Mapping[str, object] = {
    "item_id": "261123000042",
    "item_no": 42,
    "item_side": "sell",
    "item_security": "中行转债",
    "item_symbol": "113001",
    "item_qty": Qty(20, "bond"),
    "item_price": 1_005_000,
    "item_filled": Qty(2, "bond"),
    "item_left": Qty(18, "bond"),
    "item_state": "part",
}
FILL_ITEM: Mapping[str, object] = {
    "item_no": 42,
    "item_side": "buy",
    "item_security": "浦发银行",
    "item_symbol": "600000",
    "item_qty": Qty(200),
    "item_price": 100_500,
    "item_at": "1005",
}
HOLDING: Mapping[str, object] = {
    "item_security": "浦发银行",
    "item_symbol": "600000",
    "item_qty": Qty(300),
    "item_sellable": Qty(200),
    "item_cost": 98_000,
    "item_last": 100_500,
    "item_gain": 750_000,
    "item_value": "gain_old",
    "as_of_day": 20261123,
    "as_of": "1130",
}
INDEX: Mapping[str, object] = {
    "item_security": "上证指数",
    "item_last": 32_001_200,
    "item_change": 120_000,
    "item_rate": 38,
    "item_moved": "down_old",
    "as_of_day": 20261123,
    "as_of": "1130",
}
ALERT: Mapping[str, object] = {
    "item_no": 7,
    "item_kind": "above",
    "item_security": "浦发银行",
    "item_price": 110_000,
}
SECURITY: Mapping[str, object] = {"symbol": "600000", "security": "浦发银行", "measure": "share"}
NOTICE: Mapping[str, object] = {
    "notice_no": "margin-1",
    "notice_line": "您的担保比例低于预警线。",
    "is_last_line": False,
}
ADMITTED: Mapping[str, object] = {
    "is_elder": False,
    "caller_kind": "usual",
    "is_query_only": False,
    "client_branch_code": "31001",
}
REASON: Mapping[str, object] = {"reason": "off_lot", "lot": 100}


def a_list(*items: Mapping[str, object]) -> Mapping[str, object]:
    """What an action brings that found a list."""
    return {"items": items, "item_count": len(items)}


GOOD: Answers = {
    Action.VERIFY_PIN: ("ok", {"verified_account_no": "100200300"}),
    Action.ADMIT_CALLER: (
        "allowed",
        ADMITTED,
    ),
    Action.READ_NOTICES: ("none", a_list(NOTICE, {**NOTICE, "is_last_line": True})),
    Action.MARK_HEARD: ("ok", {}),
    Action.READ_PEOPLE: ("busy", {"people_day": 20261124, "people_at": "0830"}),
    Action.CHANGE_PIN: ("changed", {"pin_rule": "birthday"}),
    Action.FIND_SECURITY: ("ok", {"security": "浦发银行", "measure": "share"}),
    Action.SEARCH_INITIALS: ("one", {**SECURITY, **a_list(SECURITY, SECURITY)}),
    Action.READ_HOURS: ("open", {"opens": "today", "opens_day": 20261123, "opens_at": "0915"}),
    Action.CHECK_SECURITY: ("ok", REASON),
    Action.CHECK_PRICE: ("ok", {**REASON, "most": Qty(1_000)}),
    Action.CHECK_QTY: ("ok", REASON),
    Action.SUBMIT_ORDER: ("accepted", {**REASON, "order_no": 10_088, "cl_ord_id": "261123010088"}),
    Action.READ_LAST_ORDER: ("none", {**ORDER_ITEM, **REASON}),
    Action.READ_ORDERS: ("some", a_list(ORDER_ITEM, ORDER_ITEM)),
    Action.READ_OPEN_ORDERS: ("some", a_list(ORDER_ITEM, ORDER_ITEM)),
    Action.FIND_ORDER: ("open", ORDER_ITEM),
    Action.CANCEL_ORDER: ("requested", {**REASON, "cl_ord_id": "261123000042"}),
    Action.READ_CANCEL: (
        "part_canceled",
        {"cancel_filled": Qty(2, "bond"), "cancel_left": Qty(18, "bond")},
    ),
    Action.READ_FILLS: ("some", a_list(FILL_ITEM, FILL_ITEM)),
    Action.READ_CASH: (
        "ok",
        {"free": 12_345_600, "frozen": 0, "withdrawable": 10_000, "total": 12_345_600},
    ),
    Action.READ_POSITIONS: ("some", a_list(HOLDING, HOLDING)),
    Action.READ_QUOTE: (
        "old",
        {
            "last": 100_500,
            "moved": "up",
            "change": 500,
            "change_rate": 50,
            "range_known": "known",
            "high": 101_000,
            "low": 99_000,
            "volume": Qty(1_234_500),
            "prev_close": 100_000,
            "as_of_day": 20261123,
            "as_of": "1130",
        },
    ),
    Action.READ_INDICES: ("some", a_list(INDEX, INDEX)),
    Action.READ_ALERTS: ("some", a_list(ALERT, ALERT)),
    Action.SET_ALERT: ("done", REASON),
    Action.REMOVE_ALERT: ("removed", REASON),
    Action.READ_CONTACT: (
        "both",
        {
            "mobile_tail": "1234",
            "mail_initial": "z",
            "form": StatementForm.SMS,
            "form_word": "sms",
        },
    ),
    Action.SEND_STATEMENT: ("requested", REASON),
}


class HotlineVisit(ScriptedVisit):
    """A call in the hotline."""

    def __init__(
        self,
        answers: Answers = GOOD,
        answers_late: bool = False,
        profile: KeyProfile = CHINA,
        start: Mapping[str, object] = START,
    ) -> None:
        super().__init__(answers, HOTLINE, answers_late, profile, start)
