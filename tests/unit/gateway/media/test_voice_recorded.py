"""Recordings of a studio in the place of an engine, by settings alone."""

from pathlib import Path

import numpy as np
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.media import g711, prompts, sound, studio
from gateway.media.settings import VoiceSettings
from gateway.media.speech import Money
from gateway.media.voice import open_voice
from risk.domain.enums import Language
from tests.builders.voice import at_once


class StudioTests(SynchronousTestCase):
    """Recordings of a studio, chosen by settings and nothing else."""

    def setUp(self) -> None:
        self.texts, self.recorded = Path(self.mktemp()), Path(self.mktemp())
        self.texts.mkdir(parents=True)
        for language, text in (("zh", "可用资金{free:money}"), ("en", "Cash {free:money}")):
            path = self.texts / f"{language}.toml"
            path.write_text(f'told = "{text}"\n', encoding="utf-8")

    def record(self, file: str, samples: int) -> bytes:
        """Put a WAV file into the folder; return the clip it is."""
        path = self.recorded / file
        path.parent.mkdir(parents=True, exist_ok=True)
        pcm = np.full(samples, 3000, np.int16)
        path.write_bytes(sound.write_wav(pcm))
        return g711.encode_alaw(pcm)

    def heard(self, settings: VoiceSettings) -> list[bytes]:
        """What a caller hears of 2.50 yuan with these settings."""
        cache = Path(self.mktemp())
        voice = open_voice(settings, self.texts, cache, Clock(), at_once)  # type: ignore[arg-type]
        self.successResultOf(Deferred.fromCoroutine(voice.prepare()))
        clips = voice.clips("told", {"free": Money(25_000)}, Language.ZH)
        return [clip.alaw for clip in clips]

    def test_a_folder_of_recordings_replaces_the_engine(self) -> None:
        lines = studio.script(prompts.load(self.texts), None)
        sounds = {line.file: self.record(line.file, 100 + n) for n, line in enumerate(lines)}
        settings = VoiceSettings(speaker="none", recorded_path=str(self.recorded))
        keys = ("told", "word.两", "word.元", "word.五", "word.角")
        assert self.heard(settings) == [sounds[f"zh/{key}.wav"] for key in keys]

    def test_a_single_recording_wins_over_a_configured_engine(self) -> None:
        recorded = self.record("zh/word.元.wav", 1000)
        tone = Path(self.mktemp())
        tone.write_bytes(sound.write_wav(np.full(800, 9000, np.int16)))
        settings = VoiceSettings(
            speaker="command",
            command=("cat", str(tone)),  # says the same to every text
            recorded_path=str(self.recorded),
        )
        heard = self.heard(settings)
        assert [clip == recorded for clip in heard] == [False, False, True, False, False]
