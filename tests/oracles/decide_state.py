"""What the decide loop remembers: plain records, money in e4 units."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass
class Bucket:
    """Tokens that come back with time."""

    per_s: int
    tokens: Decimal = Decimal(-1)
    at_ns: int = 0

    def level(self, now_ns: int) -> Decimal:
        """Return the tokens there are now."""
        if self.tokens < 0:
            return Decimal(self.per_s)
        refilled = Decimal(now_ns - self.at_ns) * self.per_s / 10**9
        return min(Decimal(self.per_s), self.tokens + refilled)

    def take(self, now_ns: int) -> None:
        """Use one."""
        self.tokens, self.at_ns = self.level(now_ns) - 1, now_ns


@dataclass
class Order:
    """One order."""

    no: int
    account_no: str
    symbol: str
    side: int
    qty: int
    price: int
    at_ns: int
    day: date
    cum: int = 0
    turnover: int = 0
    charged: tuple[int, int, int] = (0, 0, 0)
    frozen: int = 0
    status: str = "pending"
    cancel_no: int = 0
    exec_ids: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.status in ("pending", "open")

    @property
    def leaves(self) -> int:
        """What is still open."""
        return self.qty - self.cum if self.is_open else 0


@dataclass
class Holding:
    """Shares of one instrument."""

    sellable: int = 0
    frozen: int = 0
    today: int = 0


@dataclass
class Account:
    """One account."""

    branch: str
    bucket: Bucket
    cash: int = 0
    unsettled: int = 0
    is_killed: bool = False
    holdings: dict[str, Holding] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)  # of the day

    @property
    def free(self) -> int:
        """Cash that may buy."""
        return self.cash - sum(order.frozen for order in self.orders if order.is_open)

    def holding(self, symbol: str) -> Holding:
        """Return the shares of a symbol."""
        return self.holdings.setdefault(symbol, Holding())
