"""A notice read out to a customer over real SIP and RTP, and acknowledged with a key."""

import secrets
import tempfile
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallRecord
from gateway.ivr.fittings import Fittings
from gateway.ivr.notice_calls import Announcement, NoticeCalls, NoticeOutcome, NoticeResult
from gateway.ivr.settings import PhoneSettings
from gateway.media.g711 import ALAW_SILENCE
from gateway.media.link import hosted_media
from gateway.media.port import Heard, Leg, LegEvent
from gateway.media.settings import MediaSettings
from gateway.sip.edge_settings import TrunkSettings
from gateway.sip.incoming import IncomingCall
from risk.domain.enums import Language
from tests.builders.phone import phone_ports
from tests.builders.voice import a_voice
from tests.peers.gateway_edge import GatewayEdge

NINE_NS = 3_600 * 10**9  # nine o'clock in China
SAID = Announcement("+8613800138000", "95500", Language.ZH, ("保证金不足",))


class Customer(GatewayEdge):
    """A telephone behind a carrier: answers, hears, presses; `status` refuses instead."""

    status = 0
    leg: Leg | None = None

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, open_hosts=("127.0.0.1",))
        self.media = hosted_media(
            MediaSettings(worker_count=0), reactor, time.time_ns, secrets.randbits
        )
        self.heard = bytearray()

    def _take(self, call: IncomingCall) -> None:
        self.calls.append(call)
        if self.status:
            call.refuse(self.status)
        else:
            opened: Deferred[Leg] = self.media.open_leg(self._event, call.peer, hear=True)
            opened.addCallback(self._answer, call)

    def _answer(self, leg: Leg, call: IncomingCall) -> None:
        self.leg = leg
        call.answer(leg.local_address)

    def _event(self, event: LegEvent) -> None:
        if isinstance(event, Heard):
            self.heard += event.alaw

    async def until_heard(self, alaw: bytes) -> None:
        """Wait for a piece of speech; silence is left out, as a busy machine may stretch it."""
        said = alaw.replace(ALAW_SILENCE, b"")
        for _ in range(3):
            try:
                await self.until(
                    "speech", lambda: said in bytes(self.heard).replace(ALAW_SILENCE, b"")
                )
                return
            except AssertionError:
                continue
        raise AssertionError("the notice was not heard")


class KeptRecords:
    """A call log."""

    def __init__(self) -> None:
        self.noted: list[CallRecord] = []

    def begin(self, record: CallRecord) -> "Deferred[None]":
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def note(self, record: CallRecord) -> "Deferred[None]":
        self.noted.append(record)
        return self.begin(record)


class NoticesOverSip(TestCase):
    timeout = 100

    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.customer = Customer(Path(folder.name))
        port = await self.customer.start()
        self.addCleanup(self.customer.stop)
        await self.customer.media.start()
        self.addCleanup(self.customer.media.stop)
        trunk = TrunkSettings(name="carrier", address=f"127.0.0.1:{port}", ping_s=0.0)
        self.firm = GatewayEdge(
            Path(folder.name), trunks=(trunk,), own_numbers=("95500",), open_hosts=()
        )
        await self.firm.start()
        self.addCleanup(self.firm.stop)
        media = hosted_media(MediaSettings(worker_count=0), reactor, time.time_ns, secrets.randbits)
        await media.start()
        self.addCleanup(media.stop)
        self.voice, settings, self.log = a_voice(), PhoneSettings(), KeptRecords()
        await self.voice.prepare()
        self.addCleanup(self.voice.stop)
        start_ns = time.monotonic_ns()

        def now_ns() -> int:
            return NINE_NS + time.monotonic_ns() - start_ns

        actions = phone_actions(phone_ports(), settings, self.voice, reactor, now_ns)
        fittings = Fittings(
            *(self.voice, actions, settings, Tasks(reactor), reactor, now_ns), call_log=self.log
        )
        self.calls = NoticeCalls(settings, media, self.firm.edge.dialler, fittings)

    def place(self) -> "Deferred[NoticeResult]":
        return Deferred.fromCoroutine(self.calls.place(SAID))

    def clip(self, key: str) -> bytes:
        return b"".join(clip.alaw for clip in self.voice.clips(key, {}, Language.ZH))

    async def test_a_notice_is_heard_and_acknowledged_with_1(self) -> None:
        placed = self.place()
        await self.customer.until_heard(self.clip("notice_call.ask"))
        assert self.customer.leg is not None
        self.customer.leg.send_digits("1", 1)
        result = await placed
        assert result.outcome is NoticeOutcome.ACKNOWLEDGED
        (call,) = self.customer.calls
        assert (call.ani, call.dnis) == ("95500", "+8613800138000")
        (record,) = self.log.noted
        assert record.is_outbound
        assert (record.trunk, record.close_reason) == ("carrier", "local_bye")
        assert "保证金不足" in [heard.text for heard in record.heard]
        assert [keyed.key for keyed in record.keyed] == ["1"]
        assert any("INVITE" in line for line in record.ladder)

    async def test_who_hangs_up_while_it_is_read_has_not_heard_it(self) -> None:
        placed = self.place()
        await self.customer.until_heard(self.clip("notice_call.intro"))
        self.customer.calls[0].hangup()
        assert (await placed).outcome is NoticeOutcome.CUT_SHORT

    async def test_a_busy_line_is_told_as_busy(self) -> None:
        self.customer.status = 486
        assert (await self.place()).outcome is NoticeOutcome.BUSY

    async def test_a_number_that_refuses_is_told_as_refused(self) -> None:
        self.customer.status = 603
        assert (await self.place()).outcome is NoticeOutcome.REFUSED
