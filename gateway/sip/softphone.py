"""A scripted caller: dials, waits until a prompt ends, presses keys, keeps what it hears.

Used by `hotline call`, the demo, the load test and tests. Several calls may run at once on one
softphone. Not here: registration, and anything a person would do with a screen.
"""

import re
import socket
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTCP, IReactorTime, IReactorUDP
from twisted.internet.task import deferLater

from gateway.media import g711
from gateway.media.child import MediaReactor
from gateway.media.link import hosted_media
from gateway.media.port import (
    Digit,
    Heard,
    Leg,
    LegEvent,
    LegFigures,
    MediaLink,
    MediaLost,
    PlayDone,
    RtpPeer,
)
from gateway.media.settings import MediaSettings
from gateway.media.sound import write_wav
from gateway.sip.calls import CloseReason
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transports import Transports
from gateway.sip.uri import Uri
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import Hop
from risk.domain.errors import PermanentFailure, TemporaryFailure

QUIET_S: Final = 0.6
PROMPT_BEGINS_S_MAX: Final = 15.0
PROMPT_S_MAX: Final = 90.0
HEARD_BYTES_MAX: Final = 8_000 * 3_600  # one hour
SCRIPT_STEPS_MAX: Final = 1_000
WAIT: Final = "|"
_LOUD: Final = 400  # of 32768; A-law silence is 8
_FRAME_BYTES: Final = 160
_POLL_S: Final = 0.05
_STOPPED_S: Final = 0.4  # sound comes in blocks of 200 ms; after that none is on its way
_TAIL_S: Final = 0.25  # of the prompt that the keys cut short
_SCRIPT = re.compile(r"\||[0-9*#A-D]+")


class ScriptInvalid(PermanentFailure):
    """The keys of a script cannot be read."""

    code = "softphone.script_invalid"


