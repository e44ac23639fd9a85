"""What is said, as clips: recorded files first, else a speech engine's.

Numbers are put together from word clips; only names of securities are rendered while the gateway
runs. Elder mode says the same, slower. Not here: prompt texts (gateway.media.prompts), number
grammar (gateway.media.speech), making and keeping clips (gateway.media.rendering).
"""

import functools
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog
from twisted.internet.defer import Deferred, FirstError, gatherResults

from gateway.core.tasks import Tasks
from gateway.media import g711, lexicon, metrics, prompts, sound, speech
from gateway.media.child import MediaReactor
from gateway.media.http_speaker import HttpSpeaker
from gateway.media.port import Clip
from gateway.media.prompts import (
    PromptBook,
    Slot,
    SpokenPiece,
    is_spoken,
    piece_key,
    sentence_goes_on,
    spoken_pieces,
    word_key,
)
from gateway.media.rendering import GOES_ON, PARALLEL_MAX, Renderer, Said, clip_of
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
SLOW_PAUSE_S: Final = 0.45
NAMES_MAX: Final = 4_000
NAMES_WAITING_MAX: Final = 256
NAME_CHARS_MAX: Final = 60
SLOW_FOLDER: Final = "slow"


def _silence(name: str, seconds: float) -> Clip:
    return Clip(name, g711.ALAW_SILENCE * int(seconds * SAMPLE_RATE))


PAUSE: Final = _silence("pause", PAUSE_S)
SLOW_PAUSE: Final = _silence("pause.slow", SLOW_PAUSE_S)
_PAUSES: Final = Said(PAUSE, SLOW_PAUSE)

_Text = tuple[Language, str]

_SPACE_BEFORE_MARK: Final = re.compile(r" +(?=[,.:;!?])")


class Voice:
    """Clips of prompts and values in both languages, in two speeds."""

    def __init__(
        self,
        book: PromptBook,
        renderer: Renderer,
        recorded: Path | None,
        in_thread: InThread,
        tasks: Tasks,
    ) -> None:
        """`recorded` is a folder with <lang>/<key>.wav and, for elder mode, <lang>/slow/."""
        self.book = book
        self._renderer, self._recorded = renderer, recorded
        self._in_thread, self._tasks = in_thread, tasks
        self._said: dict[_Text, Said] = {}
        self._names: OrderedDict[_Text, Said] = OrderedDict()
        self._names_waiting: dict[_Text, list[Deferred[None]]] = {}
        self._recorded_said: dict[_Text, Said] = {}

    async def prepare(self) -> None:
        """Make every clip but names ready. Raises VoiceUnavailable or ConfigError."""
        await self._read_recorded()
        texts = (
            (piece.language, text)
            for piece in spoken_pieces(self.book)
            if (piece.language, piece.key) not in self._recorded_said
            for text in _tones(piece)
        )
        wanted = iter(dict.fromkeys(texts))

        async def render_some() -> None:
            for language, text in wanted:
                if (language, text) not in self._said:
                    self._said[language, text] = await self._renderer.said(language, text)

        some = [Deferred.fromCoroutine(render_some()) for _ in range(PARALLEL_MAX)]
        try:
            await gatherResults(some, consumeErrors=True)
        except FirstError as e:
            for one in some:
                one.cancel()
            e.subFailure.raiseException()
        log.info("media.voice_ready", clips=len(self._said), recorded=len(self._recorded_said))

    async def _read_recorded(self) -> None:
        if self._recorded is None:
            return
        for language in Language:
            folder = self._recorded / language.name.lower()
            usual = await self._in_thread(functools.partial(_recorded_clips, folder))
            slow = await self._in_thread(functools.partial(_recorded_clips, folder / SLOW_FOLDER))
            for key, clip in usual.items():
                said = await self._renderer.with_slow(clip, slow.get(key))
                self._recorded_said[language, key] = said

    async def prepare_name(self, text: str, language: Language) -> None:
        """Render a name ahead of its prompt; when that fails the name is left out, and logged.

        Who asks for a name that is being rendered waits for the same rendering. It goes on when
        all who asked have gone, so that the next one finds it. With NAMES_WAITING_MAX names under
        way another one is left out at once: no caller waits for the names of all others.
        """
        name = (language, speech.words(speech.Name(text), language)[0][:NAME_CHARS_MAX])
        if name in self._names:
            self._names.move_to_end(name)
            return
        if not name[1]:
            return
        if name not in self._names_waiting:
            if len(self._names_waiting) >= NAMES_WAITING_MAX:
                _name_left_out(text, "too many names at once")
                return
            self._names_waiting[name] = []
            rendering = self._tasks.spawn("media.name", self._render_name(name))
            rendering.addCallback(lambda _: self._name_is_over(name))
        if name in self._names_waiting:
            ready: Deferred[None] = Deferred()
            self._names_waiting[name].append(ready)
            await ready

    async def _render_name(self, name: _Text) -> None:
        try:
            self._names[name] = await self._renderer.said(name[0], name[1] + GOES_ON)
        except (VoiceUnavailable, VoiceBusy) as e:
            _name_left_out(name[1], str(e))
        if len(self._names) > NAMES_MAX:
            self._names.popitem(last=False)

    def _name_is_over(self, name: _Text) -> None:
        for ready in self._names_waiting.pop(name):
            ready.callback(None)  # harmless when who asked has gone: a plain Deferred, cancelled

    async def render_names(self, names: Iterable[tuple[str, Language]]) -> None:
        """Render names to the folder on disk, one at a time, so that calls find them there.

        For the background: it takes one of the engine's places. Ends early, and logs it, when the
        engine fails.
        """
        count = 0
        for text, language in names:
            word = speech.words(speech.Name(text), language)[0][:NAME_CHARS_MAX]
            if not word:
                continue
            try:
                await self._renderer.said(language, word + GOES_ON)
            except (VoiceUnavailable, VoiceBusy) as e:
                log.warning("media.names_not_rendered", rendered=count, name=text, error=str(e))
                return
            count += 1
        log.info("media.names_ready", names=count)

    def clips(
        self,
        key: str,
        values: Mapping[str, speech.Value],
        language: Language,
        *,
        is_slow: bool = False,
    ) -> list[Clip]:
        """Return what is played for a prompt, slower in elder mode.

        A name that was not prepared is left out. Raises KeyError for an unknown key or value,
        ValueError for a value that cannot be said.
        """
        played: list[Said] = []
        pieces = self.book.pieces(key, language)
        for n, piece in enumerate(pieces):
            goes_on = sentence_goes_on(pieces, n)
            if isinstance(piece, Slot):
                played += self._value_said(values[piece.name], language, goes_on)
            elif not is_spoken(piece):
                played += [_PAUSES] if n + 1 < len(pieces) else []
            else:
                recorded = self._recorded_said.get((language, piece_key(key, n)))
                played.append(recorded or self._said[language, _toned(piece, goes_on)])
        return [said.slow if is_slow else said.clip for said in played]

    def text(self, key: str, values: Mapping[str, speech.Value], language: Language) -> str:
        """Return in writing what `clips` says, for a log or a transcript."""
        return text_of(self.book, key, values, language)

    def _value_said(self, value: speech.Value, language: Language, goes_on: bool) -> Iterator[Said]:
        words = speech.words(value, language)
        for n, word in enumerate(words, 1):
            if isinstance(value, speech.Name):
                said = self._names.get((language, word[:NAME_CHARS_MAX]))
                if said is not None:
                    yield said
            elif word == speech.PAUSE_WORD:
                yield _PAUSES
            else:
                recorded = self._recorded_said.get((language, word_key(word)))
                text = _toned(word, goes_on or n < len(words))
                yield recorded or self._said[language, text]

    def stop(self) -> Deferred[None]:
        """End the speech engine and what is being rendered."""
        self._tasks.stop()
        return self._renderer.stop()


