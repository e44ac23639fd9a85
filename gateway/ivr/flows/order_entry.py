"""Buy or sell: code, price, quantity, read-back, confirmation, and what became of it.

A closed market, like every other denial, is told by the reason's own words.
"""

from typing import Final

from gateway.ivr.entry import EntryKind
from gateway.ivr.flow import Collect, Confirm, Do, Say, State
from gateway.ivr.wishes import Action

STATES: Final[tuple[State, ...]] = (
    Collect(
        name="order.symbol",
        prompt="order.symbol_{side_word}",
        entry=EntryKind.CODE,
        into="symbol",
        then="order.find",
        on_back="main.menu",
        say_invalid="error.code_not_valid",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Do(
        name="order.find",
        action=Action.FIND_SECURITY,
        exits={
            "ok": "order.security",
            "unknown": "order.no_such_security",
            "not_now": "order.not_now",
        },
        failing=("unknown",),
        on_tries_used="bye.tries_used",
    ),
    Say(
        name="order.no_such_security",
        prompt="order.no_such_security",
        then="order.symbol",
        must_be_heard=True,
    ),
    Say(name="order.not_now", prompt="order.not_now", then="main.menu", must_be_heard=True),
    Say(name="order.security", prompt="order.security", then="order.price"),
    Collect(
        name="order.price",
        prompt="order.price",
        entry=EntryKind.PRICE,
        into="price",
        then="order.qty",
        on_back="order.symbol",
        say_invalid="error.price_not_valid",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Collect(
        name="order.qty",
        prompt="order.qty",
        entry=EntryKind.QTY,
        into="qty",
        then="order.confirm",
        on_back="order.price",
        say_invalid="error.qty_not_valid",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Confirm(
        name="order.confirm",
        readback="order.readback_{side_word}",
        prompt="order.confirm",
        yes="order.submit",
        no="order.dropped",
        say_invalid="error.not_a_choice",
        say_timeout="error.nothing_keyed",
        on_tries_used="bye.tries_used",
    ),
    Say(name="order.dropped", prompt="order.dropped", then="main.menu"),
    Do(
        name="order.submit",
        action=Action.SUBMIT_ORDER,
        exits={
            "accepted": "order.accepted",
            "denied": "order.denied",
            "unknown": "order.unknown",
        },
    ),
    Say(name="order.accepted", prompt="order.accepted", then="main.menu", must_be_heard=True),
    Say(name="order.denied", prompt="order.denied", then="order.reason", must_be_heard=True),
    Say(name="order.reason", prompt="reason.{reason}", then="main.menu", must_be_heard=True),
    Say(name="order.unknown", prompt="order.unknown", then="main.menu", must_be_heard=True),
)
