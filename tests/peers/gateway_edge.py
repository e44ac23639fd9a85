"""Our edge on a free loopback port: real sockets, trunks, phones and gate; calls ring and wait.

Not here: media, which those tests do not need (tests/peers/gateway_phone.py has it).
"""

import itertools
import secrets
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from gateway.sip.edge import Edge
from gateway.sip.edge_settings import PhoneSettings
from gateway.sip.incoming import IncomingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transports import Transports
from tests.peers.binaries import free_udp_port

WAIT_S = 10.0


class GatewayEdge:
    """`calls` are those that came in, in their order; `changes` what the registrar told."""

    def __init__(
        self, folder: Path, passwords: dict[str, str] | None = None, **settings: object
    ) -> None:
        for name, password in (passwords or {}).items():
            (folder / name).write_text(password)
        phones = tuple(PhoneSettings(username=n, password_file=n) for n in passwords or {})
        self.settings = SipSettings(listen_port=0, phones=phones, **settings)  # type: ignore[arg-type]
        self.transports = Transports(self.settings, reactor)
        self.calls: list[IncomingCall] = []
        self.changes: list[tuple[str, bool]] = []
        self.local = ("127.0.0.1", free_udp_port())  # nobody listens for the audio
        numbers = itertools.count(1)
        self.edge = Edge(
            self.settings,
            self.transports,
            reactor,
            self._take,
            folder=folder,
            new_token=lambda: secrets.token_hex(8),
            new_call_no=lambda: f"call-{next(numbers)}",
            random_below=secrets.randbelow,
        )
        if self.edge.registrar is not None:
            self.edge.registrar.on_change(lambda name, is_in: self.changes.append((name, is_in)))

    def _take(self, call: IncomingCall) -> None:
        self.calls.append(call)
        call.answer(self.local)

    async def start(self) -> int:
        """Return the SIP port."""
        self.transports.start(reactor)
        self.edge.start()
        return self.transports.local.port

    async def stop(self) -> None:
        self.edge.stop()
        await self.transports.stop()

    async def until(self, what: str, is_so: object) -> None:
        """Wait until `is_so()` is true; fails naming `what` after WAIT_S."""
        assert callable(is_so)
        for _ in range(round(WAIT_S / 0.02)):
            if is_so():
                return
            await deferLater(reactor, 0.02)
        raise AssertionError(f"waited {WAIT_S:g} s for {what}")
