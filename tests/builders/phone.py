"""A phone door with a fake heart behind it: prompts, PINs, listings and an order desk."""

import itertools
import secrets
import time
from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from gateway.core.foresight import Opening
from gateway.core.ports import AcceptanceStopped
from gateway.identity.callers import CallerPolicy
from gateway.identity.credentials import LockedOut, Outcome, Refused, Verified
from gateway.identity.customers import Profile
from gateway.identity.phone_notices import PhoneNotice
from gateway.identity.pins import Changed, PinChange
from gateway.ivr.actions.ports import PhonePorts
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallRecord
from gateway.ivr.door import PhoneDoor
from gateway.ivr.settings import PhoneSettings
from gateway.media.link import hosted_media
from gateway.media.settings import MediaSettings
from gateway.sip.settings import SipSettings
from gateway.sip.transport import UdpTransport
from gateway.sip.useragent import UserAgent, call_numbers
from risk.book.prices import Quote
from risk.book.views import AccountView, AlertView, FillOfDay, OrderView, PositionView
from risk.core.preview import Broken
from risk.domain.commands import Command, SubmitOrder
from risk.domain.enums import Board, Channel, Language, OrdStatus, OrdType, Side
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event, OrderAccepted, OrderDenied
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode
from tests.builders.voice import a_voice

ACCOUNT_NO, PIN = "100200300", "258036"
PUFA = Instrument("600000", Board.SSE_MAIN, "浦发银行", "SPD Bank", 100_000)
BOND = Instrument("113001", Board.SSE_CONVERTIBLE, "中行转债", "BOC Convertible", 1_000_000)


class FakePins:
    """One account with one PIN; `outcome` overrides."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []
        self.outcome: Outcome | Exception | None = None
        self.changed: list[tuple[str, ...]] = []
        self.change_outcome: PinChange | Exception = Changed(ACCOUNT_NO, 1)
        self._wrong = 0

    def verify(self, account_no: str, pin: str, ani: str = "") -> Deferred[Outcome]:
        self.tried.append((account_no, pin))
        if isinstance(self.outcome, Exception):
            failed: Deferred[Outcome] = Deferred()
            failed.errback(self.outcome)
            return failed
        if self.outcome is not None:
            return succeed(self.outcome)
        if (account_no, pin) == (ACCOUNT_NO, PIN):
            return succeed(Verified(account_no))
        self._wrong += 1
        return succeed(Refused(5 - self._wrong) if self._wrong < 5 else LockedOut(1))

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
        self.changed.append((account_no, old, new, new_again, trace_id, ani))
        if isinstance(self.change_outcome, Exception):
            return fail(self.change_outcome)
        return succeed(self.change_outcome)


class FakeQueries:
    """Two listings and one account; `failed` is what a failed heart raises."""

    failed: AcceptanceStopped | None = None

    def __init__(self) -> None:
        self.last_order: OrderView | None = None
        self.today: list[OrderView] = []
        self.fills: list[FillOfDay] = []
        self.held: list[PositionView] = []
        self.quotes: dict[str, Quote] = {}
        self.index_list: list[Instrument] = []
        self.found: list[Instrument] = []
        self.alert_list: list[AlertView] = []

    @property
    def day(self) -> int:
        self._check()
        return 20261123

    def instrument(self, symbol: str) -> Instrument | None:
        self._check()
        listed = [PUFA, BOND, *self.index_list]
        return {each.symbol: each for each in listed}.get(symbol)

    def account(self, account_no: str) -> AccountView | None:
        self._check()
        if account_no != ACCOUNT_NO:
            return None
        return AccountView(account_no, "00001", 12_345_600, 0, 12_345_600, 0, 0, False)

    def orders(self, account_no: str, limit: int = 500) -> list[OrderView]:
        self._check()
        if account_no != ACCOUNT_NO:
            return []
        return ([self.last_order] if self.last_order else self.today)[:limit]

    def order(self, cl_ord_id: str) -> OrderView | None:
        self._check()
        return next((each for each in self.today if each.cl_ord_id == cl_ord_id), None)

    def positions(self, account_no: str) -> list[PositionView]:
        self._check()
        return self.held if account_no == ACCOUNT_NO else []

    def fills_today(self, account_no: str, limit: int = 500) -> list[FillOfDay]:
        self._check()
        return self.fills[:limit] if account_no == ACCOUNT_NO else []

    def search_keypad(self, digits: str) -> list[Instrument]:
        self._check()
        return self.found

    def indices(self) -> list[Instrument]:
        self._check()
        return self.index_list

    def alerts(self, account_no: str) -> list[AlertView]:
        self._check()
        return self.alert_list if account_no == ACCOUNT_NO else []

    def quote(self, symbol: str) -> Quote | None:
        self._check()
        unquoted = Quote(0, 0, 0, 0, 0, 0, 0) if self.instrument(symbol) is not None else None
        return self.quotes.get(symbol, unquoted)

    def _check(self) -> None:
        if self.failed is not None:
            raise self.failed


def an_order_view(**changed: object) -> OrderView:
    """An open order to sell 20 bonds, none of them sold yet."""
    view = OrderView(
        cl_ord_id="261123000042",
        order_no=42,
        account_no=ACCOUNT_NO,
        symbol=BOND.symbol,
        side=Side.SELL,
        ord_type=OrdType.LIMIT,
        channel=Channel.PHONE,
        ord_status=OrdStatus.NEW,
        qty=20,
        leaves_qty=20,
        cum_qty=0,
        price_e4=1_005_000,
        turnover_e4=0,
        fees_e4=0,
        reserved_e4=0,
        accepted_ns=1,
        updated_ns=1,
        order_id="",
        text="",
        cancel_cl_ord_id="",
        is_routed=True,
        is_resent=False,
        is_reported=True,
        is_cancel_routed=False,
    )
    return view._replace(**changed)


def an_acceptance(command: SubmitOrder, order_no: int = 10088) -> OrderAccepted:
    """The heart's yes."""
    return OrderAccepted(
        at_ns=1,
        request_id=command.request_id,
        cl_ord_id=f"261123{order_no:06d}",
        order_no=order_no,
        account_no=command.account_no,
        symbol=command.symbol,
        side=command.side,
        qty=command.qty,
        price_e4=command.price_e4,
        ord_type=command.ord_type,
        time_in_force=command.time_in_force,
        reserved_e4=0,
        channel=command.channel,
        branch_code="",
        trace_id=command.trace_id,
        entered_ns=command.entered_ns,
        rules_version="test",
    )


