"""Clips of prompts and values, with a speaker whose clips are readable."""

from pathlib import Path

import numpy as np
import pytest
import structlog
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.tasks import Tasks
from gateway.media import g711, sound
from gateway.media.lexicon import Lexicon
from gateway.media.prompts import PromptBook
from gateway.media.rendering import GOES_ON, Renderer
from gateway.media.speech import Code, Name, Phone, Price
from gateway.media.synth import NoSpeaker, Speaker, VoiceBusy, VoiceUnavailable
from gateway.media.voice import NAMES_MAX, NAMES_WAITING_MAX, PAUSE, SLOW_PAUSE, Voice
from risk.domain.enums import Language
from risk.domain.errors import ConfigError
from tests.builders.voice import ToneSpeaker, at_once

BOOK = PromptBook(
    {
        Language.ZH: {
            "order.price": "代码{code:code},价格{price:price}",
            "who": "{name:name}, {code:code}。",
            "from": "来电{ani:phone},请稍候!",
        },
        Language.EN: {
            "order.price": "Code {code:code}, price {price:price}",
            "who": "{name:name}, {code:code}.",
            "from": "Calling from {ani:phone}: one moment!",
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


class NoisySpeaker(CountingSpeaker):
    """A second of tone per text, a different one for each."""

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        self.texts.append(text)
        hz = 200 + 10 * len(self.texts)
        return succeed(sound.alaw_clip(a_tone(hz), 8000))


class LateSpeaker(CountingSpeaker):
    """Answers nothing until told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, Deferred[bytes]] = {}

    def synth(self, text: str, language: Language) -> Deferred[bytes]:
        name = text.removesuffix(GOES_ON)
        self.texts.append(name)
        self.asked[name] = Deferred()
        return self.asked[name]


def a_tone(hz: float, seconds: float = 1.0) -> g711.Pcm16:
    at = np.arange(int(8000 * seconds))
    return (9000 * np.sin(2 * np.pi * hz * at / 8000)).astype(np.int16)


class VoiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.speaker = CountingSpeaker()
        self.voice = self.a_voice()

    def a_voice(
        self,
        recorded: Path | None = None,
        speaker: Speaker | None = None,
        slow_percent: int = 100,
        lexicon: Lexicon | None = None,
    ) -> Voice:
        renderer = Renderer(
            speaker or self.speaker,
            self.folder,
            at_once,
            slow_percent=slow_percent,
            lexicon=lexicon,
        )
        return Voice(BOOK, renderer, recorded, at_once, Tasks(Clock()))

    def name(self, voice: Voice, text: str, language: Language = Language.EN) -> Deferred[None]:
        return Deferred.fromCoroutine(voice.prepare_name(text, language))

    def names_of(self, voice: Voice, text: str) -> list[bytes]:
        """The clips of a name's prompt before the pause."""
        played = voice.clips("who", {"name": Name(text), "code": Code("1")}, Language.EN)
        return [clip.alaw for clip in played[: played.index(PAUSE)]]

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
        ani = self.voice.text("from", {"ani": Phone("95500")}, Language.EN)
        assert ani == "Calling from nine five five zero zero: one moment!"

    def test_the_voice_falls_at_the_end_of_a_sentence_only(self) -> None:
        class Toned(NoSpeaker):
            identity = "toned"

            def synth(self, text: str, language: Language) -> Deferred[bytes]:
                return succeed(text.encode())

        voice = self.a_voice(speaker=Toned())
        self.prepare(voice)
        self.successResultOf(self.name(voice, "Pufa"))
        values = {**VALUES, "name": Name("Pufa")}
        for key, said in (
            ("order.price", "Code, |one, |zero, |, price, |two, |point, |zero, |zero, |yuan"),
            ("who", "Pufa, |pause|one, |zero"),  # the full stop ends it
        ):
            clips = voice.clips(key, values, Language.EN)
            heard = ["pause" if clip == PAUSE else clip.alaw.decode() for clip in clips]
            assert "|".join(heard) == said

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
                if text == "Pufa" + GOES_ON:
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

    def test_a_phone_number_is_said_in_groups(self) -> None:
        self.prepare(self.voice)
        clips = self.voice.clips("from", {"ani": Phone("13800138000")}, Language.ZH)
        assert [n for n, clip in enumerate(clips) if clip == PAUSE] == [4, 9]

    def test_elder_mode_says_the_same_slower(self) -> None:
        voice = self.a_voice(speaker=NoisySpeaker(), slow_percent=150)
        self.prepare(voice)
        self.successResultOf(self.name(voice, "Pufa"))
        values = {"name": Name("Pufa"), "code": Code("1")}
        usual = voice.clips("who", values, Language.EN)
        slow = voice.clips("who", values, Language.EN, is_slow=True)
        lengths = [len(b.alaw) / len(a.alaw) for a, b in zip(usual, slow, strict=True)]
        assert slow[1] == SLOW_PAUSE
        assert [round(length, 1) for length in (lengths[0], lengths[2])] == [1.5, 1.5]
        assert lengths[1] > 1.5

    def test_slow_clips_are_made_once_and_only_when_wanted(self) -> None:
        speaker = NoisySpeaker()
        self.prepare(self.a_voice(speaker=speaker))
        usual = len(list(self.folder.glob("*.al")))
        self.prepare(self.a_voice(speaker=speaker, slow_percent=130))
        both = {path: path.stat().st_mtime_ns for path in self.folder.glob("*.al")}
        assert len(both) == 2 * usual == 2 * len(speaker.texts)
        self.prepare(self.a_voice(speaker=speaker, slow_percent=130))
        assert {path: path.stat().st_mtime_ns for path in self.folder.glob("*.al")} == both

    def test_a_slow_recording_wins_over_the_stretched_one(self) -> None:
        recorded = Path(self.mktemp())
        (recorded / "en" / "slow").mkdir(parents=True)
        for name, tone in (
            ("order.price", a_tone(300, 0.5)),
            ("slow/order.price", a_tone(300, 0.9)),
            ("word.one", a_tone(400, 0.5)),
        ):
            (recorded / "en" / f"{name}.wav").write_bytes(sound.write_wav(tone))
        voice = self.a_voice(recorded, slow_percent=150)
        self.prepare(voice)
        slow = voice.clips("order.price", VALUES, Language.EN, is_slow=True)
        assert [len(clip.alaw) / 8000 for clip in slow[:2]] == [0.9, 0.75]

    def test_another_engine_speaks_with_clips_of_its_own(self) -> None:
        class OtherSpeaker(CountingSpeaker):
            identity = "other"

        self.prepare(self.voice)
        other = OtherSpeaker()
        self.prepare(self.a_voice(speaker=other))
        assert sorted(other.texts) == sorted(self.speaker.texts)

    def test_the_engine_gets_the_respelling_and_the_transcript_the_text(self) -> None:
        lexicon = Lexicon({Language.EN: {"price": "prize"}})
        voice = self.a_voice(lexicon=lexicon)
        self.prepare(voice)
        clips = voice.clips("order.price", VALUES, Language.EN)
        assert clips[3].alaw == b"<EN:, prize>"
        assert ", price" in voice.text("order.price", VALUES, Language.EN)

    def test_callers_of_one_name_share_its_rendering(self) -> None:
        speaker = LateSpeaker()
        voice = self.a_voice(speaker=speaker)
        waiting = [self.name(voice, "Pufa") for _ in range(3)]
        self.assertNoResult(waiting[0])
        speaker.asked["Pufa"].callback(b"<Pufa>")
        for each in waiting:
            self.successResultOf(each)
        assert speaker.texts == ["Pufa"]

    def test_a_name_nobody_waits_for_any_more_is_there_for_the_next_call(self) -> None:
        speaker = LateSpeaker()
        voice = self.a_voice(speaker=speaker)
        impatient = self.name(voice, "Pufa")
        impatient.addErrback(lambda _: None)
        impatient.cancel()
        speaker.asked["Pufa"].callback(b"<Pufa>")
        self.successResultOf(self.name(voice, "Pufa"))
        assert speaker.texts == ["Pufa"]

    def test_names_that_hang_delay_neither_prompts_nor_names_already_there(self) -> None:
        self.prepare(self.voice)  # every word is in the folder now
        speaker = LateSpeaker()
        voice = self.a_voice(speaker=speaker)
        self.prepare(voice)
        ready = self.name(voice, "Ready")
        speaker.asked["Ready"].callback(b"<Ready>")
        self.successResultOf(ready)
        hanging = [self.name(voice, f"Slow{chr(97 + n)}") for n in range(20)]
        self.successResultOf(self.name(voice, "Ready"))
        assert self.names_of(voice, "Ready") == [b"<Ready>"]
        assert self.names_of(voice, "Slowa") == []
        assert not any(each.called for each in hanging)
        assert len(speaker.texts) == 5  # four at a time, no more threads of the pool

    def test_with_too_many_names_under_way_another_is_left_out_at_once(self) -> None:
        voice = self.a_voice(speaker=LateSpeaker())
        letters = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(NAMES_WAITING_MAX)]
        for each in letters:
            self.assertNoResult(self.name(voice, each))
        with structlog.testing.capture_logs() as logs:
            self.successResultOf(self.name(voice, "one more"))
        assert [line["event"] for line in logs] == ["media.name_not_rendered"]

    def test_names_said_long_ago_make_room(self) -> None:
        voice = self.a_voice()
        self.prepare(voice)
        for n in range(NAMES_MAX):
            letters = "".join(chr(97 + int(d)) for d in str(n))
            self.successResultOf(self.name(voice, letters))
        self.successResultOf(self.name(voice, "a"))  # the first one, said again
        self.successResultOf(self.name(voice, "newest"))
        assert self.names_of(voice, "a") == [b"<EN:a>"]
        assert self.names_of(voice, "b") == []

    def test_names_rendered_beforehand_are_found_without_the_engine(self) -> None:
        names = [("Pufa", Language.EN), ("浦发银行", Language.ZH), ("*", Language.EN)]
        self.successResultOf(Deferred.fromCoroutine(self.voice.render_names(names)))
        assert self.speaker.texts == ["Pufa, ", "浦发银行, "]
        later = self.a_voice()
        self.successResultOf(self.name(later, "Pufa"))
        assert self.speaker.texts == ["Pufa, ", "浦发银行, "]

    def test_rendering_beforehand_ends_with_the_engine(self) -> None:
        voice = self.a_voice(speaker=NoSpeaker())
        with structlog.testing.capture_logs() as logs:
            names = [("Pufa", Language.EN), ("Baogang", Language.EN)]
            self.successResultOf(Deferred.fromCoroutine(voice.render_names(names)))
        assert [(line["event"], line["name"]) for line in logs] == [
            ("media.names_not_rendered", "Pufa")
        ]
