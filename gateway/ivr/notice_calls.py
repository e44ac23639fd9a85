"""Calls that we place to read out a notice and hear it acknowledged by a key.

Only within calling hours, and with a number that is ours. Not here: who is called and why
(notify), trunks and their failover (gateway.sip.dialler).
"""

import enum
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from gateway.ivr import metrics
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.dialplan import Line
from gateway.ivr.fittings import Fittings
from gateway.ivr.flows.notice_call import ACKNOWLEDGED, HEARD, NOTICE_CALL
from gateway.ivr.live_call import CallLadder
from gateway.ivr.runner import CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import Address, Leg, MediaLink, RtpPeer
from gateway.sip.calls import CloseReason
from gateway.sip.ladder import Ladder
from gateway.sip.outgoing import OutgoingCall
from risk.domain.enums import Language
from risk.domain.errors import TemporaryFailure
from risk.domain.ids import second_of_day

BUSY: Final = frozenset({486, 600})
SILENT: Final = frozenset({0, 408, 480, 487})
FINAL: Final = 300  # statuses below are no final refusal


class OutsideHours(TemporaryFailure):
    """Nobody is called at this time of day: try again within the calling hours."""

    code = "ivr.outside_calling_hours"


class NotSpeakable(TemporaryFailure):
    """The notice could not be made into speech now: try again later."""

    code = "ivr.notice_not_speakable"


class LinesBusy(TemporaryFailure):
    """As many notices are being read out as may be at once."""

    code = "ivr.notice_lines_busy"


class NoticeOutcome(enum.Enum):
    """What came of a call."""

    ACKNOWLEDGED = "acknowledged"  # 1 was pressed after the notice
    HEARD_ONLY = "heard_only"  # to its end, without a 1
    CUT_SHORT = "cut_short"  # answered, but not heard to its end
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"  # by the far end or its network


class NoticeResult(NamedTuple):
    """What came of a call; its record has this `call_no`."""

    outcome: NoticeOutcome
    call_no: str


class Announcement(NamedTuple):
    """What is read out to whom. Each line is at most a name long (gateway.media.voice)."""

    number: str
    ani: str  # shown to who is called: one of sip.own_numbers
    language: Language
    lines: tuple[str, ...]
    account_no: str = ""


class PlacedCall(Protocol):
    """A call of ours (gateway.sip.dialled_call.DialledCall). `call` is the attempt that stands."""

    call_no: str
    call: OutgoingCall | None
    trunk: str
    status: int

    @property
    def is_closed(self) -> bool: ...
    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None: ...
    def on_closed(self, callback: Callable[[CloseReason], None]) -> None: ...
    def hangup(self) -> None: ...


class NoticeDialler(Protocol):
    """Who places calls (gateway.sip.dialler.Dialler)."""

    def place(self, number: str, ani: str, local: Address) -> PlacedCall:
        """Call a number; register callbacks right after. Raises DialRefused."""
        ...


class NoticeCall:
    """A placed call as its runner sees it."""

    privacy = False

    def __init__(self, placed: PlacedCall, said: Announcement) -> None:
        self._placed = placed
        self.call_no = placed.call_no
        self.ani, self.dnis = said.ani, said.number
        self.on_closed, self.hangup = placed.on_closed, placed.hangup

    @property
    def trunk(self) -> str:
        """The trunk in use."""
        return self._placed.trunk

    @property
    def sip_call_id(self) -> str:
        """Call-ID of the attempt that stands, empty when none does."""
        return self._placed.call.sip_call_id if self._placed.call is not None else ""

    @property
    def peer(self) -> RtpPeer | None:
        """Where its audio goes."""
        return self._placed.call.peer if self._placed.call is not None else None

    @property
    def ladder(self) -> CallLadder:
        """Messages of the attempt that stands."""
        return self._placed.call.ladder if self._placed.call is not None else Ladder(0.0)

    @property
    def is_closed(self) -> bool:
        """True once it is over."""
        return self._placed.is_closed


class NoticeCalls:
    """All calls of ours that are under way."""

    def __init__(
        self, settings: PhoneSettings, media: MediaLink, dialler: NoticeDialler, fittings: Fittings
    ) -> None:
        self._settings, self._media, self._dialler, self._fit = settings, media, dialler, fittings
        self._names = SpokenNames(fittings.voice, fittings.clock)
        self._calls: set[PlacedCall] = set()
        self._planned = 0  # under way, or about to be

    @property
    def call_count(self) -> int:
        """Calls now."""
        return len(self._calls)

    def hang_up_all(self) -> None:
        """End them."""
        for placed in list(self._calls):
            placed.hangup()

    async def place(self, said: Announcement) -> NoticeResult:
        """Call, read out, return what came of it once the call is over.

        Raises OutsideHours, LinesBusy, NotSpeakable, MediaRefused (all to be tried again) or
        DialRefused (never to be).
        """
        now_s = second_of_day(self._fit.now_ns())
        if not self._settings.calls_from_s <= now_s < self._settings.calls_until_s:
            raise OutsideHours(f"second {now_s} of the day")
        if self._planned >= self._settings.notice_calls_max:
            raise LinesBusy(f"{self._planned} notices are being read out")
        self._planned += 1
        try:
            return await self._read_out(said)
        finally:
            self._planned -= 1

    async def _read_out(self, said: Announcement) -> NoticeResult:
        if not await self._names.are_ready(said.lines, said.language):
            raise NotSpeakable(f"{len(said.lines)} lines")
        told: list[CallRunner] = []
        leg = await self._media.open_leg(lambda event: told[0].leg_event(event) if told else None)
        placed: PlacedCall | None = None
        try:
            placed = self._dialler.place(said.number, said.ani, leg.local_address)
        finally:
            if placed is None:
                leg.close()
        runner = CallRunner(
            NoticeCall(placed, said),
            Line(flow=NOTICE_CALL, languages=(said.language,)),
            self._fit,
            values={"lines": tuple({"notice_line": line} for line in said.lines)},
            is_outbound=True,
        )
        told.append(runner)
        reason = await self._over(placed, leg, runner)
        await runner.call_closed(reason.value)
        metrics.NOTICE_CALLS.labels(_outcome(placed, runner).value).inc()
        return NoticeResult(_outcome(placed, runner), placed.call_no)

    def _over(self, placed: PlacedCall, leg: Leg, runner: CallRunner) -> "Deferred[CloseReason]":
        """Begin the flow when somebody answers; fire when the call is over."""
        over: Deferred[CloseReason] = Deferred()

        def answered(peer: RtpPeer) -> None:
            leg.set_peer(peer)
            if placed.call is not None:
                placed.call.on_key(leg.press_by_info)
            runner.start(leg)

        def closed(reason: CloseReason) -> None:
            self._calls.discard(placed)
            if not runner.is_started:
                leg.close()
            over.callback(reason)

        self._calls.add(placed)
        placed.on_answered(answered)
        placed.on_closed(closed)
        return over


def _outcome(placed: PlacedCall, runner: CallRunner) -> NoticeOutcome:
    if ACKNOWLEDGED in runner.path:
        return NoticeOutcome.ACKNOWLEDGED
    if HEARD in runner.path:
        return NoticeOutcome.HEARD_ONLY
    if runner.is_started:
        return NoticeOutcome.CUT_SHORT
    if placed.status in BUSY:
        return NoticeOutcome.BUSY
    if placed.status in SILENT or placed.status < FINAL:
        return NoticeOutcome.NO_ANSWER
    return NoticeOutcome.REFUSED
