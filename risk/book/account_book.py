"""The account book: all tables together, written by risk.core.apply alone.

`orders` are the day's, `orders_before` those of the trading day before: a late report about one of
them still finds its order. Not here: prices survive no restart (risk.book.prices); reading for
people and doors is risk.book.views; checks of consistency are risk.book.invariants.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from risk.book.accounts import Accounts, Branches
from risk.book.alerts import Alerts
from risk.book.catalogue import Instruments
from risk.book.columns import Image, ImageValue, texts_digest, texts_image, texts_load
from risk.book.orders import DayOrders
from risk.book.positions import Positions
from risk.book.prices import Prices

SCHEMA: Final = 2  # grows with every change of a column; a snapshot of another is not used
FINGERPRINT_BYTES: Final = 32
_ALERTS_SINCE: Final = 2


class OrderPlace(NamedTuple):
    """Where a ClOrdID(11) leads: its table, the order's row, and whether it names a cancel."""

    orders: DayOrders
    row: int
    is_cancel: bool


class AccountBook:
    """Accounts, positions, orders, alerts, instruments, branches, kill switches, FIX places."""

    def __init__(self, account_count: int = 0, position_count: int = 0) -> None:
        """Start empty, with room for that many rows."""
        self.day = 0  # yyyymmdd, 0 before the first
        self.is_firm_killed = False
        self.accounts = Accounts(account_count + 1)
        self.branches = Branches()
        self.instruments = Instruments()
        self.prices = Prices()
        self.positions = Positions(position_count + 1)
        self.orders = DayOrders()
        self.orders_before = DayOrders()
        self.alerts = Alerts()
        self.fix_places: dict[str, int] = {}  # fix_session -> last inbound MsgSeqNum(34)

    def find_order(self, cl_ord_id: str) -> OrderPlace | None:
        """Return the place of an order, or of the order that a cancel request is about."""
        for orders in (self.orders, self.orders_before):
            row = orders.find(cl_ord_id)
            if row:
                return OrderPlace(orders, abs(row), row < 0)
        return None

    def pass_inbound(self, fix_session: str, msg_seq_num: int) -> None:
        """Remember the place of an inbound message; number 1 (Logon) begins a new count."""
        if fix_session and (msg_seq_num == 1 or msg_seq_num > self.fix_places.get(fix_session, 0)):
            self.fix_places[fix_session] = msg_seq_num

    def start_day(self, day: int) -> None:
        """Release T+1 shares and sale proceeds, put the orders aside, count from 1 again."""
        self.day = day
        self.accounts.start_day()
        self.positions.start_day()
        self.orders_before = self.orders
        self.orders = DayOrders(day)

    def fingerprint(self, schema: int = SCHEMA) -> bytes:
        """Return a hash of everything that events decide, equal after replay of the same events.

        With an earlier `schema`: of what the book held then, as a journal of that time recorded it.
        """
        digest = blake2b(digest_size=FINGERPRINT_BYTES)
        digest.update(f"{self.day} {self.is_firm_killed}".encode())
        for _, table in self._tables():
            table.digest_into(digest, schema)
        if schema >= _ALERTS_SINCE:
            self.alerts.digest_into(digest, schema)
        texts_digest(digest, [f"{key} {place}" for key, place in self.fix_places.items()])
        return digest.digest()

    def image(self) -> Image:
        """Return a copy of everything the fingerprint covers, for a snapshot."""
        image: Image = {
            "schema": SCHEMA,
            "day": self.day,
            "is_firm_killed": int(self.is_firm_killed),
        }
        for name, table in self._tables():
            image |= table.image(name)
        image |= self.alerts.image("alerts")
        places = [f"{place} {key}" for key, place in self.fix_places.items()]
        return image | texts_image("fix_places", places)

    @classmethod
    def from_image(cls, image: Mapping[str, ImageValue]) -> "AccountBook":
        """Build the book of an image. Raises ValueError for another schema: replay instead."""
        if image.get("schema") != SCHEMA:
            found = image.get("schema")
            raise ValueError(f"schema must be {SCHEMA}, was {found!r:.20}: replay the journal")
        book = cls()
        day, killed = image["day"], image["is_firm_killed"]
        assert isinstance(day, int)
        assert isinstance(killed, int)
        book.day, book.is_firm_killed = day, bool(killed)
        for name, table in book._tables():
            table.load(name, image)
        book.alerts.load("alerts", image)
        for text in texts_load("fix_places", image):
            place, _, key = text.partition(" ")
            book.fix_places[key] = int(place)
        book.prices.cover(book.instruments.count)
        return book

    def _tables(
        self,
    ) -> tuple[tuple[str, Accounts | Branches | Instruments | Positions | DayOrders], ...]:
        return (
            ("accounts", self.accounts),
            ("branches", self.branches),
            ("instruments", self.instruments),
            ("positions", self.positions),
            ("orders", self.orders),
            ("orders_before", self.orders_before),
        )
