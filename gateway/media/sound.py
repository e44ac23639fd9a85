"""PCM arithmetic for prompts: resample, trim, level, stretch; and WAV files (RIFF, PCM 16 bit).

Shapes: mono int16 arrays (n,). Not here: the A-law table (gateway.media.g711).
"""

import io
import math
import wave
from typing import Final

import numpy as np

from gateway.media.g711 import Pcm16, encode_alaw
from gateway.media.rtp import SAMPLE_RATE
from risk.domain.errors import PermanentFailure

SOUND_S_MAX: Final = 120  # one prompt
RATE_MAX: Final = 96_000
_EDGE_S: Final = 0.02  # left before and after speech when trimming
_QUIET: Final = 200  # of 32768: below it is silence
_SPEECH_RMS: Final = 2_600  # about -22 dBFS, the level telephony recommends for speech
_PEAK_MAX: Final = 26_000
_WINDOW_S: Final = 0.02
_HOP_S: Final = 0.015  # half a frame when stretching: a frame holds two periods of a deep voice
_SEARCH_S: Final = 0.008  # either side, more than half such a period


class SoundBroken(PermanentFailure):
    """A WAV file cannot be used; the text says why and what would do."""

    code = "media.sound_broken"


def read_wav(data: bytes) -> tuple[Pcm16, int]:
    """Return the samples and the rate in Hz; more channels are mixed to one. Raises SoundBroken."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            if width != 2 or not 0 < rate <= RATE_MAX or not channels:
                raise SoundBroken(
                    f"WAV must be PCM of 16 bits and at most {RATE_MAX} Hz, "
                    f"was {8 * width} bits and {rate} Hz"
                )
            frames = file.readframes(SOUND_S_MAX * rate + 1)
    except (wave.Error, EOFError) as e:
        raise SoundBroken(f"not a PCM WAV file: {e}") from e
    pcm = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], dtype="<i2")
    if len(pcm) > SOUND_S_MAX * rate * channels:
        raise SoundBroken(f"WAV may last {SOUND_S_MAX} s, was longer")
    return pcm.reshape(-1, channels).mean(axis=1).astype(np.int16), rate


def write_wav(pcm: Pcm16, rate: int = SAMPLE_RATE) -> bytes:
    """Return a PCM 16 bit mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()


def resample(pcm: Pcm16, rate: int, rate_out: int = SAMPLE_RATE) -> Pcm16:
    """Return the sound at another rate, by its spectrum; what does not fit is cut softly."""
    if rate == rate_out or len(pcm) == 0:
        return pcm
    size_out = max(1, round(len(pcm) * rate_out / rate))
    spectrum = np.fft.rfft(pcm.astype(np.float64))
    bins = min(len(spectrum), size_out // 2 + 1)
    taper = max(1, bins // 16)
    spectrum[bins - taper : bins] *= np.linspace(1.0, 0.0, taper)
    sound = np.fft.irfft(spectrum[:bins], size_out) * (size_out / len(pcm))
    return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)


def trim(pcm: Pcm16, rate: int = SAMPLE_RATE) -> Pcm16:
    """Return the sound with 20 ms before and after what is heard, silence where it had none."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _QUIET)
    if len(loud) == 0:
        return pcm[:0]
    edge = int(_EDGE_S * rate)
    padded = np.pad(pcm, edge)
    return padded[int(loud[0]) : int(loud[-1]) + 1 + 2 * edge]


def level(pcm: Pcm16, rate: int = SAMPLE_RATE) -> Pcm16:
    """Return the sound with its speech at -22 dBFS and no peak clipped."""
    loudness = speech_rms(pcm, rate)
    if loudness == 0:
        return pcm
    gain = min(_SPEECH_RMS / loudness, _PEAK_MAX / float(np.abs(pcm.astype(np.float64)).max()))
    return np.rint(pcm.astype(np.float64) * gain).clip(-32_768, 32_767).astype(np.int16)


def speech_rms(pcm: Pcm16, rate: int = SAMPLE_RATE) -> float:
    """Return the RMS of speech without its pauses: windows of 20 ms within 20 dB of the loudest.

    0 for silence. It is short of ITU-T P.56, whose 200 ms hangover does not fit single words.
    """
    window = max(1, int(_WINDOW_S * rate))
    whole = pcm[: len(pcm) // window * window].astype(np.float64)
    if len(whole) == 0:
        return 0.0
    power = (whole.reshape(-1, window) ** 2).mean(axis=1)
    active = power[power > max(float(_QUIET) ** 2, float(power.max()) / 100)]
    return float(np.sqrt(active.mean())) if len(active) else 0.0


def dbfs(rms: float) -> float:
    """Return a loudness in dB below full scale; silence is -100."""
    return 20 * math.log10(rms / 32_768) if rms > 0.33 else -100.0


def alaw_clip(pcm: Pcm16, rate: int) -> bytes:
    """Return speech as a clip for the phone: 8 kHz, trimmed, levelled, A-law."""
    return encode_alaw(level(trim(resample(pcm, rate))))


def stretch(pcm: Pcm16, percent: int, rate: int = SAMPLE_RATE) -> Pcm16:
    """Return the sound `percent` as long at the same pitch, for callers who like it slower.

    Overlap-add of frames taken where they fit what was written last (WSOLA, Verhelst and
    Roelands 1993). A sound shorter than one frame comes back as it is.
    """
    hop = int(_HOP_S * rate)
    frame, search = 2 * hop, int(_SEARCH_S * rate)
    if percent == 100 or len(pcm) < frame:
        return pcm
    size_out = len(pcm) * percent // 100
    steps = -(-size_out // hop)
    padded = np.concatenate(
        [np.zeros(search + hop), pcm.astype(np.float64), np.zeros(2 * (frame + search))]
    )
    window = np.hanning(frame + 1)[:frame]  # two of them, half a frame apart, add up to one
    out = np.zeros(hop * (steps + 2))
    natural = search  # where the sound goes on after the frame written last
    for n in range(steps + 1):
        wanted = min(search + n * hop * 100 // percent, len(padded) - frame - search)
        region = padded[wanted - search : wanted + search + frame]
        fits = np.correlate(region, padded[natural : natural + frame], "valid")
        start = wanted - search + int(np.argmax(fits)) if n else wanted
        out[n * hop : n * hop + frame] += window * padded[start : start + frame]
        natural = min(start + hop, len(padded) - frame)
    return np.rint(out[hop : hop + size_out]).clip(-32_768, 32_767).astype(np.int16)
