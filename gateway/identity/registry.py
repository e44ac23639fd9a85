"""All of identity in one value, built once by the composition root and by set-up.

Not here: decisions; each member says what it does.
"""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from gateway.identity.callers import Callers
from gateway.identity.credentials import Credentials, SecretKind, put_secret
from gateway.identity.customers import Customer, Customers, checked, put_customer
from gateway.identity.guesses import GuessCounts
from gateway.identity.logins import Logins, put_password
from gateway.identity.phone_notices import PhoneNotices
from gateway.identity.pin_changes import PinChanges
from gateway.identity.pins import Pins, check_pin
from gateway.identity.settings import IdentitySettings
from gateway.store.database import Database, write_once


class IdentityReactor(IReactorFromThreads, IReactorTime):
    """What identity needs of the reactor."""


class Identity(NamedTuple):
    """Who is calling and what may they do."""

    settings: IdentitySettings
    database: Database
    credentials: Credentials
    customers: Customers
    pins: Pins
    logins: Logins
    callers: Callers
    phone_notices: PhoneNotices
    pin_changes: PinChanges

    def start(self) -> None:
        """Bring the database up to date and start the threads. Blocks: call before serving."""
        self.database.start()
        self.credentials.start()

    def stop(self) -> None:
        """End the threads after the work in hand and let go of the database."""
        self.pin_changes.stop()
        self.credentials.stop()
        self.database.stop()

    def enrol(self, customer: Customer, pin: str, password: str, now_ns: int) -> None:
        """Add a customer with PIN and password, all or nothing, on this thread (set-up)."""
        check_pin(pin, self.settings.pin_digits)
        pin_hash = self.credentials.hashed(SecretKind.PIN, customer.account_no, pin)

        def work(connection: Connection) -> None:
            put_customer(connection, checked(customer))
            put_secret(connection, SecretKind.PIN, customer.account_no, pin_hash, now_ns)
            put_password(connection, self.credentials, customer.account_no, password, now_ns)

        write_once(self.database.engine, work)


def open_identity(
    settings: IdentitySettings,
    database: Database,
    reactor: IdentityReactor,
    now_ns: Callable[[], int],
    pepper: bytes,
) -> Identity:
    """Return identity over a database. `pepper` is a secret of 16 bytes or more, never changed."""
    credentials = Credentials(settings, database, reactor, now_ns, pepper)
    customers = Customers(database)
    guesses = GuessCounts(settings, database, now_ns)
    changes = PinChanges(database, reactor)
    return Identity(
        settings,
        database,
        credentials,
        customers,
        Pins(settings, credentials, customers, guesses, changes),
        Logins(settings, database, credentials, now_ns),
        Callers(settings, database),
        PhoneNotices(database, now_ns),
        changes,
    )
