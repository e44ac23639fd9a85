"""Notices read out by calls of ours, with a dialler that is not there."""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallRecord
from gateway.ivr.fittings import Fittings
from gateway.ivr.notice_calls import (
    Announcement,
    LinesBusy,
    NoticeCalls,
    NoticeOutcome,
    NoticeResult,
    NotSpeakable,
    OutsideHours,
)
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import Address, Leg, MediaRefused, OnLegEvent, RtpPeer
from gateway.media.synth import NoSpeaker
from gateway.sip.calls import CloseReason
from gateway.sip.dialler import DialRefused
from gateway.sip.outgoing import OutgoingCall
from risk.domain.enums import Language
from tests.builders.legs import FakeLeg
from tests.builders.phone import phone_ports
from tests.builders.voice import a_readable_voice

NINE = (9 - 8) * 3_600 * 10**9  # nine o'clock in China
PEER = RtpPeer("192.0.2.1", 4_000)
SAID = Announcement("+8613800000001", "02161234567", Language.ZH, ("保证金不足", "请补足"))


class FakePlaced:
    """A call under way; the test is the far end."""

    call_no, trunk = "n1", "carrier"
    call: OutgoingCall | None = None

    def __init__(self) -> None:
        self.status = 0
        self.is_closed = False
        self._on_answered: list[Callable[[RtpPeer], None]] = []
        self._on_closed: list[Callable[[CloseReason], None]] = []

    def on_answered(self, callback: Callable[[RtpPeer], None]) -> None:
        self._on_answered.append(callback)

    def on_closed(self, callback: Callable[[CloseReason], None]) -> None:
        self._on_closed.append(callback)

    def hangup(self) -> None:
        self.close(CloseReason.LOCAL_BYE)

    def answer(self) -> None:
        self.status = 200
        for callback in self._on_answered:
            callback(PEER)

    def close(self, reason: CloseReason, status: int = 0) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.status = status or self.status
            for callback in self._on_closed:
                callback(reason)


class FakeDialler:
    """Places calls; `refusal` refuses."""

    def __init__(self) -> None:
        self.placed: list[FakePlaced] = []
        self.dialled: list[tuple[str, str]] = []
        self.refusal: DialRefused | None = None

    def place(self, number: str, ani: str, local: Address) -> FakePlaced:
        if self.refusal is not None:
            raise self.refusal
        self.dialled.append((number, ani))
        self.placed.append(FakePlaced())
        return self.placed[-1]


class OneLeg:
    """Media with one leg."""

    is_ready, leg_count = True, 0

    def __init__(self) -> None:
        self.leg = FakeLeg()
        self.refusal: MediaRefused | None = None

    def start(self) -> Deferred[None]:
        return succeed(None)

    def stop(self) -> Deferred[None]:
        return succeed(None)

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> Deferred[Leg]:
        if self.refusal is not None:
            return fail(self.refusal)
        self.leg.on_event = on_event
        return succeed(self.leg)


class KeptRecords:
    """A call log."""

    def __init__(self) -> None:
        self.noted: list[CallRecord] = []

    def begin(self, record: CallRecord) -> Deferred[None]:
        return succeed(None)

    def note(self, record: CallRecord) -> Deferred[None]:
        self.noted.append(record)
        return succeed(None)


class NoticeCallTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.media, self.dialler = Clock(), OneLeg(), FakeDialler()
        self.now_ns, self.log = NINE, KeptRecords()
        self.make(PhoneSettings(notice_calls_max=1))

    def make(self, settings: PhoneSettings, *, can_speak: bool = True) -> None:
        voice = a_readable_voice(Path(self.mktemp()))
        self.successResultOf(Deferred.fromCoroutine(voice.prepare()))
        if not can_speak:
            voice._renderer._speaker = NoSpeaker()
        fittings = Fittings(
            voice,
            phone_actions(phone_ports(), settings, voice, self.clock, lambda: self.now_ns),
            settings,
            Tasks(self.clock),
            self.clock,
            lambda: self.now_ns,
            call_log=self.log,
        )
        self.calls = NoticeCalls(settings, self.media, self.dialler, fittings)

    def place(self) -> Deferred[NoticeResult]:
        return Deferred.fromCoroutine(self.calls.place(SAID))

    def test_a_notice_is_read_out_and_acknowledged(self) -> None:
        asked = self.place()
        assert self.dialler.dialled == [("+8613800000001", "02161234567")]
        (placed,) = self.dialler.placed
        placed.answer()
        leg, said = self.media.leg, []
        for _ in range(4):
            said.append(leg.said)
            if leg.said.startswith("收到请按一"):
                leg.finish()
            leg.press("1")  # until it is asked for, a 1 acknowledges nothing
            leg.finish()
        assert said[0].startswith("您好")
        assert said[1:] == ["保证金不足", "请补足", "收到请按一,再听一遍请按九。"]
        assert self.successResultOf(asked) == NoticeResult(NoticeOutcome.ACKNOWLEDGED, "n1")
        assert leg.is_closed
        (record,) = self.log.noted
        assert record.is_outbound
        assert (record.ani, record.dnis, record.trunk) == (SAID.ani, SAID.number, "carrier")
        assert self.clock.getDelayedCalls() == []

    def heard(self) -> tuple[Deferred[NoticeResult], FakePlaced]:
        """A call in which the notice has been heard to its end."""
        asked = self.place()
        (placed,) = self.dialler.placed
        placed.answer()
        for _ in range(3):
            self.media.leg.finish()
        return asked, placed

    def test_9_says_the_notice_again(self) -> None:
        asked, placed = self.heard()
        self.media.leg.press("9")
        assert self.media.leg.said == "保证金不足"
        placed.close(CloseReason.REMOTE_BYE)
        assert self.successResultOf(asked).outcome is NoticeOutcome.HEARD_ONLY

    def test_a_notice_heard_without_a_key_is_heard_only(self) -> None:
        asked, _ = self.heard()
        for _ in range(20):
            self.media.leg.finish()
            self.clock.advance(10)
        assert self.successResultOf(asked).outcome is NoticeOutcome.HEARD_ONLY

    def test_who_hangs_up_before_the_end_has_not_heard_it(self) -> None:
        asked = self.place()
        self.dialler.placed[0].answer()
        self.media.leg.finish()
        self.dialler.placed[0].close(CloseReason.REMOTE_BYE)
        assert self.successResultOf(asked).outcome is NoticeOutcome.CUT_SHORT

    def test_calls_that_nobody_takes_are_told_apart(self) -> None:
        for reason, status, outcome in (
            (CloseReason.NO_ANSWER, 180, NoticeOutcome.NO_ANSWER),
            (CloseReason.REFUSED, 480, NoticeOutcome.NO_ANSWER),
            (CloseReason.REFUSED, 486, NoticeOutcome.BUSY),
            (CloseReason.REFUSED, 600, NoticeOutcome.BUSY),
            (CloseReason.REFUSED, 603, NoticeOutcome.REFUSED),
            (CloseReason.REFUSED, 404, NoticeOutcome.REFUSED),
        ):
            asked = self.place()
            self.dialler.placed[-1].close(reason, status)
            assert self.successResultOf(asked).outcome is outcome, status
            assert self.media.leg.is_closed
        assert len(self.log.noted) == 6
        assert self.calls.call_count == 0

    def test_nobody_is_called_outside_the_hours(self) -> None:
        for hour, may in ((7.99, False), (8, True), (20.99, True), (21, False), (3, False)):
            self.now_ns = int((hour - 8) % 24 * 3_600 * 10**9)
            asked = self.place()
            if may:
                self.dialler.placed[-1].close(CloseReason.NO_ANSWER)
                self.successResultOf(asked)
            else:
                self.failureResultOf(asked, OutsideHours)

    def test_no_more_are_called_at_once_than_the_settings_say(self) -> None:
        first = self.place()
        self.failureResultOf(self.place(), LinesBusy)
        self.dialler.placed[0].close(CloseReason.NO_ANSWER)
        self.successResultOf(first)
        self.place()
        assert len(self.dialler.placed) == 2

    def test_a_refused_number_and_a_missing_leg_leave_nothing_behind(self) -> None:
        self.dialler.refusal = DialRefused("not ours")
        self.failureResultOf(self.place(), DialRefused)
        assert self.media.leg.is_closed
        self.media.refusal = MediaRefused("no port")
        self.failureResultOf(self.place(), MediaRefused)
        assert self.calls.call_count == 0

    def test_a_notice_that_cannot_be_spoken_is_not_called_about(self) -> None:
        self.make(PhoneSettings(), can_speak=False)
        self.failureResultOf(self.place(), NotSpeakable)
        assert self.dialler.dialled == []

    def test_all_are_hung_up_when_the_door_closes(self) -> None:
        asked = self.place()
        self.calls.hang_up_all()
        self.successResultOf(asked)
        assert self.calls.call_count == 0
