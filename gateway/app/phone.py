"""The phone: SIP socket, user agent, media, voice and the phone door, built as one part.

Not here: what any of them does (gateway.sip, gateway.media, gateway.ivr).
"""

import secrets
from collections.abc import Callable
from typing import Any

from twisted.internet.threads import deferToThread

from gateway.app.settings import Settings
from gateway.core.foresight import Foresight
from gateway.core.queries import Queries
from gateway.core.sequencer import Sequencer
from gateway.identity.registry import Identity
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.door import PhoneDoor
from gateway.media.link import hosted_media
from gateway.media.voice import open_voice
from gateway.sip.transport import UdpTransport
from gateway.sip.useragent import UserAgent, call_numbers


class Phone:
    """Starts and stops what a call needs; not built when `[phone] is_open` is false."""

    def __init__(
        self,
        settings: Settings,
        sequencer: Sequencer,
        queries: Queries,
        foresight: Foresight,
        identity: Identity,
        reactor: Any,
        now_ns: Callable[[], int],
    ) -> None:
        self._reactor = reactor
        gateway = settings.gateway
        media = hosted_media(
            settings.media, reactor, now_ns, secrets.randbits, settings.clock.shift_s
        )
        voice = open_voice(
            settings.phone.voice,
            gateway.config_folder / "prompts",
            gateway.data_folder / "voice",
            reactor,
            deferToThread,
        )
        actions = phone_actions(
            identity.pins,
            queries,
            foresight,
            sequencer,
            identity.customers,
            voice,
            reactor,
            now_ns,
            settings.phone.reply_timeout_s,
        )
        self.door = PhoneDoor(settings.phone, media, voice, actions, reactor, now_ns)
        self._transport = UdpTransport(settings.sip, reactor)
        UserAgent(
            self._transport,
            reactor,
            self.door.call_received,
            settings=settings.sip,
            new_token=lambda: secrets.token_hex(8),
            new_call_no=call_numbers(now_ns),
            is_ready=lambda: self.door.is_ready,
        )

    @property
    def port(self) -> int:
        """The real SIP port."""
        return self._transport.local.port

    async def start(self) -> None:
        """Make the prompts ready, start media, then listen: no call comes before it is answered."""
        await self.door.start()
        self._transport.start(self._reactor)

    async def stop(self) -> None:
        """End the calls, then close the socket."""
        await self.door.stop()
        await self._transport.stop()
