"""PCM arithmetic and WAV files."""

import io
import wave

import numpy as np
import pytest

from gateway.media import g711, sound


def a_tone(hz: float, seconds: float, rate: int, amplitude: float = 8000.0) -> g711.Pcm16:
    at = np.arange(int(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def a_wav(pcm: g711.Pcm16, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(pcm.tobytes())
    return file.getvalue()


def strongest_hz(pcm: g711.Pcm16, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum) * rate / len(pcm))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100])
def test_resampling_keeps_length_pitch_and_loudness(rate: int) -> None:
    out = sound.resample(a_tone(1000, 1.0, rate), rate)
    assert len(out) == 8000
    assert abs(strongest_hz(out, 8000) - 1000) < 2
    assert np.sqrt((out[400:-400].astype(float) ** 2).mean()) == pytest.approx(
        8000 / 2**0.5, rel=0.02
    )


def test_resampling_removes_what_would_alias() -> None:
    out = sound.resample(a_tone(6000, 1.0, 22_050), 22_050)
    assert np.abs(out[400:-400]).max() < 100


def test_trimming_leaves_twenty_milliseconds() -> None:
    quiet = np.zeros(4000, np.int16)
    tone = a_tone(1000, 0.5, 8000)
    out = sound.trim(np.concatenate([quiet, tone, quiet]))
    assert 4000 <= len(out) <= 4000 + 320
    assert len(sound.trim(quiet)) == 0


def test_a_sound_that_begins_and_ends_at_once_gets_its_edges() -> None:
    out = sound.trim(np.full(800, 5000, np.int16))
    assert len(out) == 800 + 2 * 160
    assert not out[:160].any()
    assert not out[-160:].any()


@pytest.mark.parametrize("amplitude", [500, 3000, 30_000])
def test_levelling_makes_loud_and_soft_alike(amplitude: float) -> None:
    out = sound.level(a_tone(300, 1.0, 8000, amplitude)).astype(float)
    assert np.sqrt((out**2).mean()) == pytest.approx(2600, rel=0.05)


def test_levelling_clips_no_peak_and_leaves_silence_alone() -> None:
    spiky = a_tone(300, 1.0, 8000, 300)
    spiky[4000] = 30_000
    assert np.abs(sound.level(spiky).astype(int)).max() <= 26_001
    silence = np.zeros(100, np.int16)
    assert sound.level(silence).tolist() == silence.tolist()
    assert len(sound.level(silence[:0])) == 0


def test_a_written_wav_is_read_back() -> None:
    pcm = a_tone(440, 0.1, 8000)
    read, rate = sound.read_wav(sound.write_wav(pcm))
    assert rate == 8000
    assert read.tolist() == pcm.tolist()


def test_stereo_is_mixed_to_one_channel() -> None:
    both = np.array([[100, 300]] * 10, np.int16)
    assert sound.read_wav(a_wav(both, channels=2))[0].tolist() == [200] * 10


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not a PCM WAV file"),
        (b"RIFF" + bytes(40), "not a PCM WAV file"),
        (a_wav(np.zeros(10, np.int8), width=1), "was 8 bits"),
        (a_wav(np.zeros(10, np.int16), rate=192_000), "192000 Hz"),
        (a_wav(np.zeros(8000 * 121, np.int16)), "was longer"),
    ],
)
def test_an_unfit_wav_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(sound.SoundBroken, match=problem):
        sound.read_wav(data)


@pytest.mark.parametrize("percent", [100, 130, 200])
@pytest.mark.parametrize("hz", [85, 150, 300, 1000])  # a deep voice to the upper formants
def test_stretching_keeps_pitch_and_loudness(percent: int, hz: float) -> None:
    tone = a_tone(hz, 1.0, 8000)
    out = sound.stretch(tone, percent)
    assert len(out) == 80 * percent
    assert abs(strongest_hz(out, 8000) - hz) < 1
    assert np.sqrt((out[400:-400].astype(float) ** 2).mean()) == pytest.approx(
        8000 / 2**0.5, rel=0.02
    )


def test_stretching_moves_each_sound_to_its_later_place() -> None:
    silence = np.zeros(4000, np.int16)
    beeps = np.concatenate([silence, a_tone(600, 0.5, 8000), silence, a_tone(900, 0.5, 8000)])
    out = sound.stretch(beeps, 150)
    assert len(out) == 24_000
    for at, hz in ((6_000, 600), (18_000, 900)):
        assert abs(strongest_hz(out[at + 400 : at + 5_600], 8000) - hz) < 5
        assert np.abs(out[at - 5_600 : at - 400]).max() < 100


def test_a_sound_too_short_to_stretch_stays() -> None:
    assert len(sound.stretch(a_tone(600, 0.02, 8000), 150)) == 160
    assert len(sound.stretch(np.zeros(0, np.int16), 150)) == 0
