"""Speech engines in their own processes."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from gateway.media import g711
from gateway.media.speech import vocabulary
from gateway.media.synth import CommandSpeaker, EspeakSpeaker, VoiceBusy, VoiceUnavailable
from risk.domain.enums import Language
from tests.builders.voice import in_thread


def loudness(alaw: bytes) -> float:
    return float(np.sqrt((g711.decode_alaw(alaw).astype(float) ** 2).mean()))


class EspeakTests(TestCase):
    def setUp(self) -> None:
        self.speaker = EspeakSpeaker(reactor, 220)
        self.addCleanup(self.speaker.stop)

    async def test_both_languages_sound_like_speech(self) -> None:
        for text, language in (("浦发银行", Language.ZH), ("SPD Bank", Language.EN)):
            clip = await self.speaker.synth(text, language)
            assert 0.5 < len(clip) / 8000 < 2.5, (text, len(clip))
            assert 1200 < loudness(clip) < 4000, (text, loudness(clip))

    async def test_every_word_is_heard_and_short(self) -> None:
        for language in Language:
            for word in vocabulary(language):
                clip = await self.speaker.synth(word, language)
                assert 0.08 < len(clip) / 8000 < 1.2, (word, len(clip) / 8000)
                assert 1000 < loudness(clip) < 5000, (word, loudness(clip))

    async def test_words_of_one_language_sound_different(self) -> None:
        clips = [await self.speaker.synth(word, Language.ZH) for word in "零一二三四五六七八九幺两"]
        assert len(set(clips)) == len(clips)

    async def test_many_asked_at_once_are_answered_in_order(self) -> None:
        texts = ["one", "a much longer sentence of quite a few words"] * 5
        asked = [self.speaker.synth(text, Language.EN) for text in texts]
        sizes = [len(await reply) for reply in asked]
        assert all(long > 2 * short for short, long in zip(sizes[::2], sizes[1::2], strict=True))

    async def test_a_lost_process_fails_who_waits_and_the_next_text_starts_another(self) -> None:
        await self.speaker.synth("one", Language.EN)
        assert self.speaker._process is not None
        self.speaker._process.kill()
        reply = self.speaker.synth("two", Language.EN)
        await self.assertFailure(reply, VoiceBusy)
        assert await self.speaker.synth("two", Language.EN)

    async def test_without_the_extra_everybody_who_waits_is_told_the_remedy(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "espeakng_loader.py").write_text("raise ImportError('no such module')")
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = str(folder)
        try:
            replies = [self.speaker.synth("one", Language.EN) for _ in range(2)]
        finally:
            os.environ["PYTHONPATH"] = before
        for reply in replies:
            failure = await self.assertFailure(reply, VoiceUnavailable)
            assert "no such module; install the extra" in str(failure)
            assert "hotline-gateway[phone]" in str(failure)

    async def test_a_process_that_does_not_answer_is_killed(self) -> None:
        hasty = EspeakSpeaker(reactor, 220, timeout_s=0.01)  # shorter than the start of a process
        self.addCleanup(hasty.stop)
        await self.assertFailure(hasty.synth("one", Language.EN), VoiceBusy)


class CommandTests(TestCase):
    """A program of ours stands for a commercial engine."""

    def a_speaker(self, code: str) -> CommandSpeaker:
        return CommandSpeaker([sys.executable, "-c", code, "{language}"], in_thread)

    async def test_text_goes_in_and_a_wav_of_any_rate_comes_out(self) -> None:
        code = (
            "import sys, wave, math, struct\n"
            "assert sys.argv[1] == 'zh' and sys.stdin.buffer.read().decode() == '你好'\n"
            "out = wave.open(sys.stdout.buffer, 'wb')\n"
            "out.setparams((1, 2, 16000, 16000, 'NONE', ''))\n"
            "out.writeframes(b''.join(struct.pack('<h', int(9000 * math.sin(n / 5)))"
            " for n in range(16000)))\n"
        )
        clip = await self.a_speaker(code).synth("你好", Language.ZH)
        assert 8200 < len(clip) < 8500
        assert 2000 < loudness(clip) < 3200

    async def test_a_failing_program_is_told_with_its_complaint(self) -> None:
        reply = self.a_speaker("raise SystemExit('no licence')").synth("x", Language.EN)
        failure = await self.assertFailure(reply, VoiceUnavailable)
        assert "ended with code 1: no licence" in str(failure)

    async def test_a_program_that_writes_no_wav_is_told(self) -> None:
        reply = self.a_speaker("print('hello')").synth("x", Language.EN)
        failure = await self.assertFailure(reply, VoiceUnavailable)
        assert "gave no usable sound" in str(failure)

    async def test_a_program_that_is_not_there_is_told(self) -> None:
        reply = CommandSpeaker(["/nowhere/speak"], in_thread).synth("x", Language.EN)
        failure = await self.assertFailure(reply, VoiceUnavailable)
        assert "is not installed" in str(failure)

    def test_an_empty_command_is_refused(self) -> None:
        with pytest.raises(VoiceUnavailable):
            CommandSpeaker([], in_thread)
