"""Callers on telephones, without SIP and RTP: keys go in, the prompts that were played come out.

The phone door, its flows and its words are the real ones. A prompt's sound is its text, so that a
scenario can read what a caller heard. Not here: SIP and RTP (their own tests place real calls).
"""

import functools
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock

from gateway.core.tasks import Tasks
from gateway.ivr.actions.ports import PhonePorts
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallLog
from gateway.ivr.door import PhoneDoor
from gateway.ivr.settings import LineSettings, PhoneSettings
from gateway.media.port import (
    Address,
    Clip,
    Digit,
    Leg,
    LegFigures,
    OnLegEvent,
    PlayDone,
    RtpPeer,
)
from gateway.media.rendering import Renderer
from gateway.media.speech import Value
from gateway.media.voice import Voice
from gateway.sip.calls import CloseReason
from gateway.sip.ladder import Ladder
from risk.domain.enums import Language
from tests.builders.voice import ToneSpeaker, a_book, at_once

LINES = (LineSettings(number="02161234567", branch_code="44002", greeting="welcome.branch"),)
PROMPT_S = 0.5  # how long each prompt sounds


class Spoken(NamedTuple):
    """One prompt as it was heard."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key} “{self.text}”"


class ScriptVoice(Voice):
    """The product's voice; the name of a clip is the key of its prompt."""

    def clips(
        self,
        key: str,
        values: Mapping[str, Value],
        language: Language,
        *,
        is_slow: bool = False,
    ) -> list[Clip]:
        """Return the clips of a prompt as one, named after it."""
        parts = super().clips(key, values, language, is_slow=is_slow)
        gap = "" if language is Language.ZH else " "
        words = [part.alaw.decode() for part in parts if part.alaw.startswith(b"<")]  # no pauses
        said = gap.join(word[word.index(":") + 1 : -1].strip() for word in words)
        return [Clip(key, said.encode())]

    def stop(self) -> Deferred[None]:
        """Go on: the next scenario has the same voice."""
        return succeed(None)


@functools.cache
def the_voice() -> ScriptVoice:
    """The voice, prepared once for all scenarios."""
    folder = tempfile.TemporaryDirectory(prefix="hotline-words-")
    _KEPT.append(folder)
    renderer = Renderer(ToneSpeaker(), Path(folder.name), at_once)
    voice = ScriptVoice(a_book(), renderer, None, at_once, Tasks(Clock()))
    ready: Deferred[None] = Deferred.fromCoroutine(voice.prepare())
    assert ready.called, "every word of this voice is there at once"
    return voice


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


