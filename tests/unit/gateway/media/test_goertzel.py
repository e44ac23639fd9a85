"""Key tones in the sound: all that Q.24 wants heard, nothing that is not a key."""

import numpy as np
import pytest

from gateway.media import g711
from gateway.media.espeak_process import Espeak
from gateway.media.goertzel import ToneReceiver
from gateway.media.sound import alaw_clip
from risk.domain.enums import Language
from tests.builders.tones import ALL_KEYS, Sound, alaw_of, dialled, silence, tone
from tests.builders.voice import a_book

OFFSETS_MS = (0, 1.7, 7.3, 12.9, 18.1)  # the far end's keys know nothing of our frames


def heard(*lines: bytes) -> list[str]:
    """Return the keys in each of several A-law lines, heard all together."""
    receiver, quiet = ToneReceiver(), g711.ALAW_SILENCE * 160
    rows = [receiver.add() for _ in lines]
    keys = dict.fromkeys(rows, "")
    for at in range(0, max(map(len, lines)) + 640, 160):
        frames = [line[at : at + 160] or quiet for line in lines]
        for row, key in receiver.hear(rows, frames):
            keys[row] += key
    return [keys[row] for row in rows]


def heard_of(*sounds: Sound) -> list[str]:
    return heard(*map(alaw_of, sounds))


@pytest.mark.parametrize(
    "how",
    [
        {"on_ms": 100, "off_ms": 100},
        {"on_ms": 50, "off_ms": 50},
        {"on_ms": 40, "off_ms": 40},  # Q.24: the shortest signal and pause to be known
        {"on_ms": 2000, "off_ms": 40},
        {"low_dbm0": -25, "high_dbm0": -25},
        {"low_dbm0": 0, "high_dbm0": 0},
        {"low_dbm0": -18, "high_dbm0": -10},  # twist of 8 dB
        {"low_dbm0": -8, "high_dbm0": -16},
        {"detune": 1.015},
        {"detune": 0.985},
        {"detune": 1.0075, "on_ms": 50, "off_ms": 50},
    ],
)
def test_every_key_is_heard_once_wherever_frames_begin(how: dict[str, float]) -> None:
    sound = dialled(ALL_KEYS, **how)
    lines = [np.concatenate([silence(ms), sound]) for ms in OFFSETS_MS]
    assert heard_of(*lines) == [ALL_KEYS] * len(lines)


@pytest.mark.parametrize(
    "how",
    [
        {"on_ms": 20},  # too short
        {"detune": 1.035},
        {"detune": 0.965},
        {"low_dbm0": -45, "high_dbm0": -45},  # crosstalk
        {"low_dbm0": -24, "high_dbm0": -10},  # one tone alone, or nearly
        {"low_dbm0": -10, "high_dbm0": -24},
    ],
)
def test_what_is_no_key_is_not_heard(how: dict[str, float]) -> None:
    sound = dialled(ALL_KEYS, **how)
    lines = [np.concatenate([silence(ms), sound]) for ms in OFFSETS_MS]
    assert heard_of(*lines) == [""] * len(lines)


def test_tones_with_overtones_are_a_voice() -> None:
    overtones = dialled(ALL_KEYS, low_dbm0=-19, high_dbm0=-19, detune=2.0)
    assert heard_of(dialled(ALL_KEYS) + overtones) == [""]


@pytest.mark.parametrize("snr_db", [20, 12])
def test_keys_are_heard_through_noise(snr_db: int) -> None:
    rng = np.random.default_rng(7)
    sound = dialled(ALL_KEYS * 5, 50, 50)
    power = np.mean(tone("5", 100, -10, -10) ** 2)
    noise = rng.normal(0, np.sqrt(power * 10 ** (-snr_db / 10)), len(sound))
    assert heard_of(sound + noise) == [ALL_KEYS * 5]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_hole_of_one_lost_packet_does_not_make_two_presses(lost: int) -> None:
    line = bytearray(alaw_of(np.concatenate([silence(60), tone("5", 300, -10, -10)])))
    for frame in (6, 10)[:lost]:
        line[160 * frame : 160 * frame + 160] = g711.ALAW_SILENCE * 160
    assert heard(bytes(line)) == ["5"]


def test_the_same_key_again_after_a_pause_is_another_press() -> None:
    assert heard_of(dialled("5555", 40, 40)) == ["5555"]


def test_a_key_that_follows_without_a_pause_is_heard() -> None:
    assert heard_of(dialled("15", 60, 0)) == ["15"]


def test_many_legs_do_not_mix_and_a_row_given_back_forgets() -> None:
    sounds = [dialled(key * 3, 50, 50) for key in ALL_KEYS * 4]
    assert heard_of(*sounds) == [key * 3 for key in ALL_KEYS * 4]
    receiver = ToneReceiver()
    row = receiver.add()
    line = alaw_of(tone("5", 200, -10, -10))
    for at in range(0, 800, 160):
        receiver.hear([row], [line[at : at + 160]])
    assert receiver.down_of([row]) == [row]
    receiver.remove(row)
    assert receiver.down_of([row]) == []
    assert receiver.add() == row
    assert receiver.hear([row], [g711.ALAW_SILENCE * 160]) == []
    assert receiver.hear([row], [line[:160]]) == []  # 20 ms of it alone say nothing


def music(seconds: int, seed: int) -> Sound:
    """Chords of decaying notes with overtones, as on-hold music has them, and a drum of noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(2000) / 8000
    beats = []
    for _ in range(4 * seconds):
        beat = rng.normal(0, 300, 2000) * np.exp(-30 * time_s)
        for note in rng.integers(40, 88, rng.integers(2, 5)):
            hertz = 440 * 2 ** ((note - 69) / 12)
            for overtone in range(1, 6):
                level = 4000 / overtone ** rng.uniform(0.7, 2)
                beat += level * np.sin(2 * np.pi * overtone * hertz * time_s) * np.exp(-3 * time_s)
        beats.append(beat)
    return np.concatenate(beats)


def test_music_and_noise_press_no_keys() -> None:
    rng = np.random.default_rng(3)
    lines = [music(30, seed) for seed in range(8)]
    lines += [rng.normal(0, level, 240_000) for level in (100, 1000, 8000)]
    assert heard_of(*lines) == [""] * len(lines)


@pytest.mark.parametrize(
    ("language", "voice"), [(Language.ZH, "cmn"), (Language.EN, "en"), (Language.EN, "en-us+f2")]
)
def test_speech_presses_no_keys(language: Language, voice: str) -> None:
    pytest.importorskip("espeakng_loader")
    espeak, book = Espeak(), a_book()
    pieces = [piece for key in book.all_keys() for piece in book.pieces(key, language)]
    texts = [piece for piece in pieces if isinstance(piece, str) and len(piece) > 5]
    lines = [alaw_clip(espeak.synth(voice, 160, text), espeak.rate) for text in texts]
    assert sum(map(len, lines)) > 200 * 8000  # minutes of it
    whole = [line + g711.ALAW_SILENCE * (-len(line) % 160) for line in lines]
    assert set(heard(*whole)) == {""}
