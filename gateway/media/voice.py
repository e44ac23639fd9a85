"""What is said, as clips: recorded files first, else synthesised once and kept on disk.

A clip is cached under the sha1 of engine, voice and text. Numbers are put together from word
clips; only names of securities are rendered while the gateway runs.
Not here: prompt texts (gateway.media.prompts), number grammar (gateway.media.speech).
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog
from twisted.internet.defer import Deferred

from gateway.media import g711, sound, speech
from gateway.media.child import MediaReactor
from gateway.media.port import Clip
from gateway.media.prompts import PromptBook, Slot, is_spoken, load
from gateway.media.rtp import SAMPLE_RATE
from gateway.media.settings import VoiceSettings
from gateway.media.synth import (
    CommandSpeaker,
    EspeakSpeaker,
    InThread,
    NoSpeaker,
    Speaker,
    VoiceBusy,
    VoiceUnavailable,
)
from risk.domain.enums import Language
from risk.domain.errors import ConfigError

log = structlog.get_logger("media")

PAUSE_S: Final = 0.25
NAMES_MAX: Final = 10_000
NAME_CHARS_MAX: Final = 60
PAUSE: Final = Clip("pause", g711.ALAW_SILENCE * int(PAUSE_S * SAMPLE_RATE))

_Said = tuple[Language, str]

_SPACE_BEFORE_MARK: Final = re.compile(r" +(?=[,.])")


class Voice:
    """Clips of prompts and values in both languages."""

    def __init__(
        self,
        book: PromptBook,
        speaker: Speaker,
        cache: Path,
        recorded: Path | None,
        in_thread: InThread,
    ) -> None:
        """`cache` is a folder for rendered clips, `recorded` one with <lang>/<key>.wav files."""
        self.book = book
        self._speaker, self._cache, self._recorded = speaker, cache, recorded
        self._in_thread = in_thread
        self._clips: dict[_Said, Clip] = {}
        self._names: OrderedDict[_Said, Clip] = OrderedDict()
        self._recorded_clips: dict[tuple[Language, str], Clip] = {}

    async def prepare(self) -> None:
        """Make every clip but names ready. Raises VoiceUnavailable or ConfigError."""
        self._recorded_clips = await self._in_thread(self._read_recorded)
        for language, text, recorded_key in self._needed():
            said = (language, text)
            if (language, recorded_key) not in self._recorded_clips and said not in self._clips:
                self._clips[said] = await self._rendered(language, text)
        log.info("media.voice_ready", clips=len(self._clips), recorded=len(self._recorded_clips))

    def _needed(self) -> Iterator[tuple[Language, str, str]]:
        """Yield language, text and the key a recorded file would have."""
        for language in Language:
            for word in speech.vocabulary(language):
                yield language, word, f"word.{word}"
            for key in sorted(self.book.all_keys()):
                for n, piece in enumerate(self.book.pieces(key, language)):
                    if isinstance(piece, str) and is_spoken(piece):
                        yield language, piece, _piece_key(key, n)

    async def prepare_name(self, text: str, language: Language) -> None:
        """Render a name ahead of its prompt; when that fails the name is left out, and logged."""
        said = (language, speech.words(speech.Name(text), language)[0][:NAME_CHARS_MAX])
        if said in self._names or said in self._clips or not said[1]:
            return
        try:
            self._names[said] = await self._rendered(*said)
        except (VoiceUnavailable, VoiceBusy) as e:
            log.warning("media.name_not_rendered", name=text, error=str(e))
        if len(self._names) > NAMES_MAX:
            self._names.popitem(last=False)

    async def _rendered(self, language: Language, text: str) -> Clip:
        identity = f"{self._speaker.identity}\n{language.name}\n{text}"
        path = self._cache / f"{hashlib.sha1(identity.encode()).hexdigest()}.al"
        alaw: bytes | None = await self._in_thread(lambda: _read_cached(path))
        if alaw is None:
            alaw = await self._speaker.synth(text, language)
            if not alaw:
                raise VoiceUnavailable(f"the speech engine says nothing for {text!r}")
            await self._keep(path, alaw)
        return _clip(alaw)

    async def _keep(self, path: Path, alaw: bytes) -> None:
        try:
            await self._in_thread(lambda: _write_cached(path, alaw))
        except OSError as e:  # it is rendered again next time
            log.warning("media.clip_not_kept", path=str(path), error=str(e))

    def _read_recorded(self) -> dict[tuple[Language, str], Clip]:
        clips: dict[tuple[Language, str], Clip] = {}
        for language in Language if self._recorded is not None else ():
            assert self._recorded is not None
            for path in sorted((self._recorded / language.name.lower()).glob("*.wav")):
                try:
                    pcm, rate = sound.read_wav(path.read_bytes())
                except sound.SoundBroken as e:
                    raise ConfigError(str(path), str(e)) from e
                alaw = g711.encode_alaw(sound.resample(pcm, rate))  # its level is its maker's
                clips[language, path.stem] = _clip(alaw)
        return clips

    def clips(self, key: str, values: Mapping[str, speech.Value], language: Language) -> list[Clip]:
        """Return what is played for a prompt. Raises KeyError for an unknown key or value.

        A name that was not prepared is left out.
        """
        played: list[Clip] = []
        pieces = self.book.pieces(key, language)
        for n, piece in enumerate(pieces):
            if isinstance(piece, Slot):
                played += self._value_clips(values[piece.name], language)
            elif not is_spoken(piece):
                played += [PAUSE] if n + 1 < len(pieces) else []
            else:
                recorded = self._recorded_clips.get((language, _piece_key(key, n)))
                played.append(recorded or self._clips[language, piece])
        return played

    def text(self, key: str, values: Mapping[str, speech.Value], language: Language) -> str:
        """Return in writing what `clips` says, for a log or a transcript."""
        said: list[str] = []
        for piece in self.book.pieces(key, language):
            if isinstance(piece, Slot):
                said += speech.words(values[piece.name], language)
            else:
                said.append(piece)
        if language is Language.ZH:
            return "".join(said)
        return _SPACE_BEFORE_MARK.sub("", " ".join(said))

    def _value_clips(self, value: speech.Value, language: Language) -> Iterator[Clip]:
        for word in speech.words(value, language):
            if isinstance(value, speech.Name):
                said = (language, word[:NAME_CHARS_MAX])
                clip = self._names.get(said) or self._clips.get(said)
                if clip is not None:
                    yield clip
            elif word == speech.PAUSE_WORD:
                yield PAUSE
            else:
                recorded = self._recorded_clips.get((language, f"word.{word}"))
                yield recorded or self._clips[language, word]

    def stop(self) -> Deferred[None]:
        """End the speech engine."""
        return self._speaker.stop()


def _piece_key(key: str, n: int) -> str:
    """File name of a recorded piece: the key, and from the second piece on its place."""
    return key if n == 0 else f"{key}.{n}"


def _clip(alaw: bytes) -> Clip:
    return Clip(hashlib.sha1(alaw).hexdigest(), alaw)


def _read_cached(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # not there, or not to be read: it is rendered anew
        return None


def _write_cached(path: Path, alaw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    written.write_bytes(alaw)
    written.replace(path)  # whole or not at all


def open_voice(
    settings: VoiceSettings, texts: Path, cache: Path, reactor: MediaReactor, in_thread: InThread
) -> Voice:
    """Return the voice of the settings, not yet prepared; reads zh.toml and en.toml in `texts`.

    Raises ConfigError for a problem in the texts, VoiceUnavailable for an empty command.
    """
    recorded = Path(settings.recorded_path) if settings.recorded_path else None
    book = load(texts)
    return Voice(book, _speaker(settings, reactor, in_thread), cache, recorded, in_thread)


def _speaker(settings: VoiceSettings, reactor: MediaReactor, in_thread: InThread) -> Speaker:
    match settings.speaker:
        case "espeak":
            return EspeakSpeaker(reactor, settings.words_per_minute)
        case "command":
            return CommandSpeaker(settings.command, in_thread)
        case "none":
            return NoSpeaker()
