"""Builders for notices and what they come from: valid by default, override what matters."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.task import Clock

from notify.edge import NoticeEdge, load_templates
from notify.notices import Notice, NoticeKind, Route
from notify.render import Templates
from notify.settings import NotifySettings
from notify.transports.memory import MemoryTransport
from notify.transports.port import Outgoing, Transport
from risk.domain.enums import (
    Channel,
    Language,
    OrdStatus,
    OrdType,
    Side,
    StatementForm,
    TimeInForce,
)
from risk.domain.events import Event, Filled, OrderAccepted, OrderCanceled, OrderRejected
from risk.domain.service_events import StatementRequested
from risk.domain.statements import StatementFill, StatementOrder, StatementPosition

CONFIG = Path(__file__).parents[2] / "config"
TEMPLATES = CONFIG / "templates"
T0_NS = 1_795_311_065_000_000_000  # 2026-11-22 09:31:05 in China


class AContact(NamedTuple):
    """A contact as a store of customers gives it."""

    name: str = "张三"
    mobile: str = "+8613800138000"
    email: str = "zhang@example.com"
    language: Language = Language.ZH


def a_fill(**changes: object) -> Filled:
    """A fill of 100 at 10.05 that completes order 42 of account 10000001."""
    fill = Filled(
        at_ns=T0_NS,
        cl_ord_id="261122000042",
        account_no="10000001",
        symbol="000001",
        side=Side.BUY,
        order_id="V1",
        exec_id="E1",
        last_qty=100,
        last_px_e4=100_500,
        cum_qty=100,
        leaves_qty=0,
        ord_status=OrdStatus.FILLED,
        commission_e4=50_000,
        stamp_duty_e4=0,
        transfer_fee_e4=101,
        unfrozen_e4=10_100_101,
        fix_session="S",
        msg_seq_num=7,
        transact_ns=T0_NS,
        order_no=42,
        channel=Channel.PHONE,
    )
    return fill._replace(**changes)


def an_accepted(**changes: object) -> OrderAccepted:
    """An accepted order: nothing is told of it."""
    accepted = OrderAccepted(
        at_ns=T0_NS,
        request_id="r-1",
        cl_ord_id="261122000042",
        order_no=42,
        account_no="10000001",
        symbol="000001",
        side=Side.BUY,
        qty=100,
        price_e4=100_500,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        reserved_e4=10_100_000,
        channel=Channel.PHONE,
        branch_code="",
        trace_id="call-1",
        entered_ns=T0_NS,
        rules_version="1",
    )
    return accepted._replace(**changes)


def a_rejection(**changes: object) -> OrderRejected:
    """The venue's rejection of order 42."""
    rejected = OrderRejected(
        at_ns=T0_NS,
        cl_ord_id="261122000042",
        account_no="10000001",
        symbol="000001",
        side=Side.BUY,
        qty=100,
        price_e4=100_500,
        unfrozen_e4=10_100_101,
        ord_rej_reason=13,
        text="bad qty",
        fix_session="S",
        msg_seq_num=7,
        order_no=42,
        channel=Channel.WEB,
    )
    return rejected._replace(**changes)


def a_cancel(**changes: object) -> OrderCanceled:
    """Order 42 cancelled with nothing filled."""
    canceled = OrderCanceled(
        at_ns=T0_NS,
        cl_ord_id="261122000042",
        account_no="10000001",
        symbol="000001",
        side=Side.BUY,
        cum_qty=0,
        canceled_qty=100,
        unfrozen_e4=10_100_101,
        order_id="V1",
        exec_id="E2",
        text="",
        fix_session="S",
        msg_seq_num=8,
        order_no=42,
        channel=Channel.WEB,
    )
    return canceled._replace(**changes)


