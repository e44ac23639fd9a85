"""The tables against the segments of the recommendation, written out slowly."""

import numpy as np
import pytest

from gateway.media import g711

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)
EVERY_CODE = bytes(range(256))


def a_law_code(sample: int) -> int:
    """G.711 table 1: eight segments of sixteen steps each way, even bits inverted."""
    magnitude, sign = (sample, 0x80) if sample >= 0 else (-sample - 1, 0)
    segment = 0
    while segment < 7 and magnitude >= 256 << segment:
        segment += 1
    step = magnitude >> 4 if segment == 0 else (magnitude >> (segment + 3)) & 0x0F
    return (sign | segment << 4 | step & 0x0F) ^ 0x55


def mu_law_code(sample: int) -> int:
    """G.711 table 2: biased by 33 (of 14 bits), all bits inverted."""
    magnitude, sign = (sample, 0) if sample >= 0 else (-sample, 0x80)
    magnitude = min(magnitude, 32_635) + 132
    segment = magnitude.bit_length() - 8
    return ~(sign | segment << 4 | (magnitude >> (segment + 3)) & 0x0F) & 0xFF


def test_every_sample_has_the_code_of_the_recommendation() -> None:
    assert list(g711.encode_alaw(EVERY_SAMPLE)) == [a_law_code(int(s)) for s in EVERY_SAMPLE]
    assert list(g711.encode_mulaw(EVERY_SAMPLE)) == [mu_law_code(int(s)) for s in EVERY_SAMPLE]


def test_decoding_and_encoding_again_changes_no_code() -> None:
    assert g711.encode_alaw(g711.decode_alaw(EVERY_CODE)) == EVERY_CODE
    again = g711.encode_mulaw(g711.decode_mulaw(EVERY_CODE))
    assert [a for a, b in zip(EVERY_CODE, again, strict=True) if a != b] == [0x7F]  # minus zero


@pytest.mark.parametrize("law", ["alaw", "mulaw"])
def test_the_error_stays_within_half_a_step(law: str) -> None:
    encode = {"alaw": g711.encode_alaw, "mulaw": g711.encode_mulaw}[law]
    decode = {"alaw": g711.decode_alaw, "mulaw": g711.decode_mulaw}[law]
    sample = EVERY_SAMPLE.astype(int)
    error = np.abs(decode(encode(EVERY_SAMPLE)).astype(int) - sample)
    assert (error <= np.maximum(16, np.abs(sample) / 16 + 10)).all()


def test_silence_is_silence_in_both_laws() -> None:
    assert g711.encode_alaw(np.zeros(1, np.int16)) == g711.ALAW_SILENCE
    assert g711.encode_mulaw(np.zeros(1, np.int16)) == g711.MULAW_SILENCE
    assert abs(int(g711.decode_alaw(g711.ALAW_SILENCE)[0])) <= 8


def test_laws_translate_into_each_other_with_one_table_each() -> None:
    through_pcm = g711.encode_mulaw(g711.decode_alaw(EVERY_CODE))
    assert EVERY_CODE.translate(g711.ALAW_TO_MULAW) == through_pcm
    back = EVERY_CODE.translate(g711.MULAW_TO_ALAW)
    assert back == g711.encode_alaw(g711.decode_mulaw(EVERY_CODE))
