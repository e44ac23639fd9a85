"""Both homes of media treat keys, music, recordings and bridges alike."""

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media.port import Clip, PlayDone
from tests.builders.media import InWorker, OneHost, OnReactor, a_tone


class CallPromises(OneHost):
    """The cases; the classes below name the host."""

    async def test_a_press_told_by_event_and_by_info_is_one_key(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        for at, key in enumerate("11#"):
            self.far.press(leg, key, 1000 + 3200 * at)
        await self.until(lambda: len(self.keys()) == 3, "the events are told")
        for key in "11#":
            leg.press_by_info(key)
        leg.press_by_info("7")
        await self.until(lambda: self.keys().endswith("7"), "the key by INFO alone is told")
        assert self.keys() == "11#7"
        figures = await leg.close()
        assert figures.digit_count == 4

    async def test_what_is_no_key_is_ignored_also_by_info(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        for text in ("", "12", "x", "\x00", "1"):
            leg.press_by_info(text)
        await self.until(lambda: bool(self.keys()), "the key is told")
        assert self.keys() == "1"

    async def test_music_repeats_until_something_waits_behind_it(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        music, word = a_tone(1, 3), a_tone(2, 2)
        leg.play([Clip("music", music)], 1, repeats=True)
        await self.until(lambda: self.far.sound().count(music) >= 3, "it has begun again")
        assert self.events == []
        leg.play([Clip("word", word)], 2)
        await self.until(lambda: PlayDone(2) in self.events, "the word is said")
        assert self.events == [PlayDone(1), PlayDone(2)]
        await self.until(lambda: music + word in self.far.sound(), "after a whole round")

    async def test_music_of_no_sound_ends_at_once(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.play([Clip("nothing", b"")], 1, repeats=True)
        await self.until(lambda: PlayDone(1) in self.events, "it is done")

    async def test_stop_ends_music_without_a_word(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.play([Clip("music", a_tone(1, 3))], 1, repeats=True)
        await self.until(lambda: a_tone(1, 3) in self.far.sound(), "it plays")
        leg.stop()
        await deferLater(reactor, 0.1)
        assert self.events == []


class ReactorCallTests(CallPromises, OnReactor, TestCase):
    """Media on the gateway's own reactor."""


class WorkerCallTests(CallPromises, InWorker, TestCase):
    """Media in a worker process."""
