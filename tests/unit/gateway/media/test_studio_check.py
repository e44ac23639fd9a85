"""Recordings with one fault each, and what is said about it."""

import io
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gateway.media import sound
from gateway.media.g711 import Pcm16
from gateway.media.prompts import PromptBook, SpokenPiece, spoken_pieces
from gateway.media.studio import seconds_of
from gateway.media.studio_check import check
from risk.domain.enums import Language

BOOK = PromptBook(
    {
        Language.ZH: {"told": "数量{qty:qty},价格{price:price}。", "bye": "感谢您的来电,再见。"},
        Language.EN: {"told": "Quantity {qty:qty}, price {price:price}.", "bye": "Goodbye."},
    }
)
RATE = 16_000


def speech(seconds: float, dbfs: float = -22.0) -> Pcm16:
    """Noise that comes and goes like syllables, with 30 ms of silence at both ends."""
    source = np.random.default_rng(1)
    at = np.arange(int(seconds * RATE)) / RATE
    sound_ = source.normal(size=len(at)).clip(-2.5, 2.5) * (1.2 + np.sin(2 * np.pi * 4 * at))
    pcm = np.rint(1000 * sound_).astype(np.int16)
    gain = 10 ** (dbfs / 20) * 32_768 / sound.speech_rms(pcm, RATE)
    return np.pad(np.rint(pcm * gain).clip(-32_768, 32_767).astype(np.int16), RATE * 30 // 1000)


def a_recording(piece: SpokenPiece) -> Pcm16:
    return speech(seconds_of(piece.text, piece.language))


def a_studio(folder: Path) -> Path:
    """A complete and faultless set."""
    for piece in spoken_pieces(BOOK):
        path = folder / piece.language.name.lower() / f"{piece.key}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sound.write_wav(a_recording(piece), RATE))
    return folder


BYE_S = seconds_of("感谢您的来电,再见。", Language.ZH)


def clipped() -> Pcm16:
    pcm = speech(BYE_S)
    pcm[9_000:9_003] = 32_767
    return pcm


def test_a_good_set_has_no_complaint(tmp_path: Path) -> None:
    assert check(BOOK, a_studio(tmp_path)) == []


@pytest.mark.parametrize(
    ("pcm", "problem"),
    [
        (clipped, "is clipped at 0.56 s; record it again with less gain"),
        (lambda: speech(BYE_S, -30.0), "dBFS, wanted is -22; change its gain by +7.8 dB"),
        (lambda: speech(BYE_S, -25.5), "dB against the other recordings; change its gain by +3."),
        (lambda: np.pad(speech(BYE_S), (RATE // 2, 0)), "has 530 ms of silence at its start"),
        (lambda: np.pad(speech(BYE_S), (0, RATE // 2)), "has 530 ms of silence at its end"),
        (lambda: speech(BYE_S)[1_000:], "speech is cut at its start; leave 20 ms"),
        (lambda: speech(BYE_S)[:-1_000], "speech is cut at its end; leave 20 ms"),
        (lambda: speech(BYE_S * 4), "its text takes about 2.1 s; is it the recording of"),
        (lambda: speech(BYE_S / 4), "its text takes about 2.1 s; is it the recording of"),
        (lambda: np.zeros(RATE, np.int16), "is silent; record it again"),
        (lambda: np.zeros(0, np.int16), "is silent; record it again"),
    ],
)
def test_a_fault_of_the_sound_is_told_with_its_remedy(
    tmp_path: Path, pcm: Callable[[], Pcm16], problem: str
) -> None:
    folder = a_studio(tmp_path)
    (folder / "zh" / "bye.wav").write_bytes(sound.write_wav(pcm(), RATE))
    told = [str(complaint) for complaint in check(BOOK, folder)]
    assert len(told) == 1
    assert told[0].startswith("zh/bye.wav: ")
    assert problem in told[0]


def a_wav(pcm: Pcm16, channels: int = 1, width: int = 2, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(pcm.tobytes())
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"ID3", "not a PCM WAV file"),
        (a_wav(speech(BYE_S).astype(np.int8), width=1), "was 8 bits"),
        (a_wav(np.repeat(speech(BYE_S), 2), channels=2), "has 2 channels; deliver one"),
        (a_wav(np.pad(speech(BYE_S)[600:-600:2], 240), rate=6_000), "has 6000 samples a"),
    ],
)
def test_a_wrong_format_is_told(tmp_path: Path, data: bytes, problem: str) -> None:
    folder = a_studio(tmp_path)
    (folder / "zh" / "bye.wav").write_bytes(data)
    told = [str(complaint) for complaint in check(BOOK, folder)]
    assert [line.startswith("zh/bye.wav: ") and problem in line for line in told] == [True]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("zh/bye.mp3", "is not a .wav file; deliver PCM WAV, 16 bit, mono"),
        ("zh/byee.wav", "no prompt or word has this name; is it bye.wav?"),
        ("en/幺.wav", "no prompt or word has this name; see `hotline prompts script`"),
        ("zh/slow/byee.wav", "no prompt or word has this name; is it bye.wav?"),
    ],
)
def test_a_file_nobody_asked_for_is_told(tmp_path: Path, name: str, problem: str) -> None:
    folder = a_studio(tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    assert [str(complaint) for complaint in check(BOOK, folder)] == [f"{name}: {problem}"]


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        ("zh/told.2.wav", "zh/told.2.wav: is missing, the prompt is there in part; record ',价格'"),
        ("en/bye.wav", "en/bye.wav: is missing, the other language has the prompt; record 'Goodb"),
        ("zh/word.零.wav", "zh/word.零.wav: is missing, other words are there; record '零'"),
    ],
)
def test_a_prompt_recorded_by_half_is_told(tmp_path: Path, taken: str, told: str) -> None:
    folder = a_studio(tmp_path)
    (folder / taken).unlink()
    complaints = [str(complaint) for complaint in check(BOOK, folder)]
    assert len(complaints) == 1
    assert complaints[0].startswith(told)


def test_prompts_without_words_would_be_spoken_in_two_voices(tmp_path: Path) -> None:
    folder = a_studio(tmp_path)
    for path in folder.glob("*/word.*.wav"):
        path.unlink()
    assert [complaint.file for complaint in check(BOOK, folder)] == ["zh", "en"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert [complaint.problem for complaint in check(BOOK, tmp_path)] == ["holds no recording"]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    folder = a_studio(tmp_path)
    with (folder / "zh" / "bye.wav").open("wb") as file:
        file.truncate(1 << 30)
    told = [str(complaint) for complaint in check(BOOK, folder)]
    assert told == [
        "zh/bye.wav: has 1073741824 bytes, at most 50000000 are read; record one prompt per file"
    ]
