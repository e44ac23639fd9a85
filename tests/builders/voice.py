"""Voices for tests: the product's prompts, an engine whose clips are readable, and eSpeak NG."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread

from gateway.core.tasks import Tasks
from gateway.media import prompts
from gateway.media.rendering import GOES_ON, Renderer
from gateway.media.settings import VoiceSettings
from gateway.media.synth import NoSpeaker, Speaker
from gateway.media.voice import Voice, open_voice
from risk.domain.enums import Language

PROMPTS = Path(__file__).parents[2] / "config" / "prompts"


@functools.cache
def clip_folder() -> Path:
    """A folder for rendered clips, one for the whole run."""
    kept = tempfile.TemporaryDirectory(prefix="hotline-clips-")
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def a_book() -> prompts.PromptBook:
    """The prompts of the product."""
    return prompts.load(PROMPTS)


def in_thread(work: Callable[[], Any]) -> Deferred[Any]:
    """Run on the reactor's pool."""
    return deferToThread(work)


def at_once(work: Callable[[], Any]) -> Deferred[Any]:
    """Run right here, for tests without a reactor."""
    return succeed(work())


def a_voice() -> Voice:
    """The product's voice with eSpeak NG, quick so that tests are, not prepared."""
    quick = VoiceSettings(words_per_minute=400)
    return open_voice(quick, PROMPTS, clip_folder(), reactor, in_thread)


class ToneSpeaker(NoSpeaker):
    """Renders a text as bytes that hold the text itself, so that a test can read what it hears."""

    identity = "tone"

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        return succeed(f"<{language.name}:{text.removesuffix(GOES_ON)}>".encode())


def a_readable_voice(folder: Path, speaker: Speaker | None = None) -> Voice:
    """A voice whose clips are texts."""
    renderer = Renderer(speaker or ToneSpeaker(), folder, at_once)
    return Voice(a_book(), renderer, None, at_once, Tasks(Clock()))
