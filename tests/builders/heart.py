"""The real heart for tests: book and rules over a memory disk, a day that has begun, fills."""

from collections.abc import Callable

from twisted.internet.defer import gatherResults
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from gateway.core.ports import Step
from gateway.journal.heart import Heart, open_heart
from gateway.journal.settings import JournalSettings
from gateway.journal.storage import Storage
from risk.book.account_book import AccountBook
from risk.checks.moment import TradingRules
from risk.core.step import step
from risk.domain.commands import (
    Command,
    ListInstrument,
    MoveCash,
    MoveShares,
    OpenAccount,
    RecordExecution,
    StartDay,
    SubmitOrder,
)
from risk.domain.enums import Board, Channel, ExecType, OrdStatus, Side
from risk.domain.errors import HotlineError
from risk.domain.events import OrderAccepted
from tests.builders.rulebooks import the_rulebook

DAY = 20261123
MORNING_NS = 1_795_399_200_000_000_000  # 2026-11-23 10:00 in China, a Monday
ACCOUNTS = ("10000001", "10000002", "20000001")
BRANCH_OF = {"10000001": "10001", "10000002": "10001", "20000001": "20001"}

SETUP: list[Command] = [
    *(OpenAccount(f"init:open:{no}", no, BRANCH_OF[no]) for no in ACCOUNTS),
    *(MoveCash(f"init:cash:{no}", no, 10**10) for no in ACCOUNTS),
    ListInstrument("init:list:1", "600000", Board.SSE_MAIN, "浦发银行", "SPD Bank", 100_000),
    ListInstrument("init:list:2", "000001", Board.SZSE_MAIN, "平安银行", "PAB", 120_000),
    *(MoveShares(f"init:shares:{no}", no, "600000", 5_000, 500_000_000) for no in ACCOUNTS),
    StartDay(f"init:day:{DAY}", DAY),
]


class Morning:
    """A wall clock that goes on a second each time it is read."""

    def __init__(self) -> None:
        self.now_ns = MORNING_NS

    def __call__(self) -> int:
        self.now_ns += 1_000_000_000
        return self.now_ns


def step_of(book: AccountBook) -> Step:
    """Bind the project's rulebook to a book."""
    rules = TradingRules(the_rulebook())
    return lambda commands, now_ns: step(book, rules, commands, now_ns)


def a_heart(
    storage: Storage,
    reactor: IReactorFromThreads,
    clock: IReactorTime,
    now_ns: Callable[[], int] | None = None,
    failures: list[HotlineError] | None = None,
) -> Heart:
    """Return a recovered heart with its doors open."""
    told = [] if failures is None else failures
    heart = open_heart(
        storage,
        JournalSettings(segment_mib=1),
        step_of,
        reactor,
        clock,
        now_ns or Morning(),
        told.append,
    )
    heart.lifecycle.open_doors()
    return heart


async def set_up(heart: Heart) -> None:
    """Open accounts, list instruments and start the day."""
    await gatherResults([heart.sequencer.submit(command) for command in SETUP])


def a_buy(request_id: str, account_no: str = "10000001", **changed: object) -> SubmitOrder:
    """Return an order that the rules accept."""
    order = SubmitOrder(
        request_id=request_id,
        account_no=account_no,
        symbol="600000",
        side=Side.BUY,
        qty=100,
        price_e4=100_000,
        channel=Channel.WEB,
        branch_code=BRANCH_OF[account_no],
        trace_id="t1",
        entered_ns=MORNING_NS,
    )
    return order._replace(**changed)


def a_fill(order: OrderAccepted, msg_seq_num: int, **changed: object) -> RecordExecution:
    """Return the report of a complete fill."""
    report = RecordExecution(
        request_id=f"GW-SSE:{msg_seq_num}",
        fix_session="GW-SSE",
        msg_seq_num=msg_seq_num,
        cl_ord_id=order.cl_ord_id,
        orig_cl_ord_id="",
        order_id=f"V{order.order_no}",
        exec_id=f"E{msg_seq_num}",
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.FILLED,
        symbol=order.symbol,
        side=order.side,
        last_qty=order.qty,
        last_px_e4=order.price_e4,
        cum_qty=order.qty,
        leaves_qty=0,
        transact_ns=MORNING_NS,
    )
    return report._replace(**changed)
