"""Texts made into clips: by a speech engine once, then from a folder on disk; and slower ones.

A clip is kept under the sha1 of engine, voice and text, so that another engine never speaks with
the clips of the last one. Not here: which texts (gateway.media.voice), engines
(gateway.media.synth, gateway.media.http_speaker).
"""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from twisted.internet.defer import Deferred, DeferredSemaphore

from gateway.media import g711, sound
from gateway.media.lexicon import Lexicon
from gateway.media.port import Clip
from gateway.media.synth import InThread, Speaker, VoiceUnavailable
from risk.domain.enums import Language

log = structlog.get_logger("media")

PARALLEL_MAX: Final = 4  # texts an engine is given at a time: a thread of the pool for some
GOES_ON: Final = ", "  # after a text: the voice is not to fall, the sentence goes on
_STRETCH_VERSION: Final = "wsola-1"  # bumped when slow clips are made differently


class Said(NamedTuple):
    """One text as a clip, and its slower sister for elder mode."""

    clip: Clip
    slow: Clip


class Renderer:
    """Asks the engine for what the folder does not hold."""

    def __init__(
        self,
        speaker: Speaker,
        cache: Path,
        in_thread: InThread,
        *,
        slow_percent: int = 100,
        lexicon: Lexicon | None = None,
    ) -> None:
        """`slow_percent` is the length of a slow clip in percent of the usual one."""
        self._speaker, self._cache, self._in_thread = speaker, cache, in_thread
        self._slow_percent = slow_percent
        self._lexicon = lexicon or Lexicon({})
        self._engine = DeferredSemaphore(PARALLEL_MAX)

    async def said(self, language: Language, text: str) -> Said:
        """Return a text as clips. Raises VoiceUnavailable or VoiceBusy."""
        text = self._lexicon.respell(text, language)
        path = self._path(f"{self._speaker.identity}\n{language.name}\n{text}")
        alaw: bytes | None = await self._in_thread(lambda: _read(path))
        if alaw is None:
            alaw = await self._rendered(text, language)
            if not alaw:
                raise VoiceUnavailable(f"the speech engine says nothing for {text!r}")
            await self._keep(path, alaw)
        return await self.with_slow(clip_of(alaw))

    def _rendered(self, text: str, language: Language) -> Deferred[bytes]:
        return self._engine.run(self._speaker.synth, text, language)

    async def with_slow(self, clip: Clip, recorded: Clip | None = None) -> Said:
        """Return a clip with its slower sister: a recorded one, else the clip stretched."""
        if recorded is not None or self._slow_percent == 100:
            return Said(clip, recorded or clip)
        path = self._path(f"{_STRETCH_VERSION} {self._slow_percent}\n{clip.name}")
        alaw: bytes | None = await self._in_thread(lambda: _read(path))
        if alaw is None:
            alaw = await self._in_thread(lambda: _stretched(clip.alaw, self._slow_percent))
            assert alaw is not None
            await self._keep(path, alaw)
        return Said(clip, clip_of(alaw))

    def _path(self, identity: str) -> Path:
        return self._cache / f"{hashlib.sha1(identity.encode()).hexdigest()}.al"

    async def _keep(self, path: Path, alaw: bytes) -> None:
        try:
            await self._in_thread(lambda: _write(path, alaw))
        except OSError as e:  # it is rendered again next time
            log.warning("media.clip_not_kept", path=str(path), error=str(e))

    def stop(self) -> Deferred[None]:
        """End the speech engine."""
        return self._speaker.stop()


def clip_of(alaw: bytes) -> Clip:
    """Return the clip of a sound, named after its content."""
    return Clip(hashlib.sha1(alaw).hexdigest(), alaw)


def _stretched(alaw: bytes, percent: int) -> bytes:
    return g711.encode_alaw(sound.stretch(g711.decode_alaw(alaw), percent))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() or None  # empty after a crash of the machine
    except OSError:  # not there, or not to be read: it is rendered anew
        return None


def _write(path: Path, alaw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    written.write_bytes(alaw)
    written.replace(path)  # whole or not at all
