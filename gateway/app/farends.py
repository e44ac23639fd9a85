"""The simulated message centre and mail server as one process, for demonstrations and tests.

Every message is appended to a file as one JSON line, as a phone or mailbox would keep it. Not here:
how they behave (notify.simulator).
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.app.process import Ready
from notify.simulator.fake_smsc import FakeSMSC, SMSCSettings
from notify.simulator.mail_sink import KeptMail, MailSink
from notify.simulator.reassembly import KeptMessage


class FarEnds:
    """Listens for SMPP and SMTP on loopback and keeps what comes."""

    def __init__(
        self,
        reactor: Any,
        now_ns: Callable[[], int],
        kept: Path,
        smpp_port: int,
        smtp_port: int,
        smsc: SMSCSettings,
    ) -> None:
        self._now_ns = now_ns
        self._kept = kept.open("a", encoding="utf-8")
        self._ports = (smpp_port, smtp_port)
        self._smsc = FakeSMSC(reactor, now_ns, smsc)
        self._smsc.watch(self._on_sms)
        self._mail = MailSink(asyncio.get_event_loop())
        self._mail.watch(self._on_mail)

    async def start(self) -> Ready:
        """Listen on both ports."""
        smpp_port = self._smsc.listen(self._ports[0])
        smtp_port = await self._mail.listen(self._ports[1])
        return {"ready": "farends", "smpp_port": smpp_port, "smtp_port": smtp_port}

    async def stop(self) -> None:
        """Stop listening and close the file."""
        await self._mail.stop()
        await self._smsc.stop()
        self._kept.close()

    def _on_sms(self, message: KeptMessage) -> None:
        self._keep("sms", message.destination_addr, "", message.text)

    def _on_mail(self, mail: KeptMail) -> None:
        subject = str(mail.message["Subject"])
        self._keep("mail", ", ".join(mail.recipients), subject, mail.text)

    def _keep(self, route: str, to: str, subject: str, text: str) -> None:
        row = {"at_ns": self._now_ns(), "route": route, "to": to, "subject": subject, "text": text}
        self._kept.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._kept.flush()
