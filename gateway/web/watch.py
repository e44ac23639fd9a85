"""What one stream watches: which events concern it, and what it has to be told of them.

Events mark what changed; `changes` then reads it as it stands now, once, however often it changed
in between. Not here: connections, and how messages are sent.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from gateway.web import messages as m
from gateway.web import schemas as s
from gateway.web.accounts import own_quote
from gateway.web.answers import account_answer, order_answer, position_answer
from gateway.web.orders import OPEN_SCAN_MAX, own_fills
from gateway.web.ports import Reads
from gateway.web.wording import moment, word
from risk.book.views import PositionView
from risk.domain.enums import Side
from risk.domain.events import (
    CancelRejected,
    CancelRequested,
    CashMoved,
    Event,
    FillBusted,
    Filled,
    OrderAccepted,
    OrderCanceled,
    OrderOpened,
    OrderRejected,
    SharesMoved,
    StatusNoted,
)
from risk.domain.fixedpoint import format_e4

MARKED_MAX: Final = 1000  # changes at once beyond which a new snapshot is shorter
_OF_ORDER: Final = (OrderAccepted, OrderOpened, Filled, FillBusted, OrderCanceled, OrderRejected)
_OF_ORIG: Final = (CancelRequested, CancelRejected)
_OF_MONEY: Final = frozenset(
    {OrderAccepted, Filled, FillBusted, OrderCanceled, OrderRejected, CashMoved}
)
_OF_SHARES: Final = (Filled, FillBusted, SharesMoved)
_OF_SHARES_WHEN_SOLD: Final = (OrderAccepted, OrderCanceled, OrderRejected)


class Watch:
    """`next_n` gives the number of the stream's next message."""

    def __init__(self, account_no: str, reads: Reads, next_n: Callable[[], int]) -> None:
        self.account_no = account_no
        self.topics: frozenset[str] = frozenset()
        self.symbols: tuple[str, ...] = ()
        self._reads = reads
        self._next_n = next_n
        self._orders: dict[str, None] = {}
        self._fills: list[s.FillAnswer] = []
        self._shares: dict[str, None] = {}
        self._cash = False
        self._anew = False

    def subscribe(self, subscribe: m.Subscribe) -> None:
        """Watch other topics and symbols from now on, beginning with a snapshot."""
        self.topics = frozenset(subscribe.topics)
        self.symbols = tuple(dict.fromkeys(subscribe.symbols))
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin with a snapshot again (a new day, or more changes than are worth telling)."""
        self._forget()
        self._anew = True

    def mark(self, event: Event) -> bool:
        """Note what an event of this account changed; return whether there is anything to tell."""
        if self._anew:
            return True
        kind, topics = type(event), self.topics
        if "orders" in topics:
            if isinstance(event, (*_OF_ORDER, StatusNoted)):
                self._orders[event.cl_ord_id] = None
            elif isinstance(event, _OF_ORIG):
                self._orders[event.orig_cl_ord_id] = None
        if "fills" in topics and isinstance(event, Filled | FillBusted):
            self._fills.append(_fill(event))
        if "cash" in topics and kind in _OF_MONEY:
            self._cash = True
        if "positions" in topics:
            self._mark_shares(event)
        if len(self._orders) + len(self._fills) + len(self._shares) > MARKED_MAX:
            self.begin_anew()
        return bool(self._anew or self._cash or self._orders or self._fills or self._shares)

    def _mark_shares(self, event: Event) -> None:
        if isinstance(event, _OF_SHARES) or (
            isinstance(event, _OF_SHARES_WHEN_SOLD) and event.side == Side.SELL
        ):
            self._shares[event.symbol] = None

    def changes(self, event_seq: int) -> Iterator[Any]:
        """Yield the messages that are due and forget the marks."""
        if self._anew:
            self._forget()
            yield self._snapshot(event_seq)
            return
        orders, fills, shares, cash = self._orders, self._fills, self._shares, self._cash
        self._forget()
        for cl_ord_id in orders:
            view = self._reads.order(cl_ord_id)
            if view is not None and view.account_no == self.account_no:
                yield m.OrderChanged(self._next_n(), order_answer(view))
        for fill in fills:
            yield m.FillMade(self._next_n(), fill)
        if cash:
            account = self._account()
            if account is not None:
                yield m.CashChanged(self._next_n(), account)
        if shares:
            held = {view.symbol: view for view in self._reads.positions(self.account_no)}
            for symbol in shares:
                view_now = held.get(symbol) or PositionView(symbol, 0, 0, 0, 0, 0)
                yield m.PositionChanged(self._next_n(), position_answer(view_now))

    def _snapshot(self, event_seq: int) -> m.Snapshot:
        reads, account_no, topics = self._reads, self.account_no, self.topics
        snapshot = m.Snapshot(self._next_n(), event_seq)
        if "cash" in topics:
            snapshot.account = self._account()
        if "positions" in topics:
            snapshot.positions = [position_answer(one) for one in reads.positions(account_no)]
        if "orders" in topics:
            views = reads.orders(account_no, OPEN_SCAN_MAX)
            snapshot.orders = [order_answer(view) for view in views]
        if "fills" in topics:
            snapshot.fills = own_fills(reads, account_no, OPEN_SCAN_MAX)
        if self.symbols:
            snapshot.quotes = [own_quote(reads, symbol) for symbol in self.symbols]
        return snapshot

    def _account(self) -> s.AccountAnswer | None:
        view = self._reads.account(self.account_no)
        return None if view is None else account_answer(view)

    def _forget(self) -> None:
        self._orders, self._fills, self._shares = {}, [], {}
        self._cash = self._anew = False


def _fill(event: Filled | FillBusted) -> s.FillAnswer:
    """Return the fill an event tells of; a bust names the fill that was taken back."""
    is_busted = isinstance(event, FillBusted)
    return s.FillAnswer(
        exec_id=event.exec_ref_id if isinstance(event, FillBusted) else event.exec_id,
        cl_ord_id=event.cl_ord_id,
        symbol=event.symbol,
        side=word(event.side),
        last_qty=event.last_qty,
        last_px=format_e4(event.last_px_e4),
        fees=format_e4(event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4),
        transact_at=moment(event.at_ns if isinstance(event, FillBusted) else event.transact_ns),
        is_busted=is_busted,
    )
