"""The whole outbound edge on real sockets and threads: journal events to phone and mailbox."""

import random
import tempfile
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from notify.edge import NoticeEdge, transports_of
from notify.notices import NoticeState, ReceiptState, Route
from notify.settings import MailSettings, NotifySettings, SMSSettings
from notify.simulator.fake_smsc import FakeSMSC, Mood, Script, SMSCSettings
from notify.simulator.mail_sink import MailSink
from notify.transports.smpp.pdu import CommandStatus
from risk.domain.enums import Language
from tests.builders.notices import (
    AContact,
    JournalStub,
    a_fill,
    a_rejection,
    an_accepted,
    the_templates,
)
from tests.contract.test_transport import LOOP, until

LINK = {
    "throttle_first_s": 0.05,
    "response_timeout_s": 0.3,
    "bind_timeout_s": 1.0,
    "reconnect_s_max": 0.2,
}


class Site:
    """A journal, a message centre, a mail sink, and edges between them."""

    def __init__(self, folder: Path, smsc: SMSCSettings | None = None) -> None:
        self.folder = folder
        self.journal = JournalStub()
        self.smsc = FakeSMSC(reactor, time.time_ns, smsc or SMSCSettings())
        self.sink = MailSink(LOOP)
        self.edges: list[NoticeEdge] = []

    async def open(self) -> "Site":
        self.smsc_port = self.smsc.listen()
        self.sink_port = await self.sink.listen()
        return self

    async def begin(self, sms=None, is_mail=False, contact_of=None, **settings) -> NoticeEdge:
        rng = random.Random(3)
        edge = NoticeEdge(
            NotifySettings(**{"first_wait_s": 0.1, "unknown_wait_s": 1.5} | settings),
            transports_of(
                SMSSettings(port=self.smsc_port, **LINK | (sms or {})),
                MailSettings(port=self.sink_port, is_enabled=is_mail),
                reactor,
                LOOP,
                time.time_ns,
                rng,
            ),
            data_folder=self.folder,
            contact_of=contact_of or (lambda _: AContact()),
            events_after=self.journal.events_after,
            reactor=reactor,
            now_ns=time.time_ns,
            rng=rng,
            templates=the_templates(),
        )
        self.edges.append(edge)
        await edge.start()
        return edge

    def happen(self, *events) -> None:
        batch = self.journal.append(*events)
        for edge in self.edges:
            edge.on_events(batch)

    async def close(self) -> None:
        for edge in self.edges:
            await edge.stop()
        await self.sink.stop()
        await self.smsc.stop()


def a_fill_now(**changes):
    now_ns = time.time_ns()
    return a_fill(at_ns=now_ns, transact_ns=now_ns, **changes)


