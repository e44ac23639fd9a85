"""Quotes by code or initials, and the indices. Not here: alerts on prices (`alerts`)."""

from typing import Final

from gateway.ivr.flow import Do, Go, Menu, Pages, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.flows.find_security import find_security
from gateway.ivr.wishes import Action

_SECURITY: Final[tuple[State, ...]] = (
    Menu(
        name="quote.menu",
        prompts=(),
        keys={
            "1": Go(then="quote.symbol", prompt="quote.menu_security"),
            "2": Go(then="quote.indices", prompt="quote.menu_index"),
        },
        on_back=MENU,
        **tries(),
    ),
    *find_security("quote", "quote.symbol", "quote.read", "quote.menu"),
    Do(
        name="quote.read",
        action=Action.READ_QUOTE,
        exits={
            "fresh": "quote.told",
            "old": "quote.as_of",
            "no_trade": "quote.no_trade",
            "not_now": "quote.find_failed",
        },
    ),
    Say(name="quote.no_trade", prompt="quote.no_trade", then="quote.symbol"),
    Say(name="quote.as_of", prompt="quote.as_of", then="quote.told"),
    Say(name="quote.told", prompt="quote.told_{moved}", then="quote.range"),
    Say(name="quote.range", prompt="quote.range_{range_known}", then="quote.symbol"),
)

_INDICES: Final[tuple[State, ...]] = (
    Do(
        name="quote.indices",
        action=Action.READ_INDICES,
        exits={"some": "index.list", "none": "index.none", "not_now": "quote.find_failed"},
    ),
    Say(name="index.none", prompt="index.none", then="quote.menu"),
    Pages(
        name="index.list",
        items="items",
        prompts=("index.item_{item_moved}",),
        ask="list.ask",
        on_end="index.no_more",
        on_back="quote.menu",
        **tries(),
    ),
    Say(name="index.no_more", prompt="index.no_more", then="quote.menu"),
)

STATES: Final[tuple[State, ...]] = (*_SECURITY, *_INDICES)
