"""What the actions need of the rest of the gateway, as protocols.

Not here: who implements them (gateway.core, gateway.identity); gateway.app puts them together.
"""

from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

from gateway.core.foresight import Opening
from gateway.identity.callers import CallerPolicy
from gateway.identity.credentials import Outcome as PinOutcome
from gateway.identity.customers import Profile
from gateway.identity.phone_notices import PhoneNotice
from gateway.identity.pins import PinChange
from gateway.ivr.call_record import CallRecord
from risk.book.prices import Quote
from risk.book.views import AccountView, AlertView, FillOfDay, OrderView, PositionView
from risk.core.preview import Broken
from risk.domain.commands import Command, SubmitOrder
from risk.domain.events import Event
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode


class PinCheck(Protocol):
    """Who verifies PINs (gateway.identity.pins.Pins)."""

    def verify(self, account_no: str, pin: str, ani: str = "") -> Deferred[PinOutcome]:
        """Try a PIN keyed from a number, empty when that is not known."""
        ...

    def change(
        self,
        account_no: str,
        old: str,
        new: str,
        new_again: str,
        *,
        trace_id: str,
        ani: str = "",
    ) -> Deferred[PinChange]:
        """Let the account holder choose another PIN."""
        ...


class PhoneQueries(Protocol):
    """What the phone reads of the book (gateway.core.queries.Queries).

    Raises AcceptanceStopped after a failure of the heart.
    """

    @property
    def day(self) -> int:
        """The trading day, yyyymmdd; 0 before the first."""
        ...

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a listing, None when there is none."""
        ...

    def account(self, account_no: str) -> AccountView | None:
        """Return an account's cash, None when it is unknown."""
        ...

    def positions(self, account_no: str) -> list[PositionView]:
        """Return an account's holdings by symbol."""
        ...

    def orders(self, account_no: str, limit: int = ...) -> list[OrderView]:
        """Return an account's orders of the day, the newest first, at most `limit`."""
        ...

    def order(self, cl_ord_id: str) -> OrderView | None:
        """Return an order of this or the last trading day, None when it is unknown."""
        ...

    def fills_today(self, account_no: str, limit: int = ...) -> list[FillOfDay]:
        """Return an account's trades of the day, the newest first, at most `limit`."""
        ...

    def search_keypad(self, digits: str) -> list[Instrument]:
        """Return what can be traded whose initials begin with these keys."""
        ...

    def indices(self) -> list[Instrument]:
        """Return the indices, by code."""
        ...

    def alerts(self, account_no: str) -> list[AlertView]:
        """Return an account's price alerts, the newest first."""
        ...

    def quote(self, symbol: str) -> Quote | None:
        """Return the latest prices (0 = none yet), None when the symbol is unknown."""
        ...


class Contacts(Protocol):
    """Where customers are reached (gateway.identity.customers.Customers)."""

    def profile(self, account_no: str) -> Deferred[Profile | None]:
        """Return what a call needs of an account holder, None when there is none."""
        ...


class CallerRules(Protocol):
    """What a number called from may do (gateway.identity.callers.Callers)."""

    def policy_of(
        self, account_no: str, branch_code: str, ani: str, is_withheld: bool
    ) -> Deferred[CallerPolicy]:
        """Return what a caller from a number may do with an account of a branch."""
        ...


class CustomerNotices(Protocol):
    """Notices to be heard (gateway.identity.phone_notices.PhoneNotices)."""

    def waiting_for(self, account_no: str, branch_code: str) -> Deferred[list[PhoneNotice]]:
        """Return what an account has not heard yet, mandatory ones first."""
        ...

    def heard(self, notice_no: str, account_no: str, call_no: str) -> Deferred[None]:
        """Write down that a notice was heard to its end."""
        ...


class OrderRules(Protocol):
    """What the rules say to an order not yet sent, and the hours (gateway.core.foresight).

    Raises AcceptanceStopped after a failure of the heart.
    """

    def first_broken(self, order: SubmitOrder, asked: frozenset[ReasonCode]) -> Broken | None:
        """Return the first of the `asked` rules that an order would break now."""
        ...

    def most_qty(self, order: SubmitOrder) -> int:
        """Return the largest quantity the account could buy or sell at the order's price."""
        ...

    def is_open(self) -> bool:
        """Return whether some board takes orders at this moment."""
        ...

    def next_opening(self) -> Opening | None:
        """Return when some board takes orders next, None when nobody knows."""
        ...


class OrderDesk(Protocol):
    """Who takes commands (gateway.core.sequencer.Sequencer)."""

    def submit(self, command: Command) -> Deferred[Event]:
        """Return the first event of a command once it is durable."""
        ...

    def find(self, request_id: str) -> Deferred[Event] | None:
        """Return the outcome of an earlier command, None when it was never taken."""
        ...


class RecentCalls(Protocol):
    """Who knows the calls of an account (gateway.evidence.call_log.StoredCalls)."""

    def recent(self, account_no: str) -> Deferred[list[CallRecord]]:
        """Return its last calls, the newest first. Raises TemporaryFailure."""
        ...


class PeopleHours(Protocol):
    """When people answer (gateway.callcenter.desk.CallDesk)."""

    def opens_ns(self, queue: str) -> int:
        """Return when a queue opens next, Unix time; 0 when it is open or unknown."""
        ...


class PhonePorts(NamedTuple):
    """Everything of the gateway that the actions ask."""

    pins: PinCheck
    queries: PhoneQueries
    rules: OrderRules
    orders: OrderDesk
    contacts: Contacts
    callers: CallerRules
    notices: CustomerNotices
    calls: RecentCalls
    people: PeopleHours | None = None  # nobody answers
