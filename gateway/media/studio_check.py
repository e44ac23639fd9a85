"""Whether recordings are fit for callers: format, level, clipping, length, silence, completeness.

The level is the RMS of the speech without its pauses (gateway.media.sound.speech_rms), in dB
below full scale: -22, as rendered clips have. Not here: what must be recorded
(gateway.media.studio).
"""

import difflib
import io
import statistics
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from gateway.media import sound
from gateway.media.g711 import Pcm16
from gateway.media.prompts import PromptBook, SpokenPiece, spoken_pieces
from gateway.media.rtp import SAMPLE_RATE
from gateway.media.studio import seconds_of
from gateway.media.voice import SLOW_FOLDER
from risk.domain.enums import Language

FILE_BYTES_MAX: Final = 50_000_000
LEVEL_DBFS: Final = -22.0
LEVEL_OFF_DB_MAX: Final = 4.0
UNEVEN_DB_MAX: Final = 3.0
UNEVEN_FILES_MIN: Final = 5  # fewer have no median to speak of
EDGE_S_MAX: Final = 0.15
_CLIPPED: Final = 32_700
_CLIPPED_RUN: Final = 3
_WINDOW_S: Final = 0.005
_QUIET_DB: Final = -35.0  # below the speech: silence
_ABRUPT_DB: Final = -6.0
_SLOWEST: Final = 2.2  # of the estimated length


class Complaint(NamedTuple):
    """What is wrong with one file, and what to do."""

    file: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}; {self.remedy}"


def check(book: PromptBook, recorded: Path) -> list[Complaint]:
    """Return all that is wrong with the recordings in a folder, file by file."""
    pieces = {(piece.language, piece.key): piece for piece in spoken_pieces(book)}
    complaints: list[Complaint] = []
    for language in Language:
        for part in ("", SLOW_FOLDER):
            folder = recorded / language.name.lower() / part
            complaints += _folder_complaints(folder, recorded, language, pieces)
    return complaints + list(_gaps(pieces, recorded))


def _folder_complaints(
    folder: Path,
    recorded: Path,
    language: Language,
    pieces: dict[tuple[Language, str], SpokenPiece],
) -> Iterator[Complaint]:
    levels: dict[str, float] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir():
            continue
        name = str(path.relative_to(recorded))
        piece = pieces.get((language, path.stem))
        if path.suffix != ".wav":
            yield Complaint(name, "is not a .wav file", "deliver PCM WAV, 16 bit, mono")
        elif piece is None:
            keys = [key for known, key in pieces if known is language]
            near = difflib.get_close_matches(path.stem, keys, n=1)
            yield Complaint(
                name,
                "no prompt or word has this name",
                f"is it {near[0]}.wav?" if near else "see `hotline prompts script`",
            )
        else:
            pcm_rate, problems = _read(path, name)
            yield from problems
            if pcm_rate is not None:
                yield from sound_complaints(name, piece, *pcm_rate)
                levels[name] = sound.dbfs(sound.speech_rms(*pcm_rate))
    if len(levels) >= UNEVEN_FILES_MIN:
        usual = statistics.median(levels.values())
        for name, level in levels.items():
            if abs(level - usual) > UNEVEN_DB_MAX and abs(level - LEVEL_DBFS) <= LEVEL_OFF_DB_MAX:
                yield Complaint(
                    name,
                    f"is {level - usual:+.1f} dB against the other recordings",
                    f"change its gain by {usual - level:+.1f} dB",
                )


def _read(path: Path, name: str) -> tuple[tuple[Pcm16, int] | None, list[Complaint]]:
    """Return samples and rate, None when the file cannot be read, and complaints of its format."""
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        problem = f"has {size} bytes, at most {FILE_BYTES_MAX} are read"
        return None, [Complaint(name, problem, "record one prompt per file")]
    data = path.read_bytes()
    try:
        pcm, rate = sound.read_wav(data)
    except sound.SoundBroken as e:
        return None, [Complaint(name, str(e), "deliver PCM WAV, 16 bit, mono")]
    problems: list[Complaint] = []
    if rate < SAMPLE_RATE:
        problem = f"has {rate} samples a second: it sounds dull"
        problems.append(Complaint(name, problem, f"record with {SAMPLE_RATE} or more"))
    with wave.open(io.BytesIO(data)) as file:
        if file.getnchannels() != 1:
            problem = f"has {file.getnchannels()} channels"
            problems.append(Complaint(name, problem, "deliver one: mixing may cancel them"))
    return (pcm, rate), problems