def a_denial(command: SubmitOrder, reason: ReasonCode, detail: dict[str, int]) -> OrderDenied:
    """The heart's no."""
    return OrderDenied(
        at_ns=1,
        request_id=command.request_id,
        account_no=command.account_no,
        symbol=command.symbol,
        side=command.side,
        qty=command.qty,
        price_e4=command.price_e4,
        channel=Channel.PHONE,
        branch_code="",
        trace_id=command.trace_id,
        reason=reason,
        broken=1,
        detail=detail,
        rules_version="test",
    )


class FakeContacts:
    """The customer of the account; None when `found` is, a failure when `failed` is set."""

    def __init__(self) -> None:
        self.found: Profile | None = Profile(
            ACCOUNT_NO, "张三", Language.ZH, "00001", False, "1234", "z***@example.com"
        )
        self.failed: TemporaryFailure | None = None

    def profile(self, account_no: str) -> Deferred[Profile | None]:
        return fail(self.failed) if self.failed is not None else succeed(self.found)


class FakeCallers:
    """Lets every number in, unless `policy` says otherwise; keeps what was asked."""

    def __init__(self) -> None:
        self.policy = CallerPolicy.ALLOW
        self.asked: list[tuple[str, str, str, bool]] = []
        self.failed: TemporaryFailure | None = None

    def policy_of(
        self, account_no: str, branch_code: str, ani: str, is_withheld: bool
    ) -> Deferred[CallerPolicy]:
        self.asked.append((account_no, branch_code, ani, is_withheld))
        return fail(self.failed) if self.failed is not None else succeed(self.policy)


