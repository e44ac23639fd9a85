"""One customer's desk: a small book with an account, a listing and shorthand for commands.

600000 is an SSE main-board stock with a previous close of 10.00; account 10001 of branch 00001 has
1,000,000.00 and 1,000 shares. All times are DAY 10:00 unless said otherwise.
"""

from typing import Any

from risk.book.account_book import AccountBook
from risk.book.invariants import broken_invariants
from risk.book.views import (
    AccountView,
    OrderView,
    PositionView,
    account_view,
    order_of,
    positions_of,
)
from risk.checks.moment import HouseLimits, TradingRules
from risk.core.fold import fold
from risk.core.step import step
from risk.domain import commands as c
from risk.domain.enums import Board, Channel, ExecType, OrdStatus, Side
from risk.domain.events import Event, InboundIgnored, OrderAccepted
from tests.builders.books import DAY, moment_ns, trading_rules

ACCOUNT = "10001"
BRANCH = "00001"
SYMBOL = "600000"
FIX_SESSION = "FIX.4.4:US->SSE"


class Desk:
    """The book, and everything that happened to it."""

    def __init__(self, house: HouseLimits | None = None) -> None:
        self.book = AccountBook()
        self.rules: TradingRules = trading_rules(house) if house else trading_rules()
        self.now_ns = moment_ns(10)
        self.events: list[Event] = []
        self.count = 0
        self.take(
            c.StartDay("day", DAY),
            c.OpenAccount("open", ACCOUNT, BRANCH),
            c.ListInstrument("list", SYMBOL, Board.SSE_MAIN, "浦发银行", "SPDB", 100_000),
            c.MoveCash("cash", ACCOUNT, 10_000_000_000),
            c.MoveShares("shares", ACCOUNT, SYMBOL, 1_000, 90_000_000),
        )

    def take(self, *commands: c.Command) -> list[list[Event]]:
        """Step a batch; the invariants must hold after it."""
        caused = step(self.book, self.rules, commands, self.now_ns)
        for events in caused:
            self.events += events
        assert broken_invariants(self.book) == {}
        return caused

    def one(self, command: c.Command) -> Event:
        """Step one command that leads to one event."""
        (events,) = self.take(command)
        (event,) = events
        return event

    def order(self, side: Side, qty: int, price_e4: int, **fields: Any) -> c.SubmitOrder:
        """Return an order of the desk's account."""
        self.count += 1
        given = {"account_no": ACCOUNT, "symbol": SYMBOL, "channel": Channel.WEB} | fields
        return c.SubmitOrder(
            request_id=f"order{self.count}", side=side, qty=qty, price_e4=price_e4, **given
        )

    def buy(self, qty: int = 1_000, price_e4: int = 100_000) -> str:
        """Place a buy that is accepted and return its ClOrdID."""
        return self._place(self.order(Side.BUY, qty, price_e4))

    def sell(self, qty: int = 1_000, price_e4: int = 100_000) -> str:
        """Place a sell that is accepted and return its ClOrdID."""
        return self._place(self.order(Side.SELL, qty, price_e4))

    def _place(self, order: c.SubmitOrder) -> str:
        event = self.one(order)
        assert isinstance(event, OrderAccepted), event
        return event.cl_ord_id

    def cancel(self, cl_ord_id: str, **fields: Any) -> Event:
        """Ask for a cancel."""
        self.count += 1
        given = {"account_no": ACCOUNT, "channel": Channel.WEB} | fields
        return self.one(
            c.CancelOrder(request_id=f"cancel{self.count}", cl_ord_id=cl_ord_id, **given)
        )

    def execution(self, cl_ord_id: str, exec_type: ExecType, **fields: Any) -> c.RecordExecution:
        """Return a report of the venue with ExecID and number of its own."""
        self.count += 1
        order = order_of(self.book, cl_ord_id) or order_of(
            self.book, fields.get("orig_cl_ord_id", "")
        )
        given: dict[str, Any] = {
            "orig_cl_ord_id": "",
            "order_id": "V1",
            "exec_id": f"E{self.count}",
            "ord_status": OrdStatus.NEW,
            "symbol": SYMBOL,
            "side": order.side if order else Side.BUY,
        }
        return c.RecordExecution(
            request_id=f"report{self.count}",
            fix_session=FIX_SESSION,
            msg_seq_num=self.count,
            cl_ord_id=cl_ord_id,
            exec_type=exec_type,
            **(given | fields),
        )

    def report(self, cl_ord_id: str, exec_type: ExecType, **fields: Any) -> list[Event]:
        """Let the venue report."""
        return self.take(self.execution(cl_ord_id, exec_type, **fields))[0]

    def fill(self, cl_ord_id: str, last_qty: int, last_px_e4: int, **fields: Any) -> list[Event]:
        """Let the venue trade; CumQty(14) is what the order then has, unless given."""
        given = {"cum_qty": self.view(cl_ord_id).cum_qty + last_qty} | fields
        return self.report(
            cl_ord_id, ExecType.TRADE, last_qty=last_qty, last_px_e4=last_px_e4, **given
        )

    def view(self, cl_ord_id: str) -> OrderView:
        """Return an order that exists."""
        order = order_of(self.book, cl_ord_id)
        assert order is not None
        return order

    @property
    def cash(self) -> AccountView:
        """Cash of the account."""
        view = account_view(self.book, ACCOUNT)
        assert view is not None
        return view

    @property
    def position(self) -> PositionView:
        """Shares of the account, all zero when there are none."""
        found = positions_of(self.book, ACCOUNT)
        return found[0] if found else PositionView(SYMBOL, 0, 0, 0, 0, 0)

    def replayed(self) -> AccountBook:
        """Return a book folded from everything that happened."""
        book = AccountBook()
        fold(book, self.events)
        return book


def ignored_why(events: list[Event]) -> str:
    """Return why the only event ignored a message of the venue."""
    (event,) = events
    assert isinstance(event, InboundIgnored), event
    return event.why
