"""The softphone's script and its ear, without sockets."""

import numpy as np
import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.media import g711
from gateway.media.port import Heard, PlayDone
from gateway.sip.softphone import (
    PROMPT_BEGINS_S_MAX,
    PROMPT_S_MAX,
    CallFailed,
    PhoneCall,
    ScriptInvalid,
    parse_script,
)

QUIET = g711.ALAW_SILENCE * 1600
SPEECH = g711.encode_alaw((3000 * np.sin(np.arange(1600) / 3)).astype(np.int16))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", []),
        ("1", ["1"]),
        ("|", ["|"]),
        ("1|1001#", ["1", "|", "1001#"]),
        ("||*9AD#", ["|", "|", "*9AD#"]),
    ],
)
def test_a_script_is_keys_and_waits(text: str, steps: list[str]) -> None:
    assert parse_script(text) == steps


@pytest.mark.parametrize("text", ["x", "1 2", "1,2", "１", "1|" * 600])
def test_a_script_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ScriptInvalid):
        parse_script(text)


class Listening:
    """A call that hears blocks of 200 ms in virtual time while it waits for the prompt's end."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.call = PhoneCall(self.clock)
        self.call._acted_s = 0.0
        self.ended: list[object] = []
        Deferred.fromCoroutine(self.call.wait_for_prompt_end()).addBoth(self.ended.append)

    def hear(self, *blocks: bytes) -> None:
        for block in blocks:
            for _ in range(4):
                self.clock.advance(0.05)
            self.call.leg_event(Heard(block))
        self.clock.advance(0.05)


def test_a_prompt_ends_after_six_tenths_of_silence() -> None:
    ear = Listening()
    ear.hear(QUIET, QUIET, QUIET, QUIET, QUIET)
    assert not ear.ended, "no prompt has begun yet"
    ear.hear(SPEECH, SPEECH, QUIET, QUIET, SPEECH, QUIET, QUIET)
    assert not ear.ended, "a pause in speech is not the end"
    ear.hear(QUIET, QUIET)
    assert ear.ended == [None]


def test_a_far_end_that_stops_sending_is_silent_too() -> None:
    ear = Listening()
    ear.hear(SPEECH)
    for _ in range(12):
        ear.clock.advance(0.05)
    assert not ear.ended, "sound may still be on its way"
    for _ in range(10):
        ear.clock.advance(0.05)
    assert ear.ended == [None]


def test_silence_from_the_beginning_fails() -> None:
    ear = Listening()
    ear.hear(*[QUIET] * int(PROMPT_BEGINS_S_MAX / 0.2 + 2))
    ear.clock.advance(1)
    assert "nothing was heard" in str(ear.ended[0])


def test_a_prompt_without_an_end_fails() -> None:
    ear = Listening()
    ear.hear(*[SPEECH] * int(PROMPT_S_MAX / 0.2 + 2))
    assert "did not end" in str(ear.ended[0])


class KeyLeg:
    """A leg that only notes what is pressed."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    def send_digits(self, digits: str, token: int) -> None:
        self.pressed.append(digits)


def test_the_tail_of_the_prompt_that_keys_cut_short_is_not_the_next_prompt() -> None:
    clock, leg = Clock(), KeyLeg()
    call = PhoneCall(clock)
    call._leg = leg  # type: ignore[assignment]
    done: list[object] = []

    async def press_and_wait() -> None:
        await call.press("1#")
        await call.wait_for_prompt_end()

    Deferred.fromCoroutine(press_and_wait()).addBoth(done.append)
    clock.advance(0.4)
    call.leg_event(PlayDone(1))
    clock.advance(0.1)
    call.leg_event(Heard(SPEECH))
    for _ in range(10):
        clock.advance(0.2)
        call.leg_event(Heard(QUIET))
    assert (leg.pressed, done) == (["1#"], []), "the next prompt has not begun"
    for block in (SPEECH, QUIET, QUIET, QUIET, QUIET):
        clock.advance(0.2)
        call.leg_event(Heard(block))
    assert done == [None]


def test_the_recording_keeps_every_sample() -> None:
    ear = Listening()
    ear.hear(SPEECH, QUIET)
    assert bytes(ear.call.heard) == SPEECH + QUIET
    assert ear.call.wav()[:4] == b"RIFF"
    assert len(ear.call.wav()) == 44 + 2 * 3200


def test_call_failures_keep_the_ladder() -> None:
    assert CallFailed("x", ["a", "b"]).ladder_lines == ["a", "b"]