class FakeNotices:
    """Notices that wait to be heard, and the proof of those that were."""

    def __init__(self) -> None:
        self.waiting: list[PhoneNotice] = []
        self.proved: list[tuple[str, str, str]] = []
        self.failed: TemporaryFailure | None = None

    def waiting_for(self, account_no: str, branch_code: str) -> Deferred[list[PhoneNotice]]:
        return fail(self.failed) if self.failed is not None else succeed(self.waiting)

    def heard(self, notice_no: str, account_no: str, call_no: str) -> Deferred[None]:
        self.proved.append((notice_no, account_no, call_no))
        return fail(self.failed) if self.failed is not None else succeed(None)


class FakeRules:
    """A market that is open and bars nothing; `broken` bars, `opening` closes it."""

    def __init__(self) -> None:
        self.broken: Broken | None = None
        self.opening: Opening | None = None
        self.is_closed = False
        self.most = 1_000
        self.asked: list[tuple[SubmitOrder, frozenset[ReasonCode]]] = []
        self.failed: AcceptanceStopped | None = None

    def first_broken(self, order: SubmitOrder, asked: frozenset[ReasonCode]) -> Broken | None:
        self._check()
        self.asked.append((order, asked))
        return self.broken if self.broken is not None and self.broken.reason in asked else None

    def most_qty(self, order: SubmitOrder) -> int:
        return self.most

    def is_open(self) -> bool:
        self._check()
        return not self.is_closed

    def next_opening(self) -> Opening | None:
        return self.opening

    def _check(self) -> None:
        if self.failed is not None:
            raise self.failed


class FakeOrders:
    """Accepts every order at once; `answer` overrides and may return a Deferred."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.answer: Callable[[SubmitOrder], Event | Deferred[Event]] = an_acceptance
        self.known: dict[str, Deferred[Event]] = {}

    def submit(self, command: Command) -> Deferred[Event]:
        assert isinstance(command, SubmitOrder)
        self.commands.append(command)
        answer = self.answer(command)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def find(self, request_id: str) -> Deferred[Event] | None:
        return self.known.get(request_id)


class FakeCalls:
    """The calls an account made before; a failure when `failed` is set."""

    def __init__(self) -> None:
        self.made: list[CallRecord] = []
        self.failed: TemporaryFailure | None = None

    def recent(self, account_no: str) -> Deferred[list[CallRecord]]:
        return fail(self.failed) if self.failed is not None else succeed(self.made)


def phone_ports(**changed: object) -> PhonePorts:
    """A gateway that says yes."""
    ports = PhonePorts(
        pins=FakePins(),
        queries=FakeQueries(),
        rules=FakeRules(),
        orders=FakeOrders(),
        contacts=FakeContacts(),
        callers=FakeCallers(),
        notices=FakeNotices(),
        calls=FakeCalls(),
    )
    return ports._replace(**changed)


class PhoneHouse:
    """A whole phone door on loopback."""

    def __init__(
        self,
        settings: PhoneSettings | None = None,
        worker_count: int = 0,
        clock: IReactorTime = reactor,
    ) -> None:
        self.orders, self.pins, self.queries = FakeOrders(), FakePins(), FakeQueries()
        self.voice = a_voice()
        self.media = hosted_media(
            MediaSettings(worker_count=worker_count), reactor, time.time_ns, secrets.randbits
        )
        settings = settings or PhoneSettings()
        ports = phone_ports(pins=self.pins, queries=self.queries, orders=self.orders)
        actions = phone_actions(ports, settings, self.voice, clock, time.time_ns)
        self.door = PhoneDoor(settings, self.media, self.voice, actions, clock, time.time_ns)
        sip = SipSettings(listen_port=0)
        self.transport = UdpTransport(sip, reactor)
        self.agent = UserAgent(
            self.transport,
            reactor,
            self.door.call_received,
            settings=sip,
            new_token=lambda: f"{secrets.randbits(64):016x}",
            new_call_no=call_numbers(itertools.count(1_700_000_000_000_000_000).__next__),
            is_ready=lambda: self.door.is_ready,
        )

    async def start(self) -> int:
        """Open; return the SIP port."""
        await self.door.start()
        self.transport.start(reactor)
        return self.transport.local.port

    async def stop(self) -> None:
        """Close everything."""
        await self.door.stop()
        await self.transport.stop()
