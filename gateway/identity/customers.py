"""Customers: name, mobile, mail address, language and branch of each account.

Not here: their money (the book) or secrets (gateway.identity.credentials).
"""

import re
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred

from gateway.store.database import Database, read_once
from gateway.store.tables import CUSTOMERS
from risk.domain.enums import Language
from risk.domain.errors import PermanentFailure
from risk.domain.ids import ACCOUNT_NO, BRANCH_CODE

NAME_CHARS_MAX: Final = 64
_TAIL_DIGITS: Final = 4
MOBILE: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
EMAIL: Final = re.compile(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,189}")


class Customer(NamedTuple):
    """One account holder. `mobile` is E.164 with +; `mobile` and `email` are empty when unknown."""

    account_no: str
    name: str
    mobile: str
    email: str
    language: Language
    branch_code: str
    is_elder: bool = False  # hears slower speech and gets to a person directly


class Profile(NamedTuple):
    """What a call needs of its account holder; contacts only as far as they may be spoken.

    `mobile_tail` is the number's last four digits, `email_masked` like "z***@example.com"; both
    are empty when there is no such contact.
    """

    account_no: str
    name: str
    language: Language
    branch_code: str
    is_elder: bool
    mobile_tail: str
    email_masked: str


class Contact(NamedTuple):
    """Where and how notices reach an account holder."""

    name: str
    mobile: str
    email: str
    language: Language


class CustomerNotValid(PermanentFailure):
    """A field of a customer has a wrong shape; the text names it, its value and the remedy."""

    code = "identity.customer_not_valid"


class Customers:
    """The customers of the store. Deferreds come from its threads, the rest blocks and says so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, account_no: str) -> Deferred[Customer | None]:
        """Return the customer of an account, or None."""
        return self._database.read(lambda connection: customer_of(connection, account_no))

    def profile(self, account_no: str) -> Deferred[Profile | None]:
        """Return what a call needs of an account holder, None when there is none."""
        return self.find(account_no).addCallback(lambda found: found and profile_of(found))

    def put(self, customer: Customer) -> Deferred[None]:
        """Add a customer or replace what is known of one. Durable when answered."""
        checked(customer)
        return self._database.write(lambda connection: put_customer(connection, customer))

    def contact_of(self, account_no: str) -> Contact | None:
        """Return where notices of an account go. Blocks on the database: call it on a thread."""
        customer = read_once(
            self._database.engine, lambda connection: customer_of(connection, account_no)
        )
        if customer is None:
            return None
        return Contact(customer.name, customer.mobile, customer.email, customer.language)


def customer_of(connection: Connection, account_no: str) -> Customer | None:
    """Return the customer of an account, or None."""
    found = select(CUSTOMERS).where(CUSTOMERS.c.account_no == account_no)
    row = connection.execute(found).first()
    if row is None:
        return None
    return Customer(
        row.account_no,
        row.name,
        row.mobile,
        row.email,
        Language(row.language),
        row.branch_code,
        bool(row.is_elder),
    )


def profile_of(customer: Customer) -> Profile:
    """Return a customer with contacts masked."""
    name, at, domain = customer.email.rpartition("@")
    return Profile(
        customer.account_no,
        customer.name,
        customer.language,
        customer.branch_code,
        customer.is_elder,
        customer.mobile[-_TAIL_DIGITS:],
        f"{name[0]}***@{domain}" if at and name else "",
    )


def put_customer(connection: Connection, customer: Customer) -> None:
    """Add a customer or replace what is known of one."""
    values = customer._asdict()
    connection.execute(
        insert(CUSTOMERS)
        .values(values)
        .on_conflict_do_update(index_elements=["account_no"], set_=values)
    )


def checked(customer: Customer) -> Customer:
    """Return the customer; raises CustomerNotValid that names the first field of wrong shape."""
    shapes = (
        ("account_no", ACCOUNT_NO, "4 to 12 digits"),
        ("mobile", MOBILE, "empty or like +8613800138000"),
        ("email", EMAIL, "empty or like name@example.com"),
        ("branch_code", BRANCH_CODE, "five digits"),
    )
    for field, shape, wanted in shapes:
        value = getattr(customer, field)
        may_be_empty = wanted.startswith("empty")
        if not (shape.fullmatch(value) or (may_be_empty and not value)):
            raise CustomerNotValid(f"{field} must be {wanted}, was {value[:64]!r}")
    if not 0 < len(customer.name) <= NAME_CHARS_MAX or not customer.name.isprintable():
        raise CustomerNotValid(
            f"name must be 1 to {NAME_CHARS_MAX} printable characters, was {customer.name[:64]!r}"
        )
    return customer
