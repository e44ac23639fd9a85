"""A heart, a book and a shelf of call records, each in a few lines: durable or forgotten.

Not here: the calls that ask them (`call_world`).
"""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from gateway.ivr.call_record import GATEWAY_ENDED, CallRecord
from risk.book.prices import Quote
from risk.book.views import OrderView
from risk.domain.commands import CancelOrder, Command, SubmitOrder
from risk.domain.events import CancelDenied, CommandDenied, Event, OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode
from tests.builders.phone import FakeQueries, a_denial, an_acceptance, an_order_view

NOW_NS: Final = 1_795_399_200_000_000_000  # 2026-11-23 10:00 in China
NS: Final = 1_000_000_000
DELAYS_S = (0.0, 0.0, 0.01, 0.4, 3.0, 9.0, 30.0)  # of an answer; the phone waits eight seconds


class UnderWay(NamedTuple):
    """A command without its answer: what the answer will be, who waits, when it comes."""

    event: Event
    waiting: "list[Deferred[Event]]"
    timer: IDelayedCall


class Heart:
    """Decides at once, is durable later; the same request twice is a failed test."""

    def __init__(self, clock: Clock, now_ns: Callable[[], int], rng: random.Random) -> None:
        self._clock, self._now_ns, self._rng = clock, now_ns, rng
        self.durable: dict[str, Event] = {}
        self.under_way: dict[str, UnderWay] = {}
        self.submitted: list[SubmitOrder] = []

    def submit(self, command: Command) -> "Deferred[Event]":
        request_id = command.request_id
        assert request_id not in self.durable, f"{request_id} twice"
        assert request_id not in self.under_way, f"{request_id} twice"
        if isinstance(command, SubmitOrder):
            self.submitted.append(command)
        delay_s = self._rng.choice(DELAYS_S)
        timer = self._clock.callLater(delay_s, self._settle, request_id)
        reply: Deferred[Event] = Deferred()
        self.under_way[request_id] = UnderWay(self._decided(command), [reply], timer)
        return reply

    def find(self, request_id: str) -> "Deferred[Event] | None":
        if request_id in self.under_way:
            waiting: Deferred[Event] = Deferred()
            self.under_way[request_id].waiting.append(waiting)
            return waiting
        event = self.durable.get(request_id)
        return None if event is None else succeed(event)

    def _decided(self, command: Command) -> Event:
        if isinstance(command, SubmitOrder):
            if self._rng.random() < 0.2:
                return a_denial(command, ReasonCode.DUPLICATE_ORDER, {"wait_s": 2})
            return an_acceptance(command, len(self.submitted))
        if isinstance(command, CancelOrder):
            return CancelDenied(
                *(0, command.request_id, command.cl_ord_id, command.account_no),
                *(command.channel, ReasonCode.ORDER_CLOSED, {}),
            )
        return CommandDenied(0, command.request_id, ReasonCode.NOT_ACCEPTING, {})

    def _settle(self, request_id: str) -> None:
        settled = self.under_way.pop(request_id)
        event = settled.event._replace(at_ns=self._now_ns())
        self.durable[request_id] = event
        for waiting in settled.waiting:
            waiting.callback(event)

    def crash(self) -> None:
        """Forget who waits; of what was under way some is on the disk and some is not."""
        for request_id, lost in self.under_way.items():
            lost.timer.cancel()
            if self._rng.random() < 0.5:
                self.durable[request_id] = lost.event._replace(at_ns=self._now_ns())
        self.under_way.clear()

    def orders(self) -> list[OrderAccepted | OrderDenied]:
        """Durable outcomes of orders, in the order they became so."""
        return [e for e in self.durable.values() if isinstance(e, OrderAccepted | OrderDenied)]


class Book(FakeQueries):
    """Shows the heart's accepted orders."""

    def __init__(self, heart: Heart) -> None:
        super().__init__()
        self._heart = heart

    def orders(self, account_no: str, limit: int = 500) -> list[OrderView]:
        accepted = [e for e in self._heart.orders() if isinstance(e, OrderAccepted)]
        return [_view(event) for event in reversed(accepted)][:limit]

    def order(self, cl_ord_id: str) -> OrderView | None:
        return next((each for each in self.orders("") if each.cl_ord_id == cl_ord_id), None)

    def quote(self, symbol: str) -> Quote | None:
        return Quote(100_000, 100_100, 100_000, NOW_NS)


def _view(event: OrderAccepted) -> OrderView:
    return an_order_view(
        cl_ord_id=event.cl_ord_id,
        order_no=event.order_no,
        symbol=event.symbol,
        side=event.side,
        qty=event.qty,
        leaves_qty=event.qty,
        price_e4=event.price_e4,
        accepted_ns=event.at_ns,
    )


class CallShelf:
    """Keeps call records through crashes."""

    def __init__(self) -> None:
        self.rows: dict[str, CallRecord] = {}

    def begin(self, record: CallRecord) -> "Deferred[None]":
        assert not self.rows.get(record.call_no, record).ended_ns
        self.rows[record.call_no] = record
        return succeed(None)

    note = begin

    def recent(self, account_no: str) -> "Deferred[list[CallRecord]]":
        found = [row for row in self.rows.values() if row.account_no == account_no]
        return succeed(found[::-1][:20])

    def crash(self, now_ns: int) -> None:
        """The next start closes what the last life left open."""
        for call_no, row in self.rows.items():
            if not row.ended_ns:
                self.rows[call_no] = msgspec.structs.replace(
                    row, ended_ns=now_ns, close_reason=GATEWAY_ENDED
                )