def _toned(text: str, goes_on: bool) -> str:
    """What the engine is given, so that the voice falls at the end of a sentence only."""
    return text + GOES_ON if goes_on else text


def _tones(piece: SpokenPiece) -> list[str]:
    """A word of values stands within sentences and at their ends, a part of a prompt in one."""
    if piece.is_word:
        return [piece.text, piece.text + GOES_ON]
    return [_toned(piece.text, piece.goes_on)]


def _name_left_out(name: str, why: str) -> None:
    metrics.NAMES_LEFT_OUT.inc()
    log.warning("media.name_not_rendered", name=name, error=why)


def _recorded_clips(folder: Path) -> dict[str, Clip]:
    """Read <key>.wav of a folder, if there is one. Raises ConfigError naming a file."""
    clips: dict[str, Clip] = {}
    for path in sorted(folder.glob("*.wav")):
        try:
            pcm, rate = sound.read_wav(path.read_bytes())
        except sound.SoundBroken as e:
            raise ConfigError(str(path), str(e)) from e
        clips[path.stem] = clip_of(g711.encode_alaw(sound.resample(pcm, rate)))  # level kept
    return clips


def text_of(
    book: PromptBook, key: str, values: Mapping[str, speech.Value], language: Language
) -> str:
    """Return in writing what a prompt says. Raises KeyError for an unknown key or value."""
    said: list[str] = []
    for piece in book.pieces(key, language):
        if isinstance(piece, Slot):
            said += speech.words(values[piece.name], language)
        else:
            said.append(piece)
    if language is Language.ZH:
        return "".join(said)
    return _SPACE_BEFORE_MARK.sub("", " ".join(said))


def open_voice(
    settings: VoiceSettings, texts: Path, cache: Path, reactor: MediaReactor, in_thread: InThread
) -> Voice:
    """Return the voice of the settings, not yet prepared; `texts` is the folder of prompts.

    Raises ConfigError for a problem in texts, lexicon or settings, VoiceUnavailable for an empty
    command or URL.
    """
    renderer = Renderer(
        _speaker(settings, reactor, in_thread),
        cache,
        in_thread,
        slow_percent=settings.slow_percent,
        lexicon=lexicon.load(texts),
    )
    recorded = Path(settings.recorded_path) if settings.recorded_path else None
    return Voice(prompts.load(texts), renderer, recorded, in_thread, Tasks(reactor))


def _speaker(settings: VoiceSettings, reactor: MediaReactor, in_thread: InThread) -> Speaker:
    match settings.speaker:
        case "espeak":
            return EspeakSpeaker(reactor, settings.words_per_minute)
        case "command":
            return CommandSpeaker(settings.command, in_thread)
        case "http":
            return HttpSpeaker(settings.http, reactor, in_thread)
        case "none":
            return NoSpeaker()
