"""Studio recordings for tests of whole calls: every prompt a fifth of a second of its own noise.

A call is over in seconds, no speech engine is needed, and 20 ms of any prompt tell which it was.
Not here: what is written of a prompt (its text stays the product's).
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from gateway.media import g711
from gateway.media.prompts import spoken_pieces
from gateway.media.sound import write_wav
from risk.domain.enums import Language
from tests.builders.voice import a_book

CLIP_SAMPLES: Final = 1_600
FRAME_BYTES: Final = 160
_LOUD: Final = 6_000  # of 32768: a softphone takes less than 400 for silence


def record_short_prompts(folder: Path) -> None:
    """Write <zh|en>/<key>.wav for every prompt and word into a folder for `recorded_path`."""
    for language in Language:
        (folder / language.name.lower()).mkdir(parents=True)
    for piece in spoken_pieces(a_book()):
        name = piece.language.name.lower()
        (folder / name / f"{piece.key}.wav").write_bytes(write_wav(_noise(name, piece.key)))


def has_heard(alaw: bytes, key: str, language: Language = Language.ZH) -> bool:
    """Return whether any 20 ms of a recorded prompt are in what was heard."""
    said = g711.encode_alaw(_noise(language.name.lower(), key))
    frames = (said[at : at + FRAME_BYTES] for at in range(0, len(said), FRAME_BYTES))
    return any(frame in alaw for frame in frames)


def _noise(language: str, key: str) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    seed = int.from_bytes(hashlib.sha256(f"{language}/{key}".encode()).digest()[:8])
    return np.random.default_rng(seed).integers(-_LOUD, _LOUD, CLIP_SAMPLES, dtype=np.int16)
