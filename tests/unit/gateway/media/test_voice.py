"""Clips of prompts and values, with a speaker whose clips are readable."""

from pathlib import Path

import numpy as np
import pytest
import structlog
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from gateway.media import g711, sound
from gateway.media.prompts import PromptBook
from gateway.media.speech import Code, Name, Price
from gateway.media.synth import NoSpeaker, VoiceBusy, VoiceUnavailable
from gateway.media.voice import PAUSE, Voice
from risk.domain.enums import Language
from risk.domain.errors import ConfigError
from tests.builders.phone import ToneSpeaker, at_once

BOOK = PromptBook(
    {
        Language.ZH: {
            "order.price": "代码{code:code},价格{price:price}",
            "who": "{name:name}, {code:code}。",
        },
        Language.EN: {
            "order.price": "Code {code:code}, price {price:price}",
            "who": "{name:name}, {code:code}.",
        },
    }
)
VALUES = {"code": Code("10"), "price": Price(20_000)}


class CountingSpeaker(ToneSpeaker):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        self.texts.append(text)
        return super().synth(text, language)


class VoiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.speaker = CountingSpeaker()
        self.voice = self.a_voice()

    def a_voice(self, recorded: Path | None = None, speaker: NoSpeaker | None = None) -> Voice:
        return Voice(BOOK, speaker or self.speaker, self.folder, recorded, at_once)

    def prepare(self, voice: Voice) -> None:
        self.successResultOf(Deferred.fromCoroutine(voice.prepare()))

    def test_a_prompt_is_its_pieces_and_the_words_of_its_values(self) -> None:
        self.prepare(self.voice)
        clips = self.voice.clips("order.price", VALUES, Language.ZH)
        said = [clip.alaw.decode() for clip in clips]
        assert said == [f"<ZH:{w}>" for w in ("代码", "幺", "零", ",价格", "两", "元", "整")]
        assert (
            clips[1].name
            == self.voice.clips("who", {**VALUES, "name": Name("x")}, Language.ZH)[1].name
        )

    def test_a_prompt_can_be_told_in_writing(self) -> None:
        zh = self.voice.text("order.price", VALUES, Language.ZH)
        en = self.voice.text("order.price", VALUES, Language.EN)
        assert zh == "代码幺零,价格两元整"
        assert en == "Code one zero, price two point zero zero yuan"

    def test_numbers_are_never_given_to_the_speaker(self) -> None:
        self.prepare(self.voice)
        name = self.voice.prepare_name("沪深300ETF", Language.ZH)
        self.successResultOf(Deferred.fromCoroutine(name))
        assert not any(c in "0123456789" for text in self.speaker.texts for c in text)

    def test_clips_are_rendered_once_for_all_time(self) -> None:
        self.prepare(self.voice)
        rendered = len(self.speaker.texts)
        assert rendered == len(set(self.speaker.texts)) > 60
        self.prepare(self.a_voice())
        assert len(self.speaker.texts) == rendered

    def test_a_name_is_spoken_once_prepared_and_left_out_before(self) -> None:
        self.prepare(self.voice)
        values = {"name": Name("*ST金科"), "code": Code("2")}
        before = self.voice.clips("who", values, Language.ZH)
        self.successResultOf(
            Deferred.fromCoroutine(self.voice.prepare_name("*ST金科", Language.ZH))
        )
        after = self.voice.clips("who", values, Language.ZH)
        assert [clip.alaw for clip in after] == [
            "<ZH:S T 金科>".encode(),
            *[c.alaw for c in before],
        ]
        assert before[0] == PAUSE

    def test_a_name_that_cannot_be_rendered_is_left_out(self) -> None:
        class Failing(CountingSpeaker):
            def synth(self, text: str, language: Language) -> Deferred[bytes]:
                if text == "Pufa":
                    return fail(VoiceBusy("no speech in 15 s"))
                return super().synth(text, language)

        voice = self.a_voice(speaker=Failing())
        self.prepare(voice)
        self.successResultOf(Deferred.fromCoroutine(voice.prepare_name("Pufa", Language.EN)))
        clips = voice.clips("who", {"name": Name("Pufa"), "code": Code("1")}, Language.EN)
        assert [clip.alaw for clip in clips] == [PAUSE.alaw, b"<EN:one>"]

    def test_recorded_files_win_over_the_speaker(self) -> None:
        recorded = Path(self.mktemp())
        (recorded / "zh").mkdir(parents=True)
        tone = (3000 * np.sin(np.arange(800) / 3)).astype(np.int16)
        for key in ("order.price", "order.price.2", "word.幺"):
            (recorded / "zh" / f"{key}.wav").write_bytes(sound.write_wav(tone))
        voice = self.a_voice(recorded)
        self.prepare(voice)
        clips = voice.clips("order.price", VALUES, Language.ZH)
        alaw = g711.encode_alaw(tone)
        assert [clip.alaw == alaw for clip in clips] == [
            True,
            True,
            False,
            True,
            False,
            False,
            False,
        ]
        assert "代码" not in self.speaker.texts

    def test_a_broken_recording_is_named(self) -> None:
        recorded = Path(self.mktemp())
        (recorded / "en").mkdir(parents=True)
        (recorded / "en" / "who.wav").write_bytes(b"no sound")
        failure = self.failureResultOf(
            Deferred.fromCoroutine(self.a_voice(recorded).prepare()), ConfigError
        )
        assert "who.wav" in str(failure.value)

    def test_without_an_engine_what_is_not_recorded_is_told(self) -> None:
        failure = self.failureResultOf(
            Deferred.fromCoroutine(self.a_voice(speaker=NoSpeaker()).prepare()), VoiceUnavailable
        )
        assert "record the prompt" in str(failure.value)

    def test_a_folder_that_cannot_be_written_costs_only_time(self) -> None:
        self.folder.write_bytes(b"a file where the folder should be")
        with structlog.testing.capture_logs() as logs:
            self.prepare(self.voice)
        assert self.voice.clips("order.price", VALUES, Language.ZH)
        assert {line["event"] for line in logs} == {"media.clip_not_kept", "media.voice_ready"}

    def test_an_engine_that_says_nothing_is_no_engine(self) -> None:
        class Mute(ToneSpeaker):
            def synth(self, text: str, language: Language) -> Deferred[bytes]:
                return succeed(b"")

        prepared = Deferred.fromCoroutine(self.a_voice(speaker=Mute()).prepare())
        failure = self.failureResultOf(prepared, VoiceUnavailable)
        assert "says nothing for '零'" in str(failure.value)

    def test_a_missing_value_is_an_error_and_not_silence(self) -> None:
        self.prepare(self.voice)
        with pytest.raises(KeyError):
            self.voice.clips("order.price", {"code": Code("1")}, Language.ZH)
