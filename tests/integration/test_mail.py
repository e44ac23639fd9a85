"""Mail over real SMTP to aiosmtpd: what arrives is what was written, on every kind of line."""

import random
import socket
import ssl
import tempfile

import trustme
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from notify.settings import MailSettings
from notify.simulator.mail_sink import MailSink
from notify.transports.port import Permanent, Sent, Temporary
from notify.transports.smtp import SMTPTransport
from tests.builders.notices import T0_NS, an_outgoing
from tests.contract.test_transport import LOOP, Listening


def a_mail(**changes):
    mail = an_outgoing(recipient="zhang@example.com", subject="成交通知", text="成交\n")
    return mail._replace(**changes)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class MailTest(TestCase):
    tls_context: ssl.SSLContext | None = None

    async def setUp(self) -> None:
        self.sink = MailSink(LOOP, self.tls_context)
        await self.sink.listen()
        self.transports: list[SMTPTransport] = []

    async def tearDown(self) -> None:
        for transport in self.transports:
            await transport.stop()
        await self.sink.stop()

    async def begin(self, **settings) -> SMTPTransport:
        transport = SMTPTransport(
            MailSettings(**{"port": self.sink.port} | settings), LOOP, lambda: T0_NS
        )
        self.transports.append(transport)
        await transport.start(Listening())
        return transport


class PlainMailTest(MailTest):
    async def test_a_mail_has_text_html_and_the_headers_of_a_notice(self) -> None:
        transport = await self.begin()
        outcome = await transport.send(a_mail(html="<p>成交</p>"))

        (kept,) = self.sink.mails
        message = kept.message
        assert outcome == Sent(("<7.1@hotline.example>",))
        assert (kept.sender, kept.recipients) == (
            "notices@hotline.example",
            ("zhang@example.com",),
        )
        assert message["Subject"] == "成交通知"
        assert message["Message-ID"] == "<7.1@hotline.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"] == "Sun, 22 Nov 2026 09:31:05 +0800"
        assert message.get_content_type() == "multipart/alternative"
        assert kept.text == "成交\n"
        assert message.get_body(("html",)).get_content().strip() == "<p>成交</p>"

    async def test_lines_that_begin_with_a_dot_arrive_unchanged_at_any_place(self) -> None:
        # a client that escapes dots chunk by chunk loses one at a multiple of its chunk size
        transport = await self.begin()
        for chunk in (4096, 16_384, 65_536):
            for place in range(chunk - 120, chunk + 8, 7):
                filler = ("x" * 69 + "\n") * (place // 70) + "y" * (place % 70)
                text = filler + "\n.5 is the price\n..6\n.\nlast line\n"
                assert isinstance(await transport.send(a_mail(text=text)), Sent)
                assert self.sink.mails[-1].text == text

    async def test_long_lines_and_every_character_arrive_unchanged(self) -> None:
        transport = await self.begin()
        rng = random.Random(1)
        for text in (
            "x" * 5000 + "\n." + "y" * 2000 + "\n",
            "成" * 5000 + "\n",
            "".join(chr(rng.randrange(32, 0x2FFF)) for _ in range(3000)) + "\n",
            "trailing blanks   \n\ttabs\t\nFrom the start\n=3D not an escape\n",
        ):
            assert isinstance(await transport.send(a_mail(text=text)), Sent)
            assert self.sink.mails[-1].text == text
            longest = max(map(len, self.sink.mails[-1].content.split(b"\r\n")))
            assert longest <= 998

    async def test_a_subject_cannot_smuggle_a_header(self) -> None:
        transport = await self.begin()
        outcome = await transport.send(a_mail(subject="hello\r\nBcc: all@example.com"))
        assert outcome == Permanent("mail_not_valid")

    async def test_answers_of_the_server_decide(self) -> None:
        transport = await self.begin()
        self.sink.answer_rcpt_with(["450 4.2.1 busy", "550 5.1.1 unknown"])
        self.sink.answer_data_with(["452 4.3.1 full", "554 5.7.1 refused"])
        outcomes = [await transport.send(a_mail()) for _ in range(5)]
        assert outcomes == [
            Temporary("smtp_450"),
            Permanent("smtp_550"),
            Temporary("smtp_452"),
            Permanent("smtp_554"),
            Sent(("<7.1@hotline.example>",)),
        ]

    async def test_a_server_that_is_not_there_is_temporary(self) -> None:
        transport = await self.begin(port=free_port())
        outcome = await transport.send(a_mail())
        assert isinstance(outcome, Temporary), outcome

    async def test_a_server_that_says_nothing_is_temporary(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            transport = await self.begin(port=silent.getsockname()[1], timeout_s=0.2)
            outcome = await transport.send(a_mail())
        assert isinstance(outcome, Temporary), outcome

    async def test_connections_are_kept_and_replaced_when_the_server_drops_them(self) -> None:
        transport = await self.begin()
        await transport.send(a_mail())
        await transport.send(a_mail())
        assert self.sink.connections == 1
        self.sink.drop_connections()
        await deferLater(reactor, 0.05)

        assert isinstance(await transport.send(a_mail()), Sent)
        assert self.sink.connections == 2

    async def test_required_tls_that_is_not_offered_is_temporary(self) -> None:
        transport = await self.begin(tls="starttls")
        assert isinstance(await transport.send(a_mail()), Temporary)
        assert not self.sink.mails


class EncryptedMailTest(MailTest):
    async def setUp(self) -> None:
        authority = trustme.CA()
        self.tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.tls_context)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.ca_file = f"{folder.name}/ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        await super().setUp()

    async def test_tls_is_used_when_offered_and_when_required(self) -> None:
        for tls in ("if_offered", "starttls"):
            transport = await self.begin(tls=tls, ca_file=self.ca_file)
            assert isinstance(await transport.send(a_mail()), Sent)
            assert self.sink.mails[-1].was_encrypted

    async def test_a_server_that_cannot_be_trusted_gets_nothing(self) -> None:
        transport = await self.begin(tls="starttls")
        assert isinstance(await transport.send(a_mail()), Temporary)
        assert not self.sink.mails

    async def test_tls_may_be_forbidden(self) -> None:
        transport = await self.begin(tls="never")
        assert isinstance(await transport.send(a_mail()), Sent)
        assert not self.sink.mails[-1].was_encrypted
