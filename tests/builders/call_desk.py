"""A call desk on a virtual clock: phones, legs and callers are kept in memory."""

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from gateway.callcenter.desk import CallDesk
from gateway.callcenter.events import DeskBus, DeskEvent
from gateway.callcenter.settings import AgentSettings, CallCenterSettings, QueueSettings
from gateway.callcenter.switch import Switch
from gateway.core.tasks import Tasks
from gateway.media.port import (
    Address,
    Clip,
    Codec,
    Digit,
    Heard,
    Leg,
    LegFigures,
    LostReason,
    MediaLost,
    MediaRefused,
    OnLegEvent,
    RtpPeer,
)
from gateway.media.speech import Value
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import CallerCard, Ticket, TicketEnd
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from risk.domain.enums import Language
from tests.builders.centre import START_NS

PEER = RtpPeer("192.0.2.1", 4000, Codec.PCMU)
MUSIC = Clip("music", b"m" * 160)
TWO_AGENTS = CallCenterSettings(
    queues=(
        QueueSettings(name="trading", number="1"),
        QueueSettings(name="complaints", number="2", skills=("complaints",)),
    ),
    agents=(
        AgentSettings(name="li", number="101", phone="1001", skills=("complaints",)),
        AgentSettings(name="wang", number="102", phone="1002", languages=("en", "zh")),
    ),
)


class MemoryLeg:
    """Says what is heard on it: a list of clip names, music last, or the leg across the bridge."""

    local_address: Address = ("192.0.2.10", 40_000)

    def __init__(self, on_event: OnLegEvent) -> None:
        self.on_event = on_event
        self.heard: list[str] = []
        self.other: MemoryLeg | None = None
        self.peer: RtpPeer | None = None
        self.is_closed = False
        self.infos = ""

    def set_peer(self, peer: RtpPeer) -> None:
        self.peer = peer

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        assert not self.is_closed
        self.heard += [clip.name for clip in clips]

    def stop(self) -> None:
        self.heard = []

    def press_by_info(self, key: str) -> None:
        self.infos += key

    def bridge(self, other: "MemoryLeg") -> None:
        self.other, other.other = other, self

    def unbridge(self) -> None:
        if self.other is not None:
            self.other.other = None
        self.other = None

    def close(self) -> Deferred[LegFigures]:
        self.unbridge()
        self.is_closed = True
        return succeed(LegFigures())

    def press(self, keys: str) -> None:
        """The far end presses keys."""
        for key in keys:
            self.on_event(Digit(key, 1))


class MemoryMedia:
    """Opens legs; `is_refusing` refuses them, `opening` holds one back."""

    def __init__(self) -> None:
        self.legs: list[MemoryLeg] = []
        self.is_refusing = False
        self.held_back: Deferred[None] | None = None

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> Deferred[MemoryLeg]:
        if self.is_refusing:
            return fail(MediaRefused("full"))
        leg = MemoryLeg(on_event)
        self.legs.append(leg)
        if self.held_back is None:
            return succeed(leg)
        opened: Deferred[MemoryLeg] = Deferred()
        self.held_back.addCallback(lambda _: opened.callback(leg))
        return opened


class MemoryCall:
    """A call to an agent's phone, or of a caller: the test is the far end."""

    def __init__(self, call_no: str = "agent-call") -> None:
        self.call_no = call_no
        self.status = 0
        self.peer: RtpPeer | None = PEER
        self.is_closed = False
        self.hangups = 0
        self._on: dict[str, list[Callable[[object], object]]] = {}

    def __getattr__(self, name: str) -> Callable[[Callable[[object], object]], None]:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda callback: self._on.setdefault(name, []).append(callback)

    def on_closed(self, callback: Callable[[object], object]) -> None:
        """As a real one: at once when it is over already."""
        self._on.setdefault("on_closed", []).append(callback)
        if self.is_closed:
            callback(CloseReason.TRANSPORT_LOST)

    def happen(self, name: str, value: object) -> list[object]:
        """Call back, as the SIP call would."""
        return [callback(value) for callback in self._on.get(name, [])]

    def answer(self) -> None:
        self.happen("on_answered", PEER)

    def close(self, reason: CloseReason, status: int = 0) -> None:
        self.status = status or self.status
        if not self.is_closed:
            self.is_closed = True
            self.happen("on_closed", reason)

    def hangup(self) -> None:
        self.hangups += 1
        self.close(CloseReason.LOCAL_BYE)


