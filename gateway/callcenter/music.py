"""What a waiting caller hears: the firm's own sound file, or a ringback tone.

Not here: announcements (gateway.media.voice).
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from gateway.media import g711, sound
from gateway.media.port import Clip
from gateway.media.rtp import SAMPLE_RATE
from risk.domain.errors import ConfigError

FILE_BYTES_MAX: Final = 8 << 20
RINGBACK_HZ: Final = 450  # one second of tone, four of silence (GB/T 3380)
_TONE_S: Final = 1
_PAUSE_S: Final = 4
_PEAK: Final = 6_000  # of 32768


def waiting_music(file: str) -> Clip:
    """Return one round of it, to be repeated. Raises ConfigError for a file of no use."""
    alaw = _ringback() if not file else _from_file(Path(file))
    return Clip(hashlib.sha1(alaw).hexdigest(), alaw)


def _ringback() -> bytes:
    at_s = np.arange(_TONE_S * SAMPLE_RATE) / SAMPLE_RATE
    tone = (_PEAK * np.sin(2 * np.pi * RINGBACK_HZ * at_s)).astype(np.int16)
    return g711.encode_alaw(tone) + g711.ALAW_SILENCE * (_PAUSE_S * SAMPLE_RATE)


def _from_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError("callcenter.music_file", f"may have {FILE_BYTES_MAX} bytes: cut it")
        pcm, rate = sound.read_wav(path.read_bytes())
    except OSError as e:
        raise ConfigError("callcenter.music_file", f"{path} cannot be read: {e.strerror}") from e
    except sound.SoundBroken as e:
        raise ConfigError("callcenter.music_file", f"{path}: {e}") from e
    alaw = g711.encode_alaw(sound.resample(pcm, rate))
    if not alaw:
        raise ConfigError("callcenter.music_file", f"{path} has no sound")
    return alaw
