"""A phone door with a fake heart behind it: prompts, PINs, listings and an order desk."""

import itertools
import secrets
import time
from collections.abc import Callable, Sequence

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from gateway.core.ports import AcceptanceStopped
from gateway.identity.credentials import LockedOut, Outcome, Refused, Verified
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.door import PhoneDoor
from gateway.ivr.settings import PhoneSettings
from gateway.media.link import hosted_media
from gateway.media.port import Clip, Digit, LegEvent, LegFigures, PlayDone, RtpPeer
from gateway.media.settings import MediaSettings
from gateway.sip.settings import SipSettings
from gateway.sip.transport import UdpTransport
from gateway.sip.useragent import UserAgent, call_numbers
from risk.book.views import AccountView, OrderView
from risk.domain.commands import Command, SubmitOrder
from risk.domain.enums import Board, Channel, OrdStatus, OrdType, Side
from risk.domain.events import Event, OrderAccepted, OrderDenied
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode
from tests.builders.voice import (
    ToneSpeaker as ToneSpeaker,
)
from tests.builders.voice import (
    a_book as a_book,
)
from tests.builders.voice import (
    a_readable_voice as a_readable_voice,
)
from tests.builders.voice import (
    a_voice,
)
from tests.builders.voice import (
    at_once as at_once,
)

ACCOUNT_NO, PIN = "100200300", "258036"
PUFA = Instrument("600000", Board.SSE_MAIN, "浦发银行", "SPD Bank", 100_000)
BOND = Instrument("113001", Board.SSE_CONVERTIBLE, "中行转债", "BOC Convertible", 1_000_000)


class FakePins:
    """One account with one PIN; `outcome` overrides."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []
        self.outcome: Outcome | Exception | None = None
        self._wrong = 0

    def verify(self, account_no: str, pin: str) -> Deferred[Outcome]:
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


class FakeQueries:
    """Two listings and one account; `failed` is what a failed heart raises."""

    failed: AcceptanceStopped | None = None

    def __init__(self) -> None:
        self.last_order: OrderView | None = None

    def instrument(self, symbol: str) -> Instrument | None:
        self._check()
        return {PUFA.symbol: PUFA, BOND.symbol: BOND}.get(symbol)

    def account(self, account_no: str) -> AccountView | None:
        self._check()
        if account_no != ACCOUNT_NO:
            return None
        return AccountView(account_no, "00001", 12_345_600, 0, 12_345_600, 0, 0, False)

    def orders(self, account_no: str, limit: int = 500) -> list[OrderView]:
        self._check()
        return [self.last_order] if self.last_order and account_no == ACCOUNT_NO else []

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


class FakeOrders:
    """Accepts every order at once; `answer` overrides and may return a Deferred."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.answer: Callable[[SubmitOrder], Event | Deferred[Event]] = an_acceptance

    def submit(self, command: Command) -> Deferred[Event]:
        assert isinstance(command, SubmitOrder)
        self.commands.append(command)
        answer = self.answer(command)
        return answer if isinstance(answer, Deferred) else succeed(answer)


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
        actions = phone_actions(
            self.pins,
            self.queries,
            self.orders,
            self.voice,
            clock,
            time.time_ns,
            settings.reply_timeout_s,
        )
        self.door = PhoneDoor(settings, self.media, self.voice, actions, clock)
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


class FakeLeg:
    """Keeps what is played; `finish` ends it."""

    local_address = ("192.0.2.10", 40_000)

    def __init__(self) -> None:
        self.played: list[tuple[list[str], int]] = []
        self.stops = 0
        self.is_closed = False
        self.on_event: Callable[[LegEvent], None] = lambda _: None

    def set_peer(self, peer: RtpPeer) -> None:
        pass

    def play(self, clips: Sequence[Clip], token: int) -> None:
        self.played.append(([_text(clip) for clip in clips], token))

    def send_digits(self, digits: str, token: int) -> None:
        raise AssertionError("a gateway presses no keys")

    def stop(self) -> None:
        self.stops += 1

    def close(self) -> Deferred[LegFigures]:
        self.is_closed = True
        return succeed(LegFigures())

    def finish(self) -> None:
        """The last prompt has left."""
        self.on_event(PlayDone(self.played[-1][1]))

    def press(self, keys: str) -> None:
        """The caller presses keys."""
        for key in keys:
            self.on_event(Digit(key, 77))

    @property
    def said(self) -> str:
        """Words of the last play."""
        return "".join(self.played[-1][0])


def _text(clip: Clip) -> str:
    text = clip.alaw.decode(errors="replace")
    return text[text.find(":") + 1 : -1] if text.startswith("<") else ""
