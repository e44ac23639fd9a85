"""A call flow with every word of the language, small enough to be read whole: for tests of the
engine, so that they do not change with the product's flows. Its prompts are named after states.
"""

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import (
    RESUME,
    CallFlow,
    Collect,
    Confirm,
    Do,
    Fork,
    Go,
    Hangup,
    Menu,
    Notices,
    Pages,
    Say,
    State,
    Transfer,
)
from gateway.ivr.wishes import OUTCOMES, Action
from risk.domain.enums import Language, Side
from tests.builders.visits import Answers, ScriptedVisit

ORDERS = tuple(
    {"item_id": f"id{n}", "item_no": n, "item_side": "buy", "item_symbol": "600000", "item_left": n}
    for n in range(1, 6)
)
NOTICES = ({"item_no": 1}, {"item_no": 2})
ENDING = {"say_invalid": "wrong", "say_timeout": "late", "on_tries_used": "bye"}


def a_field(name: str, entry: EntryKind, then: str, on_back: str, **more: object) -> Collect:
    """An entry that goes into a value of its own name."""
    return Collect(
        name=name,
        prompt=name,
        entry=entry,
        into=more.pop("into", name),  # type: ignore[arg-type]
        then=then,
        on_back=on_back,
        **ENDING,
        **more,  # type: ignore[arg-type]
    )


def a_do(name: str, action: Action, then: str = "menu") -> Do:
    """An action all of whose outcomes lead to one state."""
    return Do(name=name, action=action, exits=dict.fromkeys(OUTCOMES[action], then))


BUY = Go(then="symbol", values={"side": Side.BUY, "side_word": "buy"}, prompt="buy", acts=True)
STATES: tuple[State, ...] = (
    Fork(name="line", value="line_languages", exits={"both": "language", "one": "terms"}),
    Menu(
        name="language",
        prompts=(("language", Language.ZH), ("language", Language.EN)),
        keys={
            "1": Go(then="terms", values={"language": Language.ZH}),
            "2": Go(then="terms", values={"language": Language.EN}),
        },
        **ENDING,
    ),
    Say(name="terms", prompt="terms", then="account_no", must_be_heard=True),
    a_field("account_no", EntryKind.ACCOUNT, "pin", "line"),
    a_field("pin", EntryKind.PIN, "verify", "account_no", is_secret=True),
    Do(
        name="verify",
        action=Action.VERIFY_PIN,
        exits={"ok": "notices", "refused": "refused", "locked_out": "bye", "busy": "bye"},
        failing=("refused",),
        on_tries_used="bye",
    ),
    Say(name="refused", prompt="refused", then="account_no", must_be_heard=True),
    Notices(name="notices", items="notices", prompt="notice", proof=Action.READ_CASH, then="menu"),
    Menu(
        name="menu",
        prompts=(("menu", None),),
        keys={
            "1": BUY,
            "2": Go(then="cash", prompt="ask_cash"),
            "3": Go(then="open_orders", prompt="ask_orders", acts=True),
            "4": Go(then="pin_old", prompt="ask_pin", acts=True),
            "5": Go(then="all", prompt="ask_all"),
        },
        on_back="account_no",
        **ENDING,
    ),
    a_do("cash", Action.READ_CASH, "told"),
    Say(name="told", prompt="told", then="menu"),
    a_field("symbol", EntryKind.CODE, "price", "menu", on_empty="initials"),
    a_field("initials", EntryKind.INITIALS, "symbol", "symbol"),
    a_field("price", EntryKind.PRICE, "qty", "symbol"),
    a_field("qty", EntryKind.QTY, "sure", "price"),
    Confirm(
        name="sure",
        readback="readback_{side_word}",
        prompt="sure",
        guards=Action.SUBMIT_ORDER,
        yes="submit",
        no="menu",
        **ENDING,
    ),
    a_do("submit", Action.SUBMIT_ORDER, "accepted"),
    Say(name="accepted", prompt="accepted", then="menu", must_be_heard=True),
    a_do("open_orders", Action.READ_OPEN_ORDERS, "pages"),
    Pages(
        name="pages",
        items="items",
        prompts=("item", "item_more"),
        ask="ask_page",
        at_once=2,
        pick="cancel_sure",
        on_end="menu",
        on_back="menu",
        **ENDING,
    ),
    Confirm(
        name="cancel_sure",
        readback="cancel_readback",
        prompt="sure",
        guards=Action.CANCEL_ORDER,
        yes="cancel",
        no="menu",
        **ENDING,
    ),
    a_do("cancel", Action.CANCEL_ORDER),
    a_do("all", Action.READ_ORDERS, "listed"),
    Pages(
        name="listed",
        items="items",
        prompts=("item",),
        ask="ask_list",
        on_end="menu",
        on_back="menu",
        **ENDING,
    ),
    a_field("pin_old", EntryKind.PIN, "pin_new", "menu", is_secret=True),
    a_field("pin_new", EntryKind.PIN, "pin_sure", "pin_old", is_secret=True),
    Confirm(
        name="pin_sure",
        readback="pin_readback",
        prompt="sure",
        guards=Action.SEND_STATEMENT,
        yes="pin_change",
        no="menu",
        **ENDING,
    ),
    a_do("pin_change", Action.SEND_STATEMENT),  # stands for any change that needs secrets
    Transfer(
        name="agent",
        prompt="agent",
        on_served=RESUME,
        on_no_agent="nobody",
        on_queue_left=RESUME,
        queue="desk",
    ),
    Say(name="nobody", prompt="nobody", then=RESUME, must_be_heard=True),
    Hangup(name="bye", prompt="bye"),
)
A_FLOW = CallFlow("line", STATES, agent="agent")
ANSWERS: Answers = {
    Action.VERIFY_PIN: ("ok", {"verified_account_no": "100200300", "notices": ()}),
    Action.READ_CASH: ("ok", {"free": 5}),
    Action.SUBMIT_ORDER: ("accepted", {"order_no": 10_088, "cl_ord_id": "c1"}),
    Action.READ_OPEN_ORDERS: ("some", {"items": ORDERS}),
    Action.READ_ORDERS: ("some", {"items": ORDERS[:2]}),
    Action.CANCEL_ORDER: ("requested", {}),
    Action.SEND_STATEMENT: ("requested", {}),
}


def a_visit(script: str = "", answers: Answers = ANSWERS, **more: object) -> ScriptedVisit:
    """A call in the small flow, after a script."""
    return ScriptedVisit(answers, A_FLOW, **more).run(script)  # type: ignore[arg-type]