class ScriptLeg:
    """The audio of one call: plays prompts one after the other and tells what was played."""

    local_address: Address = ("127.0.0.1", 40_000)

    def __init__(self, on_event: OnLegEvent, clock: IReactorTime) -> None:
        self._on_event, self._clock = on_event, clock
        self._queue: deque[tuple[Sequence[Clip], int]] = deque()
        self._timer: IDelayedCall | None = None
        self.heard: list[Spoken] = []
        self.is_closed = False

    @property
    def is_playing(self) -> bool:
        """Whether something sounds."""
        return self._timer is not None

    def set_peer(self, peer: RtpPeer) -> None:
        """Nobody's address matters here."""

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        """Play after what is still queued."""
        if not self.is_closed:
            self._queue.append((clips, token))
            self._next()

    def send_digits(self, digits: str, token: int) -> None:
        """The gateway presses no keys in these calls."""

    def press_by_info(self, key: str) -> None:
        """Keys come by `press` in these calls."""

    def record(self, path: str) -> None:
        """Nothing is recorded in these calls."""

    def stop_recording(self) -> None:
        """Nothing is recorded in these calls."""

    def secure(self, is_on: bool, since_ns: int = 0) -> None:
        """Nothing is recorded in these calls."""

    def bridge(self, other: Leg) -> None:
        """Nobody is bridged in these calls."""

    def unbridge(self) -> None:
        """Nobody is bridged in these calls."""

    def stop(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> "Deferred[LegFigures]":
        """Be silent for ever."""
        self.stop()
        self.is_closed = True
        return succeed(LegFigures())

    def press(self, key: str, at_ns: int) -> None:
        """The caller presses a key."""
        if not self.is_closed:
            self._on_event(Digit(key, at_ns))

    def _next(self) -> None:
        if self._timer is None and self._queue:
            clips, token = self._queue.popleft()
            self.heard += [Spoken(clip.name, clip.alaw.decode()) for clip in clips]
            self._timer = self._clock.callLater(PROMPT_S * len(clips), self._played, token)

    def _played(self, token: int) -> None:
        self._timer = None
        self._on_event(PlayDone(token))
        self._next()


class ScriptMedia:
    """Opens legs of one life of the gateway."""

    is_ready = True
    leg_count = 0

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self.last: ScriptLeg | None = None

    def start(self) -> "Deferred[None]":
        """Nothing to start."""
        return succeed(None)

    def stop(self) -> "Deferred[None]":
        """Nothing to stop."""
        return succeed(None)

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> "Deferred[Leg]":
        """Return a leg at once."""
        self.last = leg = ScriptLeg(on_event, self._clock)
        return succeed(leg)


def a_phone_door(
    media: ScriptMedia,
    ports: PhonePorts,
    call_log: CallLog,
    reactor: IReactorTime,
    now_ns: Callable[[], int],
) -> PhoneDoor:
    """The phone door of one life of the gateway."""
    settings = PhoneSettings(lines=LINES)
    actions = phone_actions(ports, settings, the_voice(), reactor, now_ns)
    return PhoneDoor(settings, media, the_voice(), actions, reactor, now_ns, call_log=call_log)


class ScriptCall:
    """One incoming call as the phone door sees it, and as its caller does."""

    trunk, privacy = "", False

    def __init__(self, name: str, ani: str, dnis: str, call_no: str, media: ScriptMedia) -> None:
        self.name, self.ani, self.dnis, self.call_no = name, ani, dnis, call_no
        self.sip_call_id, self.ladder = f"{call_no}@script", Ladder(0.0)
        self.peer = RtpPeer("127.0.0.1", 50_000)
        self.is_closed = False
        self.status = 0
        self._media = media
        self._on_closed: list[Callable[[CloseReason], object]] = []
        self.leg: ScriptLeg | None = None
        self.told = 0  # prompts that the scenario has asked about

    @property
    def heard(self) -> list[Spoken]:
        """What the caller heard so far."""
        return self.leg.heard if self.leg is not None else []

    def on_closed(self, call: Callable[[CloseReason], object]) -> None:
        """Call when it is over."""
        self._on_closed.append(call)

    def on_peer(self, call: Callable[[RtpPeer], object]) -> None:
        """The caller's address never changes."""

    def on_hold(self, call: Callable[[bool], object]) -> None:
        """Nobody holds the line."""

    def on_key(self, call: Callable[[str], object]) -> None:
        """No key comes by SIP INFO."""

    def ringing(self) -> None:
        """It rings."""

    def answer(self, local: Address) -> None:
        """It is answered."""
        self.status = 200
        self.leg = self._media.last

    def refuse(self, status: int) -> None:
        """It is refused."""
        self.status = status
        self._close(CloseReason.REFUSED)

    def hangup(self) -> None:
        """The gateway hangs up."""
        self._close(CloseReason.LOCAL_BYE)

    def hang_up(self) -> None:
        """The caller hangs up."""
        self._close(CloseReason.REMOTE_BYE)

    def cut(self) -> None:
        """The line is dead: nobody is told."""
        self.is_closed = True
        if self.leg is not None:
            self.leg.close()

    def _close(self, why: CloseReason) -> None:
        if not self.is_closed:
            self.is_closed = True
            for call in self._on_closed:
                call(why)
