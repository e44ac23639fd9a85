"""Bytes of the book per account, position, order and fill, keys and indexes included.

The limit is what the row's figures alone take in their columns: below it nothing is left but to
keep fewer figures. Counted by tracemalloc, which sees NumPy's memory too.
"""

import tracemalloc
from collections.abc import Callable

from risk.book.account_book import AccountBook
from risk.core.apply import apply
from risk.domain import events as e
from risk.domain.enums import Board, Channel, ListingStatus, OrdStatus, OrdType, Side, TimeInForce
from tests.bench.bench import Row, benchmark
from tests.builders.books import DAY

COUNT = 200_000
SYMBOLS = tuple(f"{600_000 + i}" for i in range(100))


def growth(work: Callable[[], object]) -> int:
    """Return the bytes that are held after some work and were not before."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def row(name: str, grown: int, bare: float) -> Row:
    """Return the figure of one table."""
    each = grown / COUNT
    return Row(f"memory_{name}", each, "bytes", bare, bare / each, {"rows": COUNT})


@benchmark("memory")
def memory() -> list[Row]:
    """One table after the other, each with exactly the room it needs."""
    book = AccountBook(COUNT, COUNT)
    apply(book, e.DayStarted(0, DAY))
    for symbol in SYMBOLS:
        status = ListingStatus.NORMAL
        listed = (0, symbol, Board.SSE_MAIN, "", "", 100_000, status, False, False)
        apply(book, e.InstrumentListed(*listed))
    accounts = [f"{10_000_000 + i}" for i in range(COUNT)]
    shares = [(account_no, SYMBOLS[i % 100]) for i, account_no in enumerate(accounts)]
    ids = [f"260706{i + 1:06d}" for i in range(COUNT)]
    positions, orders = book.positions, book.orders

    def open_accounts() -> None:
        for i in range(COUNT):
            apply(book, e.AccountOpened(0, f"{10_000_000 + i}", "00001"))

    def move_shares() -> None:
        for account_no, symbol in shares:
            apply(book, e.SharesMoved(0, account_no, symbol, 1_000, 0))

    def accept_orders() -> None:
        orders.reserve(COUNT + 1)
        for i, (account_no, symbol) in enumerate(shares):
            apply(book, accepted(ids[i], i + 1, account_no, symbol))

    def fill_orders() -> None:
        orders.executions.reserve(COUNT + 1)
        for i, (account_no, symbol) in enumerate(shares):
            apply(book, filled(ids[i], i + 1, account_no, symbol))

    column_bytes = {
        "account": book.accounts.nbytes / book.accounts.count,
        "position": positions.nbytes / positions.count,
        "order": orders.nbytes / orders.count,
        "fill": orders.executions.nbytes / orders.executions.count,
    }
    room = COUNT + 1  # columns were reserved before the counting began
    columns = {
        "account": column_bytes["account"] * room,
        "position": column_bytes["position"] * room,
    }
    rows = [
        row("account", int(growth(open_accounts) + columns["account"]), column_bytes["account"]),
        row("position", int(growth(move_shares) + columns["position"]), column_bytes["position"]),
        row("order", growth(accept_orders), column_bytes["order"]),
        row("fill", growth(fill_orders), column_bytes["fill"]),
    ]
    each, bare = (sum(values) for values in zip(*((r.value, r.limit) for r in rows), strict=True))
    what = {"of": "an account with a position, an order and a fill"}
    return [Row("memory", each, "bytes", bare, bare / each, what), *rows]


def accepted(cl_ord_id: str, number: int, account_no: str, symbol: str) -> e.OrderAccepted:
    """Return an accepted buy."""
    what = (account_no, symbol, Side.BUY, 100, 100_000, OrdType.LIMIT, TimeInForce.DAY)
    door = (10_050_100, Channel.WEB, "", "", 0, "")
    return e.OrderAccepted(0, "", cl_ord_id, number, *what, *door)


def filled(cl_ord_id: str, number: int, account_no: str, symbol: str) -> e.Filled:
    """Return its fill, with identifiers as a venue makes them."""
    what = (account_no, symbol, Side.BUY, f"V{number:09d}", f"E{number:09d}")
    figures = (100, 100_000, 100, 0, OrdStatus.FILLED, 50_000, 0, 100, 10_050_100)
    return e.Filled(0, cl_ord_id, *what, *figures, "FIX", number, 0, number, Channel.WEB)