def sound_complaints(name: str, piece: SpokenPiece, pcm: Pcm16, rate: int) -> Iterator[Complaint]:
    """Yield what is wrong with the sound of one recording."""
    rms = sound.speech_rms(pcm, rate)
    if rms == 0:
        yield Complaint(name, "is silent", "record it again")
        return
    at = _clipped_at(pcm)
    if at is not None:
        problem = f"is clipped at {at / rate:.2f} s"
        yield Complaint(name, problem, "record it again with less gain: clipping cannot be undone")
    off_db = sound.dbfs(rms) - LEVEL_DBFS
    if abs(off_db) > LEVEL_OFF_DB_MAX:
        problem = f"speech is at {sound.dbfs(rms):.1f} dBFS, wanted is {LEVEL_DBFS:.0f}"
        yield Complaint(name, problem, f"change its gain by {-off_db:+.1f} dB")
    yield from _edges(name, pcm, rate, rms)
    expected = seconds_of(piece.text, piece.language)
    seconds = len(pcm) / rate
    fits = 0.4 * expected - 0.1 <= seconds <= _SLOWEST * expected + 0.5
    if not fits:
        problem = f"lasts {seconds:.2f} s, its text takes about {expected:.1f} s"
        yield Complaint(name, problem, f"is it the recording of {piece.text!r}, and whole?")


def _edges(name: str, pcm: Pcm16, rate: int, rms: float) -> Iterator[Complaint]:
    window = max(1, int(_WINDOW_S * rate))
    whole = pcm[: len(pcm) // window * window].astype(np.float64).reshape(-1, window)
    loudness = np.sqrt((whole**2).mean(axis=1)) / rms
    spoken = np.flatnonzero(loudness > 10 ** (_QUIET_DB / 20))
    for where, silent_s, first in (
        ("start", int(spoken[0]) * _WINDOW_S, loudness[0]),
        ("end", (len(loudness) - 1 - int(spoken[-1])) * _WINDOW_S, loudness[-1]),
    ):
        if silent_s > EDGE_S_MAX:
            problem = f"has {1000 * silent_s:.0f} ms of silence at its {where}"
            yield Complaint(name, problem, f"leave 20 to {1000 * EDGE_S_MAX:.0f} ms")
        elif first > 10 ** (_ABRUPT_DB / 20):
            yield Complaint(name, f"speech is cut at its {where}", "leave 20 ms of silence there")


def _clipped_at(pcm: Pcm16) -> int | None:
    """Return the first of three samples in a row at full scale."""
    full = np.abs(pcm.astype(np.int32)) >= _CLIPPED
    runs = np.convolve(full, np.ones(_CLIPPED_RUN), "valid") == _CLIPPED_RUN
    return int(np.argmax(runs)) if len(pcm) >= _CLIPPED_RUN and runs.any() else None


def _gaps(pieces: dict[tuple[Language, str], SpokenPiece], recorded: Path) -> Iterator[Complaint]:
    """Yield what is recorded by half: another voice would finish the sentence or the call."""
    there = [piece for piece in pieces.values() if (recorded / _file(piece)).is_file()]
    if not there:
        yield Complaint(str(recorded), "holds no recording", "record by `hotline prompts script`")
    begun = {(piece.language, piece.prompt) for piece in there}
    prompts = {piece.prompt for piece in there if not piece.is_word}
    for piece in pieces.values():
        if piece in there:
            continue
        if (piece.language, piece.prompt) in begun:
            what = "other words are there" if piece.is_word else "the prompt is there in part"
            yield Complaint(_file(piece), f"is missing, {what}", f"record {piece.text!r}")
        elif piece.prompt in prompts:
            problem = "is missing, the other language has the prompt"
            yield Complaint(_file(piece), problem, f"record {piece.text!r}")
    for language in dict.fromkeys(piece.language for piece in there):
        if (language, "") not in begun:
            folder = language.name.lower()
            problem = "no word of numbers is recorded: another voice speaks them"
            yield Complaint(folder, problem, "record the word.*.wav of `hotline prompts script`")


def _file(piece: SpokenPiece) -> str:
    return f"{piece.language.name.lower()}/{piece.key}.wav"
