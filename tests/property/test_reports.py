"""Whatever a venue reports, in whatever order: the book stays whole and replays to itself."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from risk.book.account_book import AccountBook
from risk.book.views import fills_of
from risk.domain import commands as c
from risk.domain import events as e
from risk.domain.enums import Board, Channel, ExecType, OrdStatus, Side
from tests.builders.books import moment_ns
from tests.builders.desk import ACCOUNT, FIX_SESSION, SYMBOL, Desk

OTHER = "113001"  # a convertible bond: bought and sold on the same day
REPORTS = st.lists(st.integers(0, 2**32), min_size=1, max_size=50)


def random_command(desk: Desk, random: Random) -> c.Command:
    """Return a message of the venue about one of the desk's orders, or a cancel request."""
    number = random.randint(1, desk.book.orders.next_number)
    cl_ord_id = desk.book.orders.cl_ord_id(number)
    if random.random() < 0.1:
        return c.CancelOrder("c", ACCOUNT, cl_ord_id, Channel.WEB)
    if random.random() < 0.1:
        ids = (cl_ord_id, cl_ord_id, "")
        return c.RecordCancelReject("r", FIX_SESSION, random.randint(1, 99), *ids, OrdStatus.NEW)
    if random.random() < 0.1:
        place = (FIX_SESSION, random.randint(1, 99), random.choice("DFH"))
        return c.RecordRefusal("r", *place, cl_ord_id)
    if random.random() < 0.1:
        last = random.randint(number, desk.book.orders.next_number)
        more = tuple(map(desk.book.orders.cl_ord_id, range(number + 1, last + 1)))
        return c.RecordRouted("r", cl_ord_id, FIX_SESSION, 1, random.random() < 0.5, more)
    exec_type = random.choice([*ExecType, *[ExecType.TRADE] * 12, *[ExecType.TRADE_CANCEL] * 3])
    order = desk.book.find_order(cl_ord_id)
    at, row = (order.orders.at, order.row) if order else (desk.book.orders.at, 0)
    fills = [fill.exec_id for fill in fills_of(desk.book, cl_ord_id)]
    last_qty = random.choice((0, 1, 100, 300, 1_000, at.leaves_qty[row]))
    worse = random.choice((0, 0, 100, 5_000))
    return desk.execution(
        cl_ord_id,
        exec_type,
        symbol=random.choice((*[""] * 20, SYMBOL, OTHER)),
        exec_id=f"E{random.randint(1, 40)}",
        exec_ref_id=random.choice([f"E{random.randint(1, 40)}", *fills, *fills]),
        ord_status=random.choice(list(OrdStatus)),
        last_qty=last_qty,
        last_px_e4=random.choice((0, 100_000, 99_000, 101_000)) + worse,
        cum_qty=random.choice((0, at.cum_qty[row], at.cum_qty[row] + last_qty, 400, 1_000)),
        leaves_qty=random.choice((0, 100, 1_000)),
        avg_px_e4=random.choice((0, 99_500, 100_000)),
        ord_rej_reason=random.choice((0, 5, 6)),
    )


def cash_e4_told_by(events: list[e.Event]) -> int:
    """Return the cash that the events' figures add up to."""
    cash_e4 = 0
    for event in events:
        if isinstance(event, e.CashMoved):
            cash_e4 += event.amount_e4
        if isinstance(event, e.Filled | e.FillBusted):
            value_e4 = event.last_qty * event.last_px_e4
            fees_e4 = event.commission_e4 + event.stamp_duty_e4 + event.transfer_fee_e4
            moved_e4 = -value_e4 - fees_e4 if event.side == Side.BUY else value_e4 - fees_e4
            cash_e4 += moved_e4 if isinstance(event, e.Filled) else -moved_e4
    return cash_e4


def qty_told_by(events: list[e.Event]) -> int:
    """Return the shares that the events' figures add up to."""
    qty = 0
    for event in events:
        if isinstance(event, e.SharesMoved):
            qty += event.qty
        if isinstance(event, e.Filled | e.FillBusted):
            signed = event.last_qty if event.side == Side.BUY else -event.last_qty
            qty += signed if isinstance(event, e.Filled) else -signed
    return qty


@settings(max_examples=100, deadline=None)
@given(seeds=REPORTS, rolls=st.sets(st.integers(0, 49), max_size=2))
def test_the_book_stays_whole_under_any_reports(seeds: list[int], rolls: set[int]) -> None:
    desk = Desk()
    desk.take(c.ListInstrument("l", OTHER, Board.SSE_CONVERTIBLE, "", "", 100_000))
    for side, symbol, qty, price_e4 in (
        (Side.BUY, SYMBOL, 1_000, 99_900),
        (Side.SELL, SYMBOL, 700, 100_000),
        (Side.BUY, OTHER, 400, 100_000),
        (Side.BUY, SYMBOL, 300, 99_800),
    ):
        desk.take(desk.order(side, qty, price_e4, symbol=symbol))
    day = 20260706
    for i, seed in enumerate(seeds):
        if i in rolls:
            day += 1
            desk.now_ns = moment_ns(10, day=day)
            desk.take(c.StartDay("next", day), desk.order(Side.BUY, 200, 99_700))
        desk.take(random_command(desk, Random(seed)))
    positions = desk.book.positions
    assert cash_e4_told_by(desk.events) == desk.cash.cash_e4
    assert qty_told_by(desk.events) == int(positions.qty[: positions.count].sum())
    assert desk.replayed().fingerprint() == desk.book.fingerprint()
    restored = AccountBook.from_image(desk.book.image())
    assert restored.fingerprint() == desk.book.fingerprint()
