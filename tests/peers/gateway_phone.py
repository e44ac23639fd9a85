"""A gateway's phone door without its rooms: the real user agent and media, and a flow to test.

The flow plays a tone when the call is up, keeps the keys it hears and hangs up after "#".
"""

import itertools
import secrets
import time
from collections.abc import Callable

import numpy as np
from twisted.internet import reactor

from gateway.media import g711
from gateway.media.link import hosted_media
from gateway.media.port import Clip, Digit, Leg, LegEvent, MediaLost, PlayDone
from gateway.media.settings import MediaSettings
from gateway.sip.incoming import IncomingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transports import Transports
from gateway.sip.useragent import UserAgent

TONE = g711.encode_alaw(
    (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)
)  # one second of 440 Hz


class TestFlow:
    """One call: greets with a tone, collects keys, ends at "#" when `hangs_up`."""

    __test__ = False

    def __init__(self, phone: "GatewayPhone", call: IncomingCall) -> None:
        self.phone, self.call, self.keys = phone, call, ""
        self.end = ""
        self.events: list[LegEvent] = []
        self.leg: Leg | None = None
        call.on_closed(self._closed)
        call.ringing()
        opening = phone.media.open_leg(self._leg_event, call.peer)
        opening.addCallback(self._opened)

    def _opened(self, leg: Leg) -> None:
        self.leg = leg
        if self.call.is_closed:
            leg.close()
            return
        self.call.on_peer(leg.set_peer)
        self.call.on_key(leg.press_by_info)
        self.call.answer(leg.local_address)
        leg.play([Clip("tone", TONE)], 1)

    def _leg_event(self, event: LegEvent) -> None:
        self.events.append(event)
        if isinstance(event, Digit):
            self.keys += event.key
            if event.key == "#" and self.phone.hangs_up:
                assert self.leg is not None
                self.leg.stop()
                self.leg.play([Clip("tone", TONE)], 2)
        elif event == PlayDone(2) or isinstance(event, MediaLost):
            self.call.hangup()

    def _closed(self, reason: object) -> None:
        self.end = self.call.close_reason.value if self.call.close_reason else ""
        if self.leg is not None:
            self.leg.close()


class GatewayPhone:
    """Listens on a free loopback port; `flows` are the calls in their order."""

    def __init__(self, hangs_up: bool = True, **settings: object) -> None:
        self.flows: list[TestFlow] = []
        self.hangs_up = hangs_up
        self.on_call: Callable[[IncomingCall], None] = self._begin
        self._settings = SipSettings(listen_port=0, **settings)  # type: ignore[arg-type]
        self.transport = Transports(self._settings, reactor)
        self.media = hosted_media(
            MediaSettings(worker_count=0), reactor, time.time_ns, secrets.randbits
        )
        numbers = itertools.count(1)
        self.agent = UserAgent(
            self.transport,
            reactor,
            self._call_received,
            settings=self._settings,
            new_token=lambda: secrets.token_hex(8),
            new_call_no=lambda: f"call-{next(numbers)}",
        )

    def _call_received(self, call: IncomingCall) -> None:
        self.on_call(call)

    def _begin(self, call: IncomingCall) -> None:
        self.flows.append(TestFlow(self, call))

    @property
    def tls_port(self) -> int:
        """The real TLS port."""
        return self.transport.local_of("TLS").port

    async def start(self) -> int:
        """Return the SIP port."""
        self.transport.start(reactor)
        await self.media.start()
        return self.transport.local.port

    async def stop(self) -> None:
        self.agent.hang_up_all()
        await self.transport.stop()
        await self.media.stop()
