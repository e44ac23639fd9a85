"""The main menu, broad and with the commonest first, and the one behind it.

Words put what is wanted before its key ("to buy, press one": ISO/IEC 13714). One menu of eight
beats two of four, most of all for the elderly (reference: voice menus, broad and deep). Not here:
`0`, `9` and `*`, which mean the same everywhere.
"""

from typing import Final

from gateway.ivr.flow import Do, Fork, Go, Menu, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.wishes import Action
from risk.domain.enums import Side

_ERRANDS: Final = {
    "1": Go(
        then="order.hours",
        values={"side": Side.BUY, "side_word": "buy"},
        prompt="main.buy",
        acts=True,
    ),
    "2": Go(
        then="order.hours",
        values={"side": Side.SELL, "side_word": "sell"},
        prompt="main.sell",
        acts=True,
    ),
    "3": Go(then="cancel.read", prompt="main.cancel", acts=True),
    "4": Go(then="orders.read", prompt="main.orders"),
    "5": Go(then="cash.read", prompt="main.cash"),
    "6": Go(then="positions.read", prompt="main.positions"),
    "7": Go(then="quote.menu", prompt="main.quotes"),
    "8": Go(then="more.menu", prompt="main.more"),
}

STATES: Final[tuple[State, ...]] = (
    Do(
        name="main.hours",
        action=Action.READ_HOURS,
        exits={"open": "main.hint", "closed": "main.closed", "unknown": "main.hint"},
    ),
    Say(name="main.closed", prompt="hours.closed", then="main.opens"),
    Say(name="main.opens", prompt="hours.opens_{opens}", then="main.hint"),
    Say(name="main.hint", prompt="main.hint", then=MENU),
    Fork(
        name=MENU,
        value="caller_kind",
        exits={"usual": "main.choose", "elder": "main.choose_elder"},
    ),
    Menu(name="main.choose", prompts=(), keys=_ERRANDS, **tries()),
    Menu(
        name="main.choose_elder",
        prompts=(("main.agent_first", None),),
        keys=_ERRANDS,
        **tries(),
    ),
    Menu(
        name="more.menu",
        prompts=(),
        keys={
            "1": Go(then="fills.read", prompt="more.fills"),
            "2": Go(then="alerts.menu", prompt="more.alerts", acts=True),
            "3": Go(then="statement.read", prompt="more.statement", acts=True),
            "4": Go(then="pin.old", prompt="more.pin", acts=True),
            "5": Go(then="login.account", prompt="more.account"),
        },
        on_back=MENU,
        **tries(),
    ),
)
