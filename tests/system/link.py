"""The FIX session between gateway and venue in memory: numbers, resends and every way to lose it.

The venue's end is the acceptor that the real `Exchange` is given, the gateway's end drives the real
`Router`, `Inbound` and `MarketData`. What the two say is the real text of fix.encode and
fix.simulator.wire; only QuickFIX and its socket are missing, and what they would do is here:
numbering, PossDup resends of the venue's reports, gap fills of ours (FIX 4.4 volume 2).
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import LoopingCall

from fix import fields as f
from fix.inbound import Inbound, Recorder, Submit
from fix.marketdata import MarketData, Tick
from fix.numbers import OutgoingNumbers
from fix.router import Router
from fix.settings import FixSettings
from fix.simulator.acceptor import FromMember
from gateway.refdata.day import day_number
from risk.domain.ids import NS, trading_day
from risk.domain.orders import OpenOrder

GATEWAY: Final = "HOTLINE"
GATEWAY_QUOTES: Final = "HOTLINE-MD"
OTHERS: Final = "OTHERS"  # the rest of the market: one more member of the venue
POLL_S: Final = 0.01
_DAY_BEGINS_S: Final = 5 * 3600


class VenueEnd:
    """The acceptor: what the venue sent is kept by number and sent again when it is asked for."""

    port = 0
    members = (GATEWAY,)
    market_data_members = (GATEWAY_QUOTES,)

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._came: deque[FromMember] = deque()
        self._kept: list[str] = []
        self._day = 0
        self.up: GatewayEnd | None = None
        self.is_cut = False  # nobody logs on until it is mended
        self.is_deaf = False  # what the gateway sends is lost, and nobody knows yet
        self.received: Counter[tuple[str, bool]] = Counter()  # NewOrderSingle: ClOrdID, PossResend

    def poll(self) -> list[FromMember]:
        """Return what members sent."""
        came = list(self._came)
        self._came.clear()
        return came

    def take(self, member: str, number: int, text: str) -> None:
        """A message arrives from a member."""
        if member == GATEWAY and self.is_deaf:
            return
        stamped = stamp(text, number, member, "VENUE", self._now_ns())
        fields = f.split(stamped)
        if member == GATEWAY and fields[f.MSG_TYPE] == "D":
            self.received[fields[f.CL_ORD_ID], f.flag(fields, f.POSS_RESEND)] += 1
        self._came.append(FromMember(member, stamped))

    def send(self, member: str, text: str) -> None:
        """Send now, or after the member's next logon."""
        if member != GATEWAY:
            return  # the rest of the market does not listen
        self._kept.append(text)
        if self.up is not None:
            self.up.deliver(self._stamped(len(self._kept)))

    def send_market_data(self, member: str, text: str) -> None:
        """Send quotes: never kept."""
        if self.up is not None:
            self.up.deliver_quotes(stamp(text, 1, "VENUE", member, self._now_ns()))

    def is_up(self, member: str) -> bool:
        """Whether the member is logged on."""
        return self.up is not None

    def drop(self, member: str) -> None:
        """Close the connection without a word; what was under way is lost."""
        lost, self.up = self.up, None
        if lost is not None:
            self.is_deaf = False
            lost.lost()

    def log_on(self, end: "GatewayEnd", day: int) -> bool:
        """Take a logon; `end.expected` is the number the gateway wants next. Numbers are daily."""
        if self.is_cut:
            return False
        if day != self._day:
            self._day = day
            self._kept = []
        self._kept.append("")  # our Logon(A)
        self.up = end
        return True

    def resend_from(self, expected: int) -> None:
        """Answer a ResendRequest(2): reports again with PossDup, a gap fill for the rest."""
        assert self.up is not None
        for number in range(expected, len(self._kept) + 1):
            text = self._kept[number - 1]
            self.up.deliver(self._stamped(number, poss_dup=True) if text else "")
        self._came.append(FromMember(GATEWAY_QUOTES, ""))

    def _stamped(self, number: int, *, poss_dup: bool = False) -> str:
        text = self._kept[number - 1]
        return stamp(text, number, "VENUE", GATEWAY, self._now_ns(), poss_dup=poss_dup)

    def log_out(self) -> None:
        """The venue is never stopped here."""

    def close(self) -> None:
        """The venue is never stopped here."""