def a_statement(**changes: object) -> StatementRequested:
    """A statement by mail: two holdings, one order with one fill."""
    buy = ("000001", Side.BUY, 100)
    statement = StatementRequested(
        at_ns=T0_NS,
        request_id="s-1",
        account_no="10000001",
        form=StatementForm.MAIL,
        channel=Channel.PHONE,
        branch_code="",
        trace_id="call-1",
        cash_e4=100_000_000,
        frozen_e4=10_050_000,
        free_e4=89_950_000,
        withdrawable_e4=89_950_000,
        market_value_e4=1_018_000_000,
        position_count=2,
        order_count=1,
        fill_count=1,
        bought_e4=10_050_000,
        sold_e4=0,
        fees_e4=50_100,
        positions=(
            StatementPosition("000001", 10_000, 9_900, 1_020_000_000, 101_800),
            StatementPosition("600000", 0, 0, 12_345_600, 99_900),
        ),
        orders=(StatementOrder(42, *buy, 100, 100_500, OrdStatus.FILLED, T0_NS),),
        fills=(StatementFill(42, *buy, 100_500, 50_100, T0_NS),),
    )
    return statement._replace(**changes)


def a_notice(event_seq: int = 1, **changes: object) -> Notice:
    """An SMS about a fill."""
    notice = Notice(
        event_seq=event_seq,
        route=Route.SMS,
        kind=NoticeKind.FILLED,
        account_no="10000001",
        cl_ord_id="261122000042",
        language=Language.ZH,
        recipient="+8613800138000",
        subject="",
        text="成交",
        html="",
        event_ns=T0_NS,
        expires_ns=T0_NS + 3_600 * 10**9,
    )
    return notice._replace(**changes)


def an_outgoing(**changes: object) -> Outgoing:
    """A message for a transport."""
    message = Outgoing(
        notice_id=1,
        message_key="7.1",
        recipient="+8613800138000",
        subject="",
        text="成交",
        html="",
        part_ids=(),
        timeout_s=10.0,
        expires_s=3_600.0,
    )
    return message._replace(**changes)


class InlineWorker:
    """Runs jobs at once, on the calling thread; those named in `failing` fail once each."""

    def __init__(self) -> None:
        self.failing: dict[str, BaseException] = {}

    def run(self, work: Callable[..., object], *args: object, **kwargs: object) -> Deferred:
        """Call and fire."""
        failure = self.failing.pop(work.__name__, None)
        return execute(work, *args, **kwargs) if failure is None else fail(failure)


class JournalStub:
    """Numbered events as a journal's reader gives them."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.events = list(events)

    def append(self, *events: Event) -> list[tuple[int, Event]]:
        """Add events; returns them with their numbers, as the bus publishes them."""
        first = len(self.events) + 1
        self.events += events
        return list(enumerate(events, first))

    def events_after(self, seq: int) -> Iterator[tuple[int, Event]]:
        """Yield what follows `seq`."""
        yield from enumerate(self.events[seq:], seq + 1)


class MovingClock(Clock):
    """A reactor clock whose wall clock goes with it."""

    def now_ns(self) -> int:
        """Unix ns, starting a second after the events of these builders."""
        return T0_NS + 10**9 + int(self.seconds() * 1e9)


@cache
def the_templates() -> Templates:
    """The texts of config/templates; read once, it takes a while."""
    return load_templates(NotifySettings(), CONFIG, sms_parts_max=3)


def an_edge(
    folder: Path,
    journal: JournalStub,
    clock: MovingClock,
    transports: Sequence[Transport] | None = None,
    contact_of: Callable[[str], AContact | None] = lambda _: AContact(),
    worker: InlineWorker | None = None,
    **settings: object,
) -> NoticeEdge:
    """An edge on memory transports that does its database work inline."""
    return NoticeEdge(
        NotifySettings(**settings),
        [MemoryTransport(Route.SMS), MemoryTransport(Route.MAIL)]
        if transports is None
        else transports,
        data_folder=folder,
        contact_of=contact_of,
        events_after=journal.events_after,
        reactor=clock,
        now_ns=clock.now_ns,
        rng=random.Random(7),
        templates=the_templates(),
        worker=worker or InlineWorker(),
    )