class MemoryPhones:
    """The registrar, and the user agent that places calls to what is registered."""

    def __init__(self) -> None:
        self.registered: dict[str, Hop] = {}
        self.placed: list[tuple[str, dict[str, object]]] = []
        self.calls: dict[str, MemoryCall] = {}  # the last one to each phone
        self.every: list[MemoryCall] = []
        self.is_broken = False  # nothing can be sent
        self.first_status = 180  # what a phone says when it is called; 0 is nothing

    def contacts(self, username: str) -> list[tuple[Uri, Hop]]:
        hop = self.registered.get(username)
        return [] if hop is None else [(Uri("sip", user=username, host=hop.host), hop)]

    def place(self, to: Uri, ani: str, peer: Hop, local: Address, **more: object) -> MemoryCall:
        call = MemoryCall(f"to {to.user}")
        call.status = self.first_status
        if self.is_broken:
            call.close(CloseReason.TRANSPORT_LOST)
        self.calls[to.user] = call
        self.every.append(call)
        self.placed.append((to.user, {"ani": ani, **more}))
        return call


class WordVoice:
    """Clips are named after their prompt and values."""

    def clips(
        self,
        key: str,
        values: Mapping[str, Value],
        language: Language,
        *,
        is_slow: bool = False,
    ) -> list[Clip]:
        said = [key, *(str(value[0]) for value in values.values()), language.name.lower()]
        said += ["slowly"] * is_slow
        return [Clip(" ".join(said), b"s" * 160)]


class DeskRoom:
    """A desk with everything around it."""

    def __init__(self, settings: CallCenterSettings = TWO_AGENTS) -> None:
        self.clock = Clock()
        self.tasks = Tasks(self.clock)
        self.media, self.phones = MemoryMedia(), MemoryPhones()
        self.bus = DeskBus()
        self.told: list[DeskEvent] = []
        self.bus.subscribe(self.told.append)
        self.desk = CallDesk(
            settings,
            lambda tell: Switch(
                settings, self.media, WordVoice(), self.phones, self.phones, MUSIC,  # type: ignore[arg-type]
                self.tasks, self.clock, tell,
            ),
            self.bus, self.tasks, self.clock, self.now_ns,
        )  # fmt: skip
        self.desk.start()
        self.callers: dict[str, tuple[MemoryLeg, MemoryCall, Ticket]] = {}
        self.ends: list[tuple[str, TicketEnd]] = []
        self.places: list[tuple[int, int]] = []
        self.answers: list[str] = []

    def now_ns(self) -> int:
        return START_NS + int(self.clock.seconds() * 1e9)

    def sign_on(self, *phones: str) -> None:
        """Register phones."""
        for phone in phones:
            self.phones.registered[phone] = Hop("192.0.2.20", int(phone))
            self.desk.phone_changed(phone, True)
        self.turn()

    def call(self, call_no: str = "c1", **card: object) -> MemoryLeg:
        """Queue a caller; return the leg."""
        leg, call = MemoryLeg(lambda _: None), MemoryCall(call_no)
        shown = CallerCard(call_no, "13800138000", "95500", **{"queue": "trading", **card})  # type: ignore[arg-type]
        ticket = self.desk.enqueue(shown, leg, call)
        ticket.on_ended(lambda end: self.ends.append((call_no, end)))
        ticket.on_place(lambda place, wait_s: self.places.append((place, wait_s)))
        ticket.on_answered(self.answers.append)
        self.callers[call_no] = (leg, call, ticket)
        self.turn()
        return leg

    def talk(self, call_no: str = "c1", phone: str = "1001") -> tuple[MemoryLeg, MemoryCall]:
        """Queue a caller and let the agent answer; return the caller's leg and the agent's call."""
        leg = self.call(call_no)
        self.phones.calls[phone].answer()
        self.turn()
        return leg, self.phones.calls[phone]

    def turn(self, seconds: float = 0.0, step: float = 0.5) -> None:
        """Let time pass; at least what is due now happens."""
        self.clock.advance(0)
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
        self.clock.advance(0)

    def sound(self, leg: MemoryLeg) -> None:
        """The far end of this leg is heard."""
        leg.on_event(Heard(b"\xd5" * 1600))

    def lose_media(self, leg: MemoryLeg) -> None:
        """The worker of this leg is gone."""
        leg.on_event(MediaLost(LostReason.WORKER_ENDED))

    def assert_empty(self) -> None:
        """Nothing of any call is left: no line, no leg, no timer."""
        assert (self.desk.call_count, self.desk.line_count) == (0, 0)
        assert all(leg.is_closed for leg in self.media.legs)
        assert all(call.is_closed for call in self.phones.calls.values())