class GatewayEnd:
    """The order and market data sessions of one life of the gateway, and what fix.edge does."""

    def __init__(
        self,
        settings: FixSettings,
        data_folder: Path,
        submit: Submit,
        open_orders: Iterable[OpenOrder],
        last_inbound: Mapping[str, int],
        on_ticks: Callable[[list[Tick]], None],
        reactor: Any,  # IReactorTime
        now_ns: Callable[[], int],
        venue: VenueEnd,
    ) -> None:
        self._settings, self._venue, self._now_ns = settings, venue, now_ns
        self._last_inbound = last_inbound
        self._numbers = OutgoingNumbers(data_folder / "fix" / "HOTLINE.numbers", _written)
        record = Recorder(submit)
        self.router = Router(settings, record, open_orders, now_ns)
        self._user = Inbound(self, self.router, record, now_ns)  # type: ignore[arg-type]
        self._quotes = MarketData(on_ticks)
        self._came: deque[str] = deque()
        self._came_quotes: deque[str] = deque()
        self._day = 0
        self._retry_ns = 0
        self._polling = LoopingCall(self._poll)
        self._polling.clock = reactor
        self.expected = 1
        self.next_number = 1
        self.fix_session = ""
        self.is_up = False
        self.is_dead = False
        self.on_sent: Callable[[str], None] = lambda text: None
        self.on_report: Callable[[str], None] = lambda text: None

    def start(self) -> None:
        """Begin to poll; the first poll dials."""
        self._polling.start(POLL_S, now=True)

    def die(self) -> None:
        """Say nothing more, as a killed process does."""
        self.is_dead = True
        if self._polling.running:
            self._polling.stop()
        if self._venue.up is self:
            self._venue.up = None

    def send(self, text: str) -> int:
        """Hand a message to the session; return its number, 0 when it was not taken."""
        if self.is_dead or not self.is_up:
            return 0
        self._numbers.cover(self.next_number)
        number, self.next_number = self.next_number, self.next_number + 1
        self._venue.take(GATEWAY, number, text)
        self.on_sent(text)
        return 0 if self.is_dead else number

    def deliver(self, text: str) -> None:
        """A message of the venue has arrived; "" is a gap fill or its Logon(A)."""
        self._came.append(text)

    def deliver_quotes(self, text: str) -> None:
        """A quote has arrived."""
        self._came_quotes.append(text)

    def lost(self) -> None:
        """The connection is gone with all that had not been read."""
        self._came.clear()
        self.is_up = False
        self._retry_ns = self._now_ns() + self._settings.reconnect_s * NS
        self._user.session_down()

    def _poll(self) -> None:
        day = day_number(trading_day(self._now_ns() - _DAY_BEGINS_S * NS))
        if self.is_up and day != self._day:
            self._venue.drop(GATEWAY)  # the session's day is over
            self._retry_ns = 0
        if not self.is_up and self._now_ns() >= self._retry_ns:
            self._log_on(day)
        while self._came_quotes:
            self._quotes.received("", self._came_quotes.popleft())
        while self._came and not self.is_dead:
            self._read(self._came.popleft())
        if not self.is_dead:
            self.router.turn()

    def _read(self, text: str) -> None:
        self.expected += 1
        if text:
            self.on_report(text)
        if text and not self.is_dead:
            self._user.received(self.fix_session, text)

    def _log_on(self, day: int) -> None:
        is_new = day != self._day
        if self._venue.is_cut:
            return
        if is_new:
            self._day = day
            self.next_number = self._numbers.begin(day)
            self.fix_session = self._numbers.fix_session("HOTLINE-VENUE")
            self.expected = self._last_inbound.get(self.fix_session, 0) + 1
        if self._venue.log_on(self, day):
            self.next_number += 1  # our Logon(A)
            self.is_up = True
            self._quotes.session_up("")
            self._user.session_up(self.fix_session)
            self._venue.resend_from(self.expected)


def stamp(
    text: str, number: int, sender: str, target: str, at_ns: int, *, poss_dup: bool = False
) -> str:
    """Return a message with the header and trailer that QuickFIX would give it."""
    begin, kind, body = text.split(f.SOH, 2)
    dup = f"43=Y{f.SOH}" if poss_dup else ""
    header = (
        f"{begin}{f.SOH}9=0{f.SOH}{kind}{f.SOH}34={number}{f.SOH}{dup}49={sender}{f.SOH}"
        f"52={f.timestamp_text(at_ns)}{f.SOH}56={target}{f.SOH}"
    )
    return f"{header}{body}10=000{f.SOH}"


def _written(write: Callable[[], None]) -> "Deferred[None]":
    return execute(write)
