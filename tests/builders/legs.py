"""Calls and legs that keep what is done to them, for tests of what plays on them."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed

from gateway.media.port import (
    Clip,
    Digit,
    Leg,
    LegEvent,
    LegFigures,
    PlayDone,
    Recorded,
    RtpPeer,
)
from gateway.sip.calls import CloseReason
from gateway.sip.ladder import Ladder


class FakeLeg:
    """Keeps what is played; `finish` ends it. A recording is complete when the leg is closed."""

    local_address = ("192.0.2.10", 40_000)

    def __init__(self, on_event: Callable[[LegEvent], None] = lambda _: None) -> None:
        self.played: list[tuple[list[str], int]] = []
        self.stops = 0
        self.is_closed = False
        self.secured: list[tuple[bool, int]] = []
        self.recording = ""
        self.on_event = on_event

    def set_peer(self, peer: RtpPeer) -> None:
        pass

    def play(self, clips: Sequence[Clip], token: int, *, repeats: bool = False) -> None:
        self.played.append(([_text(clip) for clip in clips], token))

    def press_by_info(self, key: str) -> None:
        self.on_event(Digit(key, 77))

    def send_digits(self, digits: str, token: int) -> None:
        raise AssertionError("a gateway presses no keys")

    def stop(self) -> None:
        self.stops += 1

    def record(self, path: str) -> None:
        self.recording = path

    def stop_recording(self) -> None:
        raise AssertionError("a recording ends with its call")

    def secure(self, is_on: bool, since_ns: int = 0) -> None:
        self.secured.append((is_on, since_ns))

    def bridge(self, other: Leg) -> None:
        raise AssertionError("a flow bridges nobody")

    def unbridge(self) -> None:
        raise AssertionError("a flow bridges nobody")

    def close(self) -> Deferred[LegFigures]:
        self.is_closed = True
        if self.recording:
            self.on_event(Recorded(self.recording, "5ha", 1_000, 44))
        return succeed(LegFigures(sent_packets=3))

    def finish(self) -> None:
        """The last prompt has left."""
        self.on_event(PlayDone(self.played[-1][1]))

    def press(self, keys: str) -> None:
        """The caller presses keys."""
        for key in keys:
            self.on_event(Digit(key, 77))

    @property
    def said(self) -> str:
        """Words of the last play."""
        return "".join(self.played[-1][0])


class FakeCall:
    """A call that closes as soon as somebody hangs up."""

    call_no, sip_call_id = "c1", "abc@192.0.2.1"
    ani, dnis, trunk, privacy = "+8613800000001", "95500", "carrier", False
    peer: RtpPeer | None = None

    def __init__(self) -> None:
        self.hangups = 0
        self.ladder = Ladder(0.0)
        self.is_closed = False
        self._on_closed: list[Callable[[CloseReason], None]] = []

    def on_closed(self, callback: Callable[[CloseReason], None]) -> None:
        self._on_closed.append(callback)

    def on_hold(self, callback: Callable[[bool], object]) -> None:
        pass

    def on_key(self, callback: Callable[[str], object]) -> None:
        pass

    def hangup(self, **_: Any) -> None:
        self.hangups += 1
        self.close(CloseReason.LOCAL_BYE)

    def close(self, reason: CloseReason) -> None:
        """The call is over."""
        if not self.is_closed:
            self.is_closed = True
            for callback in self._on_closed:
                callback(reason)


def _text(clip: Clip) -> str:
    text = clip.alaw.decode(errors="replace")
    return text[text.find(":") + 1 : -1] if text.startswith("<") else ""
