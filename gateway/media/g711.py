"""G.711 A-law and mu-law to and from 16-bit PCM by table, whole arrays at once (ITU-T G.711).

Clips are kept as A-law; a mu-law leg gets them through `ALAW_TO_MULAW` with `bytes.translate`.
Not here: resampling (gateway.media.sound) and files.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Pcm16 = npt.NDArray[np.int16]

ALAW_SILENCE: Final = b"\xd5"
MULAW_SILENCE: Final = b"\xff"
_MULAW_BIAS: Final = 0x84
_MULAW_CLIP: Final = 32_635


def _alaw_decoded() -> Pcm16:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = np.where(
        segment == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(segment - 1, 0)
    )
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_encoded() -> npt.NDArray[np.uint8]:
    """Return the code of every 16-bit sample, indexed by sample + 32768."""
    sample = np.arange(-32_768, 32_768)
    is_negative = sample < 0
    magnitude = np.where(is_negative, -sample - 1, sample) >> 4  # 11 bits
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 3, 0)
    segment = np.where(magnitude < 16, 0, segment)
    step = np.where(segment == 0, magnitude, magnitude >> np.maximum(segment - 1, 0)) & 0x0F
    code = (segment << 4) | step | np.where(is_negative, 0, 0x80)
    encoded: npt.NDArray[np.uint8] = (code ^ 0x55).astype(np.uint8)
    return encoded


def _mulaw_decoded() -> Pcm16:
    code = ~np.arange(256) & 0xFF
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = (((step << 3) + _MULAW_BIAS) << segment) - _MULAW_BIAS
    decoded: Pcm16 = np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)
    return decoded


def _mulaw_encoded() -> npt.NDArray[np.uint8]:
    sample = np.arange(-32_768, 32_768)
    magnitude = np.minimum(np.abs(sample), _MULAW_CLIP) + _MULAW_BIAS
    segment = np.floor(np.log2(magnitude)).astype(int) - 7
    step = (magnitude >> (segment + 3)) & 0x0F
    code = (segment << 4) | step | np.where(sample < 0, 0x80, 0)
    encoded: npt.NDArray[np.uint8] = (~code & 0xFF).astype(np.uint8)
    return encoded


_ALAW_DECODED: Final = _alaw_decoded()
_ALAW_ENCODED: Final = _alaw_encoded()
_MULAW_DECODED: Final = _mulaw_decoded()
_MULAW_ENCODED: Final = _mulaw_encoded()

ALAW_TO_MULAW: Final = _MULAW_ENCODED[_ALAW_DECODED.astype(np.int32) + 32_768].tobytes()
MULAW_TO_ALAW: Final = _ALAW_ENCODED[_MULAW_DECODED.astype(np.int32) + 32_768].tobytes()


def decode_alaw(alaw: bytes) -> Pcm16:
    """Return 16-bit PCM, one sample per byte."""
    return _ALAW_DECODED[np.frombuffer(alaw, dtype=np.uint8)]


def encode_alaw(pcm: Pcm16) -> bytes:
    """Return A-law of 16-bit PCM (shape (n,)), one byte per sample."""
    return _ALAW_ENCODED[pcm.astype(np.int32) + 32_768].tobytes()


def decode_mulaw(mulaw: bytes) -> Pcm16:
    """Return 16-bit PCM, one sample per byte."""
    return _MULAW_DECODED[np.frombuffer(mulaw, dtype=np.uint8)]


def encode_mulaw(pcm: Pcm16) -> bytes:
    """Return mu-law of 16-bit PCM (shape (n,)), one byte per sample."""
    return _MULAW_ENCODED[pcm.astype(np.int32) + 32_768].tobytes()
