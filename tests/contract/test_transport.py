"""What every way out promises: memory, SMPP with our centre, SMTP with our sink."""

import random

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from notify.notices import Route
from notify.settings import MailSettings, SMSSettings
from notify.simulator.fake_smsc import FakeSMSC, Mood, Script
from notify.simulator.mail_sink import MailSink
from notify.transports.memory import MemoryTransport
from notify.transports.port import Permanent, Sent, Temporary, Transport, Unknown
from notify.transports.smpp.smsc import SMPPTransport
from notify.transports.smtp import SMTPTransport
from tests.builders.notices import T0_NS, an_outgoing

LOOP = reactor._asyncioEventloop


class Listening:
    """Waits for a transport to be ready and keeps what it tells."""

    def __init__(self) -> None:
        self.ready: Deferred[None] = Deferred()
        self.receipts: list = []
        self.late: list = []

    def on_ready(self) -> None:
        if not self.ready.called:
            self.ready.callback(None)

    async def _keep(self, receipt) -> None:
        self.receipts.append(receipt)

    def on_receipt(self, receipt):
        return Deferred.fromCoroutine(self._keep(receipt))

    def on_late_answer(self, answer) -> None:
        self.late.append(answer)


async def until(holds, timeout_s: float = 5.0) -> None:
    """Wait for a condition."""
    for _ in range(int(timeout_s / 0.01)):
        if holds():
            return
        await deferLater(reactor, 0.01)
    raise AssertionError("it did not happen in time")


class TransportContract:
    """The cases; a subclass makes the transport and its far end."""

    transport: Transport

    async def made(self) -> None:
        """Set `self.transport` and what the far end needs."""
        raise NotImplementedError

    def message(self, **changes):
        """A message this transport can send."""
        raise NotImplementedError

    def refuse_for_now(self) -> None:
        """Make the far end refuse the next message for a moment."""
        raise NotImplementedError

    def refuse_for_good(self) -> None:
        """Make the far end refuse the next message for good."""
        raise NotImplementedError

    def take_silently(self) -> None:
        """Make the far end take the next message and break before it answers."""
        raise NotImplementedError

    def kept(self) -> list[tuple[str, str]]:
        """Recipient and text of what the far end has."""
        raise NotImplementedError

    async def setUp(self) -> None:
        await self.made()
        self.listener = Listening()

    async def begin(self) -> None:
        await self.transport.start(self.listener)
        await self.listener.ready

    async def test_a_message_arrives_and_is_answered_with_an_id_per_part(self) -> None:
        await self.begin()
        outcome = await self.transport.send(self.message(text="成交100股\n"))
        assert isinstance(outcome, Sent), outcome
        assert len(outcome.part_ids) == 1
        assert all(outcome.part_ids)
        (kept,) = self.kept()
        assert kept == (self.message().recipient.lstrip("+"), "成交100股\n")

    async def test_before_start_and_after_stop_nothing_is_attempted(self) -> None:
        before = await self.transport.send(self.message())
        await self.begin()
        await self.transport.stop()
        after = await self.transport.send(self.message())
        for outcome in (before, after):
            assert isinstance(outcome, Temporary), outcome
            assert not outcome.is_attempt
        assert not self.transport.is_ready

    async def test_an_impossible_recipient_is_permanent(self) -> None:
        await self.begin()
        outcome = await self.transport.send(self.message(recipient="\0nobody"))
        assert isinstance(outcome, Permanent), outcome
        assert not self.kept()

    async def test_a_passing_refusal_is_temporary(self) -> None:
        await self.begin()
        self.refuse_for_now()
        outcome = await self.transport.send(self.message())
        assert isinstance(outcome, Temporary), outcome
        assert outcome.is_attempt
        assert isinstance(await self.transport.send(self.message()), Sent)

    async def test_a_final_refusal_is_permanent(self) -> None:
        await self.begin()
        self.refuse_for_good()
        outcome = await self.transport.send(self.message())
        assert isinstance(outcome, Permanent), outcome
        assert isinstance(await self.transport.send(self.message()), Sent)

    async def test_a_break_before_the_answer_is_unknown(self) -> None:
        await self.begin()
        self.take_silently()
        outcome = await self.transport.send(self.message())
        assert isinstance(outcome, Unknown), outcome

    async def test_a_whole_window_goes_at_once(self) -> None:
        await self.begin()
        assert self.transport.window >= 1
        sends = [
            Deferred.fromCoroutine(self.transport.send(self.message(notice_id=number)))
            for number in range(self.transport.window * 3)
        ]
        outcomes = await gatherResults(sends)
        assert all(isinstance(outcome, Sent) for outcome in outcomes), outcomes
        assert len(self.kept()) == self.transport.window * 3


class MemoryTest(TransportContract, TestCase):
    async def made(self) -> None:
        self.transport = MemoryTransport(Route.SMS)

    def message(self, **changes):
        return an_outgoing(**changes)

    def refuse_for_now(self) -> None:
        self.transport.answer_with([Temporary("full")])

    def refuse_for_good(self) -> None:
        self.transport.answer_with([Permanent("refused")])

    def take_silently(self) -> None:
        self.transport.answer_with([Unknown("silent")])

    def kept(self):
        return [(m.recipient.lstrip("+"), m.text) for m in self.transport.messages]


class SMPPTest(TransportContract, TestCase):
    async def made(self) -> None:
        self.smsc = FakeSMSC(reactor, lambda: T0_NS)
        settings = SMSSettings(port=self.smsc.listen(), system_id="hotline")
        self.transport = SMPPTransport(settings, reactor, lambda: T0_NS, random.Random(1))

    async def tearDown(self) -> None:
        await self.transport.stop()
        await self.smsc.stop()

    def message(self, **changes):
        return an_outgoing(**changes)

    def refuse_for_now(self) -> None:
        self.smsc.follow([Script(status=0x08)])

    def refuse_for_good(self) -> None:
        self.smsc.follow([Script(status=0x0B)])

    def take_silently(self) -> None:
        self.smsc.follow([Script(Mood.DROP_TAKEN)])

    def kept(self):
        return [(m.destination_addr, m.text) for m in self.smsc.messages]


class SMTPTest(TransportContract, TestCase):
    async def made(self) -> None:
        self.sink = MailSink(LOOP)
        await self.sink.listen()
        settings = MailSettings(port=self.sink.port)
        self.transport = SMTPTransport(settings, LOOP, lambda: T0_NS)

    async def tearDown(self) -> None:
        await self.transport.stop()
        await self.sink.stop()

    def message(self, **changes):
        return an_outgoing(recipient="zhang@example.com", subject="成交通知")._replace(**changes)

    def refuse_for_now(self) -> None:
        self.sink.answer_data_with(["452 4.2.2 mailbox full"])

    def refuse_for_good(self) -> None:
        self.sink.answer_rcpt_with(["550 5.1.1 no such user"])

    def take_silently(self) -> None:
        self.sink.drop_taken(1)

    def kept(self):
        return [(m.recipients[0], m.text) for m in self.sink.mails]
