"""What the door asks of the heart: the parts of it that tests and other hearts must offer.

Not here: implementations (gateway.core.sequencer, gateway.core.queries, gateway.core.bus).
"""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred

from gateway.core.bus import Take
from risk.book.prices import Quote
from risk.book.views import AccountView, FillView, OrderView, PositionView
from risk.domain.commands import Command
from risk.domain.events import Event
from risk.domain.instrument import Instrument


class Heart(Protocol):
    """Commands in, durable events out (gateway.core.sequencer.Sequencer)."""

    def submit(self, command: Command) -> "Deferred[Event]":
        """Return the first event of the command, once it is durable."""

    def find(self, request_id: str) -> "Deferred[Event] | None":
        """Return the outcome of an earlier request, None when it was never taken."""


class Reads(Protocol):
    """Questions about the book (gateway.core.queries.Queries)."""

    def account(self, account_no: str) -> AccountView | None:
        """Return an account's cash."""

    def positions(self, account_no: str) -> list[PositionView]:
        """Return an account's holdings by symbol."""

    def orders(self, account_no: str, limit: int = ...) -> list[OrderView]:
        """Return an account's orders of the day, the newest first."""

    def order(self, cl_ord_id: str) -> OrderView | None:
        """Return an order of this or the last trading day."""

    def fills(self, cl_ord_id: str) -> list[FillView]:
        """Return the fills of an order, the newest first."""

    def quote(self, symbol: str) -> Quote | None:
        """Return the latest prices."""

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument's static data."""

    def search(self, prefix: str) -> list[Instrument]:
        """Return the instruments whose code begins so."""


class Events(Protocol):
    """Durable events to subscribers (gateway.core.bus.Bus)."""

    durable_seq: int

    def subscribe(self, name: str, take: Take) -> Callable[[], None]:
        """Call `take([(event_seq, event), ...])` for every later batch."""