class CallFailed(TemporaryFailure):
    """The far end did not answer, ended the call early, or was not heard."""

    code = "softphone.call_failed"

    def __init__(self, problem: str, ladder_lines: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.ladder_lines = ladder_lines


class PhoneReactor(MediaReactor, IReactorUDP, IReactorTCP):
    """What a softphone needs of the reactor."""


def parse_script(text: str) -> list[str]:
    """Return the steps of "1|1001#": keys to press, and WAIT for the end of a prompt.

    Raises ScriptInvalid.
    """
    steps = _SCRIPT.findall(text)
    if "".join(steps) != text:
        wrong = _SCRIPT.sub("", text)[0]
        raise ScriptInvalid(
            f"keys must be 0-9 * # A-D, with | where a prompt is waited for, was {wrong!r}"
        )
    if len(steps) > SCRIPT_STEPS_MAX:
        raise ScriptInvalid(f"script of {len(steps)} steps, limit {SCRIPT_STEPS_MAX}")
    return steps


class PhoneCall:
    """One call of a softphone. Every wait ends when the call does."""

    def __init__(self, clock: IReactorTime) -> None:
        self.heard = bytearray()  # A-law
        self.close_reason: CloseReason | None = None
        self._clock = clock
        self._call: OutgoingCall | None = None
        self._leg: Leg | None = None
        self._leg_closed: Deferred[LegFigures] | None = None
        self._answered: Deferred[None] = Deferred()
        self._pressing: Deferred[None] | None = None
        self._press_no = 0
        self._loud_s = float("-inf")
        self._quiet_bytes = 0  # heard since the last loud frame
        self._acted_s = float("-inf")

    @property
    def is_over(self) -> bool:
        """True once the call has ended."""
        return self.close_reason is not None

    @property
    def status(self) -> int:
        """The last SIP status received, 0 when none came."""
        return self._call.status if self._call is not None else 0

    @property
    def ladder_lines(self) -> list[str]:
        """What happened so far, one line each."""
        return self._call.ladder.lines() if self._call is not None else []

    def begin(self, call: OutgoingCall, leg: Leg) -> Deferred[None]:
        """Follow the call; fires when it is answered. Raises CallFailed."""
        self._call, self._leg = call, leg
        call.on_answered(self._on_answered)
        call.on_peer(leg.set_peer)
        call.on_closed(self._on_closed)
        return self._answered

    def leg_event(self, event: LegEvent) -> None:
        """Something happened on the leg."""
        match event:
            case Heard(alaw):
                self._hear(alaw)
            case PlayDone():
                self._pressed()
            case MediaLost():
                self.hangup()
            case Digit():
                pass  # nobody presses keys towards a caller

    def _hear(self, alaw: bytes) -> None:
        room = HEARD_BYTES_MAX - len(self.heard)
        self.heard += alaw[:room]
        frames = [alaw[at : at + _FRAME_BYTES] for at in range(0, len(alaw), _FRAME_BYTES)]
        for frame in frames:
            if int(abs(g711.decode_alaw(frame).astype("int32")).max()) > _LOUD:
                self._loud_s = self._clock.seconds()
                self._quiet_bytes = 0
            else:
                self._quiet_bytes += len(frame)

    def _on_answered(self, peer: RtpPeer) -> None:
        assert self._leg is not None
        self._leg.set_peer(peer)
        self._acted_s = self._clock.seconds()
        self._answered.callback(None)

    def _on_closed(self, reason: CloseReason) -> None:
        self.close_reason = reason
        if self._leg is not None:
            self._leg_closed = self._leg.close()
        self._pressed()
        if not self._answered.called:
            why = f"status {self.status}" if self.status else reason.value
            self._answered.errback(
                CallFailed(f"the call was not answered: {why}", self.ladder_lines)
            )

    def _pressed(self) -> None:
        pressing, self._pressing = self._pressing, None
        if pressing is not None:
            pressing.callback(None)

    def remark(self, text: str) -> None:
        """Put a line into the ladder."""
        assert self._call is not None
        self._call.ladder.remark(self._clock.seconds(), text)

    async def press(self, keys: str) -> None:
        """Press keys, 100 ms each with 80 ms between; returns when the last is up.

        Raises CallFailed when the call ended before.
        """
        assert self._leg is not None
        assert self._pressing is None, "one press at a time"
        if not self.is_over:
            self._press_no += 1
            self._pressing = Deferred()
            self._leg.send_digits(keys, self._press_no)
            await self._pressing
        if self.is_over:
            raise CallFailed(f"the call ended ({self._why}) before all keys were pressed")
        self._acted_s = self._clock.seconds() + _TAIL_S

    async def wait_for_prompt_end(self, quiet_s: float = QUIET_S) -> None:
        """Wait for sound after the last key or the answer, then for `quiet_s` of silence.

        Returns as well when the call ends. Raises CallFailed when nothing is heard, or no end.
        """
        begin_s = self._clock.seconds()
        while not self.is_over:
            now_s = self._clock.seconds()
            if self._loud_s <= self._acted_s:
                if now_s - begin_s > PROMPT_BEGINS_S_MAX:
                    raise CallFailed(f"nothing was heard for {PROMPT_BEGINS_S_MAX:g} s")
            elif self._is_quiet(quiet_s):
                return
            elif now_s - begin_s > PROMPT_S_MAX:
                raise CallFailed(f"the prompt did not end within {PROMPT_S_MAX:g} s")
            await deferLater(self._clock, _POLL_S)

    def _is_quiet(self, quiet_s: float) -> bool:
        has_stopped = self._clock.seconds() - self._loud_s >= quiet_s + _STOPPED_S
        return has_stopped or self._quiet_bytes >= quiet_s * 8_000

    async def wait(self, seconds: float) -> None:
        """Listen for that long, or until the call ends."""
        end_s = self._clock.seconds() + seconds
        while not self.is_over and self._clock.seconds() < end_s:
            await deferLater(self._clock, _POLL_S)

    async def run(self, steps: list[str]) -> None:
        """Carry out a script. Raises CallFailed."""
        for step in steps:
            if step == WAIT:
                await self.wait_for_prompt_end()
                self.remark("prompt ended" if not self.is_over else "call ended while listening")
            else:
                await self.press(step)
                self.remark(f"pressed {len(step)} keys")

    @property
    def _why(self) -> str:
        return self.close_reason.value if self.close_reason is not None else ""

    def hangup(self) -> None:
        """End the call; harmless when it is over."""
        if self._call is not None:
            self._call.hangup()

    async def end(self) -> bytes:
        """Hang up, wait for the last sound and return all that was heard as A-law."""
        self.hangup()
        if self._leg_closed is not None:
            closed, self._leg_closed = self._leg_closed, None
            await closed
        return bytes(self.heard)

    def wav(self) -> bytes:
        """Return what was heard as a WAV file, PCM 16 bit, 8 kHz."""
        return write_wav(g711.decode_alaw(bytes(self.heard)))


class Softphone:
    """SIP and media of scripted callers on one reactor."""

    def __init__(
        self, agent: UserAgent, transport: Transports, media: MediaLink, clock: IReactorTime
    ) -> None:
        self._agent = agent
        self._transport = transport
        self._media = media
        self._clock = clock

    async def dial(self, to: Uri, ani: str, peer: Hop, ring_s_max: float = 30.0) -> PhoneCall:
        """Call and wait for the answer. Raises CallFailed and MediaRefused."""
        call = PhoneCall(self._clock)
        leg = await self._media.open_leg(call.leg_event, hear=True)
        outgoing = self._agent.place(to, ani, peer, leg.local_address)
        answered = call.begin(outgoing, leg)
        try:
            await answered.addTimeout(ring_s_max, self._clock)
        except (DeferredTimeout, CancelledError) as e:
            outgoing.hangup()
            if isinstance(e, CancelledError):
                raise
            problem = f"nobody answered within {ring_s_max:g} s"
            if not call.status:
                problem += f"; nothing came from {peer.host}:{peer.port}: check address and port"
            raise CallFailed(problem, call.ladder_lines) from e
        return call

    async def close(self) -> None:
        """End all calls, then sockets and media."""
        self._agent.hang_up_all()
        await self._transport.stop()
        await self._media.stop()


async def open_softphone(
    reactor: PhoneReactor,
    local_host: str,
    now_ns: Callable[[], int],
    random_bits: Callable[[int], int],
    tls_ca_file: str = "",
) -> Softphone:
    """Bind sockets of `local_host` and return a softphone. Raises CannotListenError.

    Over TLS it believes `tls_ca_file`, else the platform's authorities.
    """
    settings = SipSettings(
        listen_host=local_host,
        listen_port=0,
        server_name="hotline-caller",
        tls_ca_file=tls_ca_file,
    )
    transport = Transports(settings, reactor)
    media = hosted_media(
        MediaSettings(rtp_host=local_host, worker_count=0), reactor, now_ns, random_bits
    )
    numbers = iter(range(1, 1 << 62))
    agent = UserAgent(
        transport,
        reactor,
        lambda call: call.refuse(486),  # it only calls
        settings=settings,
        new_token=lambda: f"{random_bits(64):016x}",
        new_call_no=lambda: f"dialled-{next(numbers)}",
    )
    transport.start(reactor)
    await media.start()
    return Softphone(agent, transport, media, reactor)


def local_host_towards(host: str) -> str:
    """Return our IPv4 address on the way to `host` (numeric); nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        address: str = probe.getsockname()[0]
    return address
