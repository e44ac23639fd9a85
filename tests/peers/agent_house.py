"""A gateway with a call centre and nothing behind it: a caller who presses 0 is queued."""

import itertools
import secrets
import time
from pathlib import Path

from twisted.internet import reactor

from gateway.callcenter.centre import CallCentre
from gateway.callcenter.events import DeskEvent
from gateway.callcenter.settings import AgentSettings, CallCenterSettings, QueueSettings
from gateway.core.tasks import Tasks
from gateway.media.link import HostedMedia, hosted_media
from gateway.media.port import Digit, Leg, LegEvent, MediaLost, Recorded
from gateway.media.settings import MediaSettings
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import CallerCard, Ticket, TicketEnd
from gateway.sip.edge import Edge
from gateway.sip.edge_settings import PhoneSettings
from gateway.sip.incoming import IncomingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transports import Transports
from gateway.sip.useragent import call_numbers
from tests.builders.voice import a_voice

PASSWORDS = {"1001": "first-secret", "1002": "second-secret"}
DRAFT = {"side_word": "buy", "symbol": "600000", "qty": "200"}


def a_centre_of_two(**changed: object) -> CallCenterSettings:
    """Return settings of two agents and two queues."""
    return CallCenterSettings(
        **{
            "queues": (
                QueueSettings(name="trading", number="1"),
                QueueSettings(name="complaints", number="2"),
            ),
            "agents": (
                AgentSettings(name="li", number="101", phone="1001", languages=("en", "zh")),
                AgentSettings(name="wang", number="102", phone="1002"),
            ),
            "wrap_up_s": 1.0,
            "quiet_s": 2.0,
            "unreachable_s": 2.0,
            **changed,
        }  # type: ignore[arg-type]
    )


class Visitor:
    """A caller in the simplest of flows."""

    def __init__(self, house: "AgentHouse", call: IncomingCall) -> None:
        self.house, self.call = house, call
        self.leg: Leg | None = None
        self.ticket: Ticket | None = None
        self.end: TicketEnd | None = None
        self.agents: list[str] = []
        self.places: list[int] = []

    async def take(self) -> None:
        """Answer."""
        leg = await self.house.media.open_leg(self.leg_event, self.call.peer)
        self.leg = leg
        self.call.on_peer(leg.set_peer)
        self.call.on_key(leg.press_by_info)
        self.call.answer(leg.local_address)

        def over(_: CloseReason) -> None:
            leg.close()

        self.call.on_closed(over)
        self.house.record(leg, self.call.call_no)

    def leg_event(self, event: LegEvent) -> None:
        """Queue at the first 0; a lost worker ends the call."""
        match event:
            case Digit("0", _) if self.ticket is None:
                self.enqueue()
            case Recorded():
                self.house.recorded.append(event)
            case MediaLost():
                self.call.hangup()

    def enqueue(self) -> None:
        """Ask for a person."""
        assert self.leg is not None
        call = self.call
        card = CallerCard(
            call.call_no, call.ani, call.dnis, "trading", account_no="100200301234",
            is_verified=True, draft=DRAFT, path=("main", "order.qty"),
        )  # fmt: skip
        self.ticket = self.house.centre.desk.enqueue(card, self.leg, call)
        self.ticket.on_place(lambda place, _: self.places.append(place))
        self.ticket.on_answered(self.agents.append)
        self.ticket.on_ended(self.ended)

    def ended(self, end: TicketEnd) -> None:
        """Back from the desk: the flow says goodbye, unless callers are to do so."""
        self.end = end
        if self.house.says_goodbye:
            self.call.hangup()


class AgentHouse:
    """SIP, media, voice and a call centre on loopback."""

    def __init__(
        self,
        folder: Path,
        settings: CallCenterSettings | None = None,
        media: HostedMedia | None = None,
    ) -> None:
        """`media` is by default of the reactor's own."""
        self.folder = folder
        self.visitors: list[Visitor] = []
        self.says_goodbye = True
        self.told: list[DeskEvent] = []
        self.recorded: list[Recorded] = []
        self.tasks = Tasks(reactor)
        self.voice = a_voice()
        self.media = media or hosted_media(
            MediaSettings(worker_count=0), reactor, time.time_ns, secrets.randbits
        )
        for name, password in PASSWORDS.items():
            (folder / f"{name}.secret").write_text(password)
        phones = tuple(PhoneSettings(username=n, password_file=f"{n}.secret") for n in PASSWORDS)
        sip = SipSettings(listen_port=0, phones=phones)
        self.transports = Transports(sip, reactor)
        self.edge = Edge(
            sip,
            self.transports,
            reactor,
            self._call_received,
            folder=folder,
            new_token=lambda: secrets.token_hex(8),
            new_call_no=call_numbers(itertools.count(1_700_000_000_000_000_000).__next__),
            random_below=secrets.randbelow,
        )
        self.centre = CallCentre(
            settings or a_centre_of_two(),
            self.media,
            self.voice,
            self.edge.agent,
            self.edge.registrar,
            reactor,
            time.time_ns,
        )
        self.centre.bus.subscribe(self.told.append)

    async def begin(self) -> None:
        """Start media and voice."""
        await self.voice.prepare()
        await self.media.start()

    async def start(self) -> int:
        """Open; return the SIP port."""
        await self.begin()
        self.centre.start()
        self.transports.start(reactor)
        self.edge.start()
        return self.transports.local.port

    async def stop(self) -> None:
        """Close everything."""
        self.centre.stop()
        self.edge.stop()
        await self.media.stop()
        await self.transports.stop()
        await self.voice.stop()
        self.tasks.stop()

    def record(self, leg: Leg, call_no: str) -> None:
        """Record the caller's leg."""
        leg.record(str(self.folder / f"{call_no}.wav"))

    def _call_received(self, call: IncomingCall) -> None:
        if not self.centre.call_received(call):
            self.take(call)

    def take(self, call: IncomingCall) -> None:
        """Take a call that is no agent's own."""
        visitor = Visitor(self, call)
        self.visitors.append(visitor)
        self.tasks.spawn("visitor", visitor.take())

    def of(self, kind: type) -> list[DeskEvent]:
        """Return what the desk told of this kind."""
        return [event for event in self.told if type(event) is kind]

    @property
    def is_empty(self) -> bool:
        """True when nothing of any call is left: no caller, line, leg or dialog."""
        desk, dialogs = self.centre.desk, self.edge.agent.call_count
        return not (desk.call_count or desk.line_count or self.media.leg_count or dialogs)
