from pathlib import Path

import numpy as np
import pytest

from gateway.callcenter.music import waiting_music
from gateway.media import g711
from gateway.media.sound import write_wav
from risk.domain.errors import ConfigError


def test_without_a_file_it_is_the_ringback_tone_of_450_hz() -> None:
    pcm = g711.decode_alaw(waiting_music("").alaw).astype(float)
    assert len(pcm) == 5 * 8000
    spectrum = np.abs(np.fft.rfft(pcm[:8000]))
    assert int(spectrum.argmax()) == 450
    assert np.abs(pcm[8000:]).max() <= 8


def test_a_file_is_played_as_it_is(tmp_path: Path) -> None:
    wave = (3_000 * np.sin(np.arange(16_000) / 5)).astype(np.int16)
    (tmp_path / "m.wav").write_bytes(write_wav(wave))
    heard = g711.decode_alaw(waiting_music(str(tmp_path / "m.wav")).alaw)
    assert np.corrcoef(wave, heard)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot be read"), (b"no sound", "m.wav"), (write_wav(np.zeros(0, np.int16)), "sound")],
)
def test_a_file_of_no_use_is_told_with_its_setting(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "m.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem) as raised:
        waiting_music(str(path))
    assert raised.value.path == "callcenter.music_file"
