"""A statement's figures and rows as text in the customer's language.

Not here: sentences and tables (config/templates), gathering the figures (risk.core.statements).
"""

from collections.abc import Callable

from notify import phrases
from notify.phrases import SecurityNames
from risk.domain.enums import Language
from risk.domain.service_events import StatementRequested

NameOf = Callable[[str], SecurityNames | None]
Figures = dict[str, str | bool | list[dict[str, str]]]


def figures(statement: StatementRequested, language: Language, name_of: NameOf) -> Figures:
    """Return what the templates of a statement may name."""

    def security(symbol: str) -> str:
        return phrases.security(language, symbol, name_of(symbol))

    def quantity(qty: int) -> str:
        return phrases.quantity(language, qty)

    shown = len(statement.positions), len(statement.orders), len(statement.fills)
    there_are = statement.position_count, statement.order_count, statement.fill_count
    return {
        "cash": phrases.price(statement.cash_e4),
        "frozen": phrases.price(statement.frozen_e4),
        "free": phrases.price(statement.free_e4),
        "withdrawable": phrases.price(statement.withdrawable_e4),
        "market_value": phrases.price(statement.market_value_e4),
        "total": phrases.price(statement.cash_e4 + statement.market_value_e4),
        "position_count": quantity(statement.position_count),
        "order_count": quantity(statement.order_count),
        "fill_count": quantity(statement.fill_count),
        "bought": phrases.price(statement.bought_e4),
        "sold": phrases.price(statement.sold_e4),
        "fees": phrases.price(statement.fees_e4),
        "is_cut": shown != there_are,
        "positions": [
            {
                "security": security(row.symbol),
                "qty": quantity(row.qty),
                "sellable_qty": quantity(row.sellable_qty),
                "cost": phrases.price(row.cost_e4),
                "price": phrases.price(row.price_e4),
                "value": phrases.price(row.qty * row.price_e4),
                "profit": phrases.price(row.qty * row.price_e4 - row.cost_e4),
            }
            for row in statement.positions
        ],
        "orders": [
            {
                "order_no": str(row.order_no),
                "security": security(row.symbol),
                "side": phrases.SIDES[language, row.side],
                "qty": quantity(row.qty),
                "cum_qty": quantity(row.cum_qty),
                "price": phrases.price(row.price_e4),
                "status": phrases.ord_status(language, row.ord_status),
                "time": phrases.moment(language, row.accepted_ns),
            }
            for row in statement.orders
        ],
        "fills": [
            {
                "order_no": str(row.order_no),
                "security": security(row.symbol),
                "side": phrases.SIDES[language, row.side],
                "qty": quantity(row.last_qty),
                "price": phrases.price(row.last_px_e4),
                "amount": phrases.price(row.last_qty * row.last_px_e4),
                "fees": phrases.price(row.fees_e4),
                "time": phrases.moment(language, row.transact_ns),
            }
            for row in statement.fills
        ],
    }
