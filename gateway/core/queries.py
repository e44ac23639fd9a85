"""The read side for doors: accounts, positions, orders, fills and quotes as of now.

Everything is a copy. A read may show what a command did some milliseconds before that is durable;
after a failure every read fails, because the book may then be ahead of the disk for good.
Not here: who may see what (each door checks the account first).
"""

from gateway.core.ports import AcceptanceStopped
from gateway.core.sequencer import Sequencer
from risk.book import views
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import AccountView, AlertView, FillOfDay, FillView, OrderView, PositionView
from risk.domain.ids import NS
from risk.domain.instrument import Instrument
from risk.domain.orders import OpenOrder


class Queries:
    """Questions about the book. Every one raises AcceptanceStopped after a failure."""

    def __init__(self, book: AccountBook, sequencer: Sequencer) -> None:
        self._book = book
        self._sequencer = sequencer

    @property
    def day(self) -> int:
        """The trading day, yyyymmdd; 0 before the first."""
        return self._sound().day

    def account(self, account_no: str) -> AccountView | None:
        """Return an account's cash, None when it is unknown."""
        return views.account_view(self._sound(), account_no)

    def branch_of(self, account_no: str) -> str:
        """Return the branch an account belongs to, empty when there is no such account."""
        book = self._sound()
        row = book.accounts.row_of(account_no)
        return book.branches.branch_code[book.accounts.at.branch_row[row]] if row else ""

    def positions(self, account_no: str) -> list[PositionView]:
        """Return an account's holdings by symbol."""
        return views.positions_of(self._sound(), account_no)

    def sellable_qty(self, account_no: str, symbol: str) -> int:
        """Return how many shares an account may sell now, 0 when either is unknown."""
        return views.sellable_qty(self._sound(), account_no, symbol)

    def orders(self, account_no: str, limit: int = views.ORDERS_MAX) -> list[OrderView]:
        """Return an account's orders of the day, the newest first, at most `limit`."""
        return views.orders_of(self._sound(), account_no, limit)

    def order(self, cl_ord_id: str) -> OrderView | None:
        """Return an order of this or the last trading day, None when it is unknown."""
        return views.order_of(self._sound(), cl_ord_id)

    def open_orders(self) -> list[OpenOrder]:
        """Return every open order of the firm, oldest first."""
        return views.open_orders(self._sound())

    def fills(self, cl_ord_id: str) -> list[FillView]:
        """Return the fills of an order, the newest first."""
        return views.fills_of(self._sound(), cl_ord_id)

    def fills_today(self, account_no: str, limit: int = views.FILLS_MAX) -> list[FillOfDay]:
        """Return the fills of an account's orders of the day, the newest first."""
        return views.fills_today(self._sound(), account_no, limit)

    def alerts(self, account_no: str) -> list[AlertView]:
        """Return an account's price alerts, the newest first."""
        return views.alerts_of(self._sound(), account_no)

    def quote(self, symbol: str) -> Quote | None:
        """Return the latest prices (0 = none yet), None when the symbol is unknown."""
        return views.quote_of(self._sound(), symbol)

    def quote_age_s(self, symbol: str, now_ns: int) -> float:
        """Return how old a symbol's quote is, -1 when there is none since the start."""
        quote = views.quote_of(self._sound(), symbol)
        return (now_ns - quote.recv_ns) / NS if quote is not None and quote.recv_ns else -1.0

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument's static data, None when the symbol is unknown."""
        return self._sound().instruments.get(symbol)

    def search(self, prefix: str) -> list[Instrument]:
        """Return the instruments whose code begins so."""
        return self._sound().instruments.search(prefix)

    def search_keypad(self, digits: str) -> list[Instrument]:
        """Return the instruments whose Chinese name's initials begin with these telephone keys."""
        return self._sound().instruments.search_keypad(digits)

    def indices(self) -> list[Instrument]:
        """Return the indices, by code; they have quotes and cannot be traded."""
        return self._sound().instruments.indices()

    def last_inbound(self, fix_session: str) -> int:
        """Return the last durable inbound MsgSeqNum(34) of a FIX session, 0 when there is none."""
        return self._sound().fix_places.get(fix_session, 0)

    def _sound(self) -> AccountBook:
        failed = self._sequencer.failed
        if failed is not None:
            raise AcceptanceStopped(f"the gateway stopped: {failed.code}")
        return self._book
