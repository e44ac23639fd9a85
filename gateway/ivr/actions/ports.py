"""What the actions need of the rest of the gateway, as protocols.

Not here: who implements them (gateway.core, gateway.identity); gateway.app puts them together.
"""

from typing import Protocol

from twisted.internet.defer import Deferred

from gateway.identity.credentials import Outcome as PinOutcome
from risk.book.views import AccountView, OrderView
from risk.domain.commands import Command
from risk.domain.events import Event
from risk.domain.instrument import Instrument


class PinCheck(Protocol):
    """Who verifies PINs (gateway.identity.pins.Pins)."""

    def verify(self, account_no: str, pin: str) -> Deferred[PinOutcome]:
        """Try a PIN."""
        ...


class PhoneQueries(Protocol):
    """What the phone reads of the book (gateway.core.queries.Queries).

    Raises AcceptanceStopped after a failure of the heart.
    """

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a listing, None when there is none."""
        ...

    def account(self, account_no: str) -> AccountView | None:
        """Return an account's cash, None when it is unknown."""
        ...

    def orders(self, account_no: str, limit: int = ...) -> list[OrderView]:
        """Return an account's orders of the day, the newest first, at most `limit`."""
        ...


class OrderDesk(Protocol):
    """Who takes commands (gateway.core.sequencer.Sequencer)."""

    def submit(self, command: Command) -> Deferred[Event]:
        """Return the first event of a command once it is durable."""
        ...