class NoticeEdgeTest(TestCase):
    async def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.site = await Site(Path(folder.name)).open()

    async def tearDown(self) -> None:
        await self.site.close()

    async def the_trace(self, edge, seq=1, route=Route.SMS):
        traces = await edge.trace_of_events([seq])
        return next(trace for trace in traces if trace.route is route)

    async def settled(self, edge, seq=1, timeout_s=5.0):
        """Wait until a notice has its delivery receipt."""
        for _ in range(int(timeout_s / 0.02)):
            trace = await self.the_trace(edge, seq) if self.site.journal.events else None
            if trace and trace.receipt_state is not None and trace.state is NoticeState.SENT:
                return trace
            await until_passed(0.02)
        raise AssertionError(f"no receipt: {trace}")

    async def test_a_fill_reaches_phone_and_mailbox_and_the_evidence_says_so(self) -> None:
        edge = await self.site.begin(is_mail=True)

        self.site.happen(an_accepted(), a_fill_now())
        await until(lambda: self.site.smsc.messages and self.site.sink.mails)

        (sms,), (mail,) = self.site.smsc.messages, self.site.sink.mails
        assert "买入000001成交100,价格10.05元" in sms.text
        assert mail.message["Subject"] == "成交通知:买入000001 100,价格10.05元"
        assert "成交金额:1005.00元" in mail.text
        trace = await self.settled(edge, 2)
        assert trace.receipt_state is ReceiptState.DELIVERED
        assert trace.event_ns < trace.planned_ns < trace.sent_ns < trace.receipt_ns
        assert trace.message_ids == sms.message_ids

    async def test_receipts_in_every_order_and_form_settle_the_same(self) -> None:
        for number, (ids_as, receipt_ids_as, tlvs, mood) in enumerate(
            [
                ("d", "d", True, Mood.RECEIPT_FIRST),
                ("d", "d", False, Mood.RECEIPT_TWICE),
                ("08X", "d", False, Mood.TAKE),
                ("x", "010d", False, Mood.RECEIPT_FIRST),
            ],
            1,
        ):
            settings = self.site.smsc.settings
            self.site.smsc.settings = settings._replace(
                ids_as=ids_as, receipt_ids_as=receipt_ids_as, receipt_tlvs=tlvs
            )
            self.site.smsc.follow([Script(mood)])
            edge = self.site.edges[0] if self.site.edges else await self.site.begin()
            self.site.happen(a_fill_now(exec_id=f"E{number}"))
            trace = await self.settled(edge, number)
            assert trace.receipt_state is ReceiptState.DELIVERED
            assert trace.attempts == 1

    async def test_a_silent_centre_is_settled_by_its_receipt_without_a_second_submit(self) -> None:
        edge = await self.site.begin()
        self.site.smsc.follow([Script(Mood.SILENT)])
        self.site.smsc.settings = self.site.smsc.settings._replace(receipt_delay_s=0.6)

        self.site.happen(a_fill_now())
        trace = await self.settled(edge)

        assert trace.attempts == 1
        assert self.site.smsc.submits == 1

    async def test_a_late_answer_settles_without_a_second_submit(self) -> None:
        edge = await self.site.begin()
        self.site.smsc.follow([Script(Mood.LATE)])
        self.site.smsc.settings = self.site.smsc.settings._replace(
            late_s=0.6, receipt_delay_s=0.9, receipt_tlvs=False
        )

        self.site.happen(a_fill_now())
        trace = await self.settled(edge)

        assert trace.attempts == 1
        assert self.site.smsc.submits == 1

    async def test_a_centre_that_neither_answers_nor_receipts_gets_it_once_more(self) -> None:
        edge = await self.site.begin(unknown_wait_s=1)
        self.site.smsc.follow([Script(Mood.DROP_TAKEN)])
        self.site.smsc.settings = self.site.smsc.settings._replace(receipt_delay_s=3)

        self.site.happen(a_fill_now())
        await until(lambda: self.site.smsc.submits == 2)
        trace = await self.settled(edge)

        assert trace.attempts == 2

    async def test_a_throttling_centre_gets_everything_in_order(self) -> None:
        edge = await self.site.begin(sms={"window": 4})
        throttled = Script(status=CommandStatus.RTHROTTLED)
        self.site.smsc.follow([Script(), throttled, throttled, Script(), throttled])

        self.site.happen(*[a_fill_now(exec_id=f"E{n}", order_no=n) for n in range(1, 9)])
        await self.settled(edge, 8)

        numbers = [message.text.rsplit("编号")[1] for message in self.site.smsc.messages]
        assert numbers == [f"{n}。" for n in range(1, 9)]

    async def test_only_the_parts_that_are_missing_are_submitted_again(self) -> None:
        edge = await self.site.begin(contact_of=lambda _: AContact(name="Li", language=Language.EN))
        self.site.smsc.follow([Script(), Script(status=CommandStatus.RSYSERR)])
        long_reason = a_rejection(at_ns=time.time_ns(), text="x" * 40, ord_rej_reason=99)

        self.site.happen(long_reason)
        trace = await self.settled(edge)

        assert trace.attempts == 2
        assert len(trace.message_ids) == 2
        assert self.site.smsc.submits == 2
        assert self.site.smsc.messages[0].text == trace.text

    async def test_links_that_break_again_and_again_lose_nothing(self) -> None:
        mobiles = {str(n): f"+861380000{n:04}" for n in range(40)}
        edge = await self.site.begin(
            contact_of=lambda account_no: AContact(mobile=mobiles[account_no]), unknown_wait_s=1
        )
        self.site.smsc.follow([Script(), Script(), Script(Mood.DROP)] * 6)

        self.site.happen(*[a_fill_now(account_no=str(n), exec_id=f"E{n}") for n in range(40)])
        for seq in range(1, 41):
            await self.settled(edge, seq, timeout_s=15)

        reached = {message.destination_addr for message in self.site.smsc.messages}
        assert reached == {mobile.lstrip("+") for mobile in mobiles.values()}

    async def test_notices_wait_for_a_centre_that_is_down(self) -> None:
        await self.site.smsc.stop()
        edge = await self.site.begin()
        self.site.happen(a_fill_now())
        await until_passed(0.5)
        assert (await self.the_trace(edge)).attempts == 0
        assert not edge.is_ready

        self.site.smsc.listen(self.site.smsc_port)

        assert (await self.settled(edge)).attempts == 1

    async def test_a_dead_link_is_noticed_by_its_silence_and_replaced(self) -> None:
        edge = await self.site.begin(sms={"enquire_link_s": 0.2}, unknown_wait_s=1)
        await until(lambda: edge.is_ready)
        self.site.smsc.is_mute = True
        self.site.happen(a_fill_now())
        await until(lambda: not edge.is_ready)

        self.site.smsc.is_mute = False

        trace = await self.settled(edge, timeout_s=10)
        assert len(self.site.smsc.messages) == 1
        assert trace.state is NoticeState.SENT

    async def test_two_senders_on_one_outbox_never_send_twice(self) -> None:
        def contact_of(account_no):
            return AContact(mobile=f"+8613800{int(account_no) % 50:06}")

        one = await self.site.begin(contact_of=contact_of, instance="one")
        await self.site.begin(contact_of=contact_of, instance="two")
        fills = [a_fill_now(account_no=str(n), exec_id=f"E{n}", order_no=n) for n in range(200)]
        for at in range(0, 200, 20):
            self.site.happen(*fills[at : at + 20])
            await until_passed(0.02)
        for seq in range(1, 201):
            await self.settled(one, seq, timeout_s=20)

        told = [message.text.rsplit("编号")[1] for message in self.site.smsc.messages]
        assert sorted(told) == sorted(f"{n}。" for n in range(200))
        for account in range(50):
            mine = [int(text[:-1]) for text in told if int(text[:-1]) % 50 == account]
            assert mine == sorted(mine)
        depth = (await one.depths())[Route.SMS]
        assert (depth.open_count, depth.dead_count) == (0, 0)


async def until_passed(seconds: float) -> None:
    """Wait."""
    began_s = time.monotonic()
    await until(lambda: time.monotonic() - began_s >= seconds)
