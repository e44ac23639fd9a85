"""The phone: SIP edge, media, voice, phone door, call centre and call records, built as one part.

Not here: what any of them does (gateway.sip, gateway.media, gateway.ivr, gateway.callcenter).
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from twisted.internet.threads import deferToThread

from gateway.app.settings import Settings
from gateway.callcenter.centre import call_centre
from gateway.core.foresight import Foresight
from gateway.core.queries import Queries
from gateway.core.sequencer import Sequencer
from gateway.core.tasks import Tasks
from gateway.evidence.call_log import RECORDINGS, StoredCalls
from gateway.identity.registry import Identity
from gateway.ivr.actions.ports import PhonePorts
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.door import PhoneDoor
from gateway.media.link import hosted_media
from gateway.media.voice import open_voice
from gateway.sip.desk_port import AgentDesk
from gateway.sip.edge import Edge
from gateway.sip.incoming import IncomingCall
from gateway.sip.transports import Transports
from gateway.sip.useragent import CALLS_COUNTED, call_numbers
from risk.domain.enums import Language
from risk.domain.instrument import Instrument

log = structlog.get_logger("app")

TOKEN_BYTES: Final = 8


class Phone:
    """Starts and stops what a call needs; not built when `[phone] is_open` is false."""

    def __init__(
        self,
        settings: Settings,
        sequencer: Sequencer,
        queries: Queries,
        foresight: Foresight,
        identity: Identity,
        listings: Sequence[Instrument],
        reactor: Any,
        now_ns: Callable[[], int],
    ) -> None:
        """Raises ConfigError for settings that do not fit each other."""
        self._reactor, self._listings = reactor, listings
        self._tasks = Tasks(reactor)
        data = settings.gateway.data_folder
        recordings = data / RECORDINGS
        recordings.mkdir(mode=0o700, parents=True, exist_ok=True)
        media = hosted_media(
            settings.media, reactor, now_ns, secrets.randbits, settings.clock.shift_s
        )
        texts = settings.gateway.config_folder / "prompts"
        self._voice = open_voice(
            settings.phone.voice, texts, data / "voice", reactor, deferToThread
        )
        self._transports = Transports(settings.sip, reactor)
        self._edge = Edge(
            settings.sip,
            self._transports,
            reactor,
            self._call_received,
            folder=data,
            new_token=lambda: secrets.token_hex(TOKEN_BYTES),
            new_call_no=call_numbers(now_ns, secrets.randbelow(CALLS_COUNTED)),
            random_below=secrets.randbelow,
            is_ready=lambda: self.door.is_ready,
        )
        self._centre = call_centre(
            settings.callcenter,
            media,
            self._voice,
            self._edge.agent,
            self._edge.registrar,
            reactor,
            now_ns,
        )
        self._calls = StoredCalls(
            identity.database, sequencer.submit, self._tasks, recordings, now_ns
        )
        desk = self._centre.desk if self._centre is not None else None
        ports = _ports(identity, queries, foresight, sequencer, self._calls, desk)
        actions = phone_actions(ports, settings.phone, self._voice, reactor, now_ns)
        self.door = PhoneDoor(
            settings.phone,
            media,
            self._voice,
            actions,
            reactor,
            now_ns,
            desk=desk,
            call_log=self._calls,
            recordings=recordings if settings.phone.records_calls else None,
            dialler=self._edge.dialler,
        )

    @property
    def port(self) -> int:
        """The real SIP port."""
        return self._transports.local.port

    def _call_received(self, call: IncomingCall) -> None:
        """Agents' feature codes go to the call centre, everything else to the door."""
        if self._centre is None or not self._centre.call_received(call):
            self.door.call_received(call)

    async def start(self) -> None:
        """Make the prompts ready, start media, then listen: no call comes before it is answered."""
        await self._calls.start()
        await self.door.start()
        if self._centre is not None:
            self._centre.start()
        self._transports.start(self._reactor)
        self._edge.start()
        names = [(row.name_zh, Language.ZH) for row in self._listings]
        names += [(row.name_en, Language.EN) for row in self._listings]
        self._tasks.spawn("app.names", self._voice.render_names(names))

    async def stop(self) -> None:
        """End the calls, then close the sockets."""
        if self._centre is not None:
            self._centre.stop()
        await self.door.stop()
        self._edge.stop()
        await self._transports.stop()
        await self._calls.settled()
        self._tasks.stop()


def _ports(
    identity: Identity,
    queries: Queries,
    foresight: Foresight,
    sequencer: Sequencer,
    calls: StoredCalls,
    desk: AgentDesk | None,
) -> PhonePorts:
    """Return what call flows may ask of the gateway."""
    return PhonePorts(
        pins=identity.pins,
        queries=queries,
        rules=foresight,
        orders=sequencer,
        contacts=identity.customers,
        callers=identity.callers,
        notices=identity.phone_notices,
        calls=calls,
        people=desk,
    )
