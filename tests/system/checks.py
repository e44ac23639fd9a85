"""What must be so: orders, accounts, quotes and messages, compared with what a line says.

Not here: acts (scenario.py) and what must hold at the end of every scenario (world.py).
"""

from notify.notices import Route
from risk.domain.fixedpoint import format_e4
from tests.system.words import (
    ScenarioFailed,
    Words,
    account_no,
    must,
    must_contain,
    must_equal,
    pairs,
    positions,
    without_positions,
)
from tests.system.world import World


class Checks:
    """Looks at a world. Every check raises ScenarioFailed that says what was found."""

    def __init__(self, world: World) -> None:
        self._world = world

    def order(self, words: Words) -> None:
        """`order 1 partially_filled 100 of 300 fees 5.01`."""
        number, status, *rest = words
        view = self._world.life.heart.queries.order(self._world.cl_ord_id(int(number)))
        if view is None:
            raise ScenarioFailed(f"there is no order {number} today")
        must_equal(view.ord_status.name.lower(), status)
        if len(rest) >= 3 and rest[1] == "of":
            must_equal(f"{view.cum_qty} of {view.qty}", " ".join(rest[:3]))
            rest = rest[3:]
        if rest:
            must_equal(format_e4(view.fees_e4), pairs(rest, "fees")["fees"])

    def account(self, account: str, words: Words) -> None:
        """`account A1 cash 1.00 frozen 0.00 position 600000 400 sellable 0`."""
        queries, number = self._world.life.heart.queries, account_no(account)
        view = queries.account(number)
        must(view is not None, f"{account} does not exist")
        said = pairs(without_positions(words), "cash frozen free unsettled withdrawable")
        for name, value in said.items():
            found = format_e4(getattr(view, f"{name}_e4"))
            must(found == value, f"{name} of {account} is {found}, not {value}")
        held = {view.symbol: view for view in queries.positions(number)}
        for symbol, qty, sellable in positions(words):
            position = held.get(symbol)
            found_qty = position.qty if position else 0
            must(found_qty == qty, f"{account} has {found_qty} of {symbol}, not {qty}")
            found_sellable = position.sellable_qty if position else 0
            if sellable is not None:
                must(found_sellable == sellable, f"{found_sellable} of them are sellable")

    def quote(self, words: Words) -> None:
        """`quote 600000 bid 10.00 ask 10.02 last 10.01`."""
        quote = self._world.life.heart.queries.quote(words[0])
        for name, value in pairs(words[1:], "bid ask last").items():
            must_equal(format_e4(getattr(quote, f"{name}_e4")), value)

    def message(self, route: Route, recipient: str, words: Words, known: set[int]) -> set[int]:
        """Return the place of the oldest message not `known` yet, which must contain the words."""
        unread = [
            (place, message)
            for place, message in enumerate(self._world.messages)
            if (message.route, message.recipient) == (route, recipient) and place not in known
        ]
        if words == ["nothing"]:
            must(not unread, f"there is more: {[one[1].text for one in unread]}")
            return set()
        must(bool(unread), "nothing more has come")
        place, message = unread[0]
        for word in words[1:]:
            must_contain(f"{message.subject}\n{message.text}", word)
        return {place}
