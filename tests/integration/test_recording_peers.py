"""Recordings as programs nobody here wrote read them: sox plays, multimon-ng listens for keys."""

import random
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gateway.media import g711, wire
from tests.builders.bank import Clocked, Far
from tests.builders.recordings import sides_of
from tests.builders.tones import alaw_of, dialled

pytestmark = pytest.mark.peer("sox", "multimon-ng")
TIMEOUT_S = 60


def sox(path: Path, *arguments: str) -> bytes:
    command = ["sox", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True)
    assert done.stderr == b"", "sox has nothing to complain about"
    return done.stdout


def keys_in(path: Path, side: int) -> str:
    """The keys that multimon-ng hears on one side of a recording."""
    raw = ("-t", "raw", "-r", "22050", "-e", "signed", "-b", "16", "-c", "1", "-")
    sound = sox(path, *raw, "remix", f"{side}v0.3")
    listening = ["multimon-ng", "-q", "-t", "raw", "-a", "DTMF", "-"]
    told = subprocess.run(
        listening, input=sound, capture_output=True, timeout=TIMEOUT_S, check=True
    )
    lines = told.stdout.decode().splitlines()
    return "".join(line.split()[1] for line in lines if line.startswith("DTMF:"))


def recorded_call(folder: Path, pin: str, typed_ahead: bool) -> Path:
    """Record a caller who enters an account and a PIN by tones, hears a prompt and goes on."""
    path, clocked = folder / "call.wav", Clocked()
    far = Far(clocked, 1, event_type=None)
    prompt = random.Random(1).randbytes(16_000)
    clocked.ask(wire.LoadClip("prompt", prompt), wire.Record(1, str(path)))
    clocked.ask(wire.Play(1, ["prompt"], 1, False))
    far.say(alaw_of(dialled("100200#", 70, 70)))
    clocked.turn(0.5)
    if typed_ahead:
        far.say(alaw_of(dialled(pin, 70, 70)))
        clocked.turn(1.5)
        keys = [r for r in clocked.reports if isinstance(r, wire.KeyPressed)]
        clocked.ask(wire.Secure(1, True, keys[-len(pin)].at_ns))
    else:
        clocked.ask(wire.Secure(1, True, 0))
        far.say(alaw_of(dialled(pin, 70, 70)))
    clocked.ask(wire.Secure(1, False, 0))
    clocked.turn(0.6)
    far.say(alaw_of(dialled("1#", 70, 70)))
    clocked.turn(0.4)
    assert clocked.keys() == f"100200#{pin}1#"
    clocked.figures(1)
    clocked.bank.close()
    far.close()
    assert prompt in sides_of(path)[1]
    return path


def test_sox_reads_a_recording_as_we_wrote_it(tmp_path: Path) -> None:
    path = recorded_call(tmp_path, "258036", False)
    left, right = sides_of(path)
    read = np.frombuffer(sox(path, "-t", "raw", "-e", "signed", "-b", "16", "-"), "<i2")
    assert (read[0::2] == g711.decode_alaw(left)).all()
    assert (read[1::2] == g711.decode_alaw(right)).all()


@pytest.mark.parametrize("typed_ahead", [False, True])
@pytest.mark.parametrize("pin", ["739184", "000000", "5*#ABD"])
def test_another_decoder_hears_every_key_but_the_pin(
    tmp_path: Path, pin: str, typed_ahead: bool
) -> None:
    path = recorded_call(tmp_path, pin, typed_ahead)
    assert keys_in(path, 1) == "100200#1#"
    assert keys_in(path, 2) == ""


def test_the_other_decoder_would_hear_the_pin(tmp_path: Path) -> None:
    """Without `secure` it is there: the search above does not pass because it is deaf."""
    path, clocked = tmp_path / "call.wav", Clocked()
    far = Far(clocked, 1, event_type=None)
    clocked.ask(wire.Record(1, str(path)))
    far.say(alaw_of(dialled("739184", 70, 70)))
    clocked.turn(0.4)
    clocked.figures(1)
    clocked.bank.close()
    far.close()
    assert keys_in(path, 1) == "739184"
