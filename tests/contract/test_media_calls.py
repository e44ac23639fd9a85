"""Both homes of media treat keys, music, recordings and bridges alike."""

import tempfile
import time
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media import g711
from gateway.media.link import HostedMedia
from gateway.media.port import (
    Clip,
    Codec,
    Leg,
    LegEvent,
    PlayDone,
    Recorded,
    RecordingFailed,
)
from gateway.media.recording_disk import read_recording
from gateway.media.telephone_event import KeyReceiver
from tests.builders.media import FarEnd, InWorker, OneHost, OnReactor, a_tone, most_of
from tests.builders.recordings import sides_of


class CallPromises(OneHost):
    """The cases; the classes below name the host."""

    async def setUp(self) -> None:
        await super().setUp()
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)  # type: ignore[attr-defined]
        self.folder = Path(kept.name)

    async def recorded(self) -> Recorded:
        await self.until(lambda: bool(self.of(Recorded)), "the recording is complete")
        (recorded,) = self.of(Recorded)
        assert isinstance(recorded, Recorded)
        return recorded

    async def say(self, leg: Leg, first: int, sound: bytes, far: FarEnd | None = None) -> None:
        """Send sound in real time; its first frame is number `first` of the far end's clock."""
        for n in range(len(sound) // 160):
            payload = sound[160 * n : 160 * n + 160]
            (far or self.far).send(leg, 8, 160 * (first + n), payload)
            await deferLater(reactor, 0.02)

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

    async def test_a_recording_holds_what_each_side_heard(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        before_ns = time.time_ns()
        leg.record(str(self.folder / "1.wav"))
        prompt, speech = a_tone(3, 20), a_tone(4, 20)
        leg.play([Clip("prompt", prompt)], 1)
        for n in range(20):
            self.far.send(leg, 8, 160 * n, speech[160 * n : 160 * n + 160])
            await deferLater(reactor, 0.02)
        await self.until(lambda: PlayDone(1) in self.events, "the prompt is over")
        await deferLater(reactor, 0.15)  # what came last is heard after the jitter buffer
        await leg.close()
        recorded = await self.recorded()
        left, right = sides_of(Path(recorded.path))
        assert prompt in right
        assert most_of(speech, left)
        assert read_recording(Path(recorded.path)) == recorded[:4]
        assert recorded.gap_ms == 0
        assert before_ns <= recorded.started_ns <= time.time_ns()
        assert abs(recorded.ms - len(left) // 8) == 0

    async def test_a_second_recording_ends_the_first(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.record(str(self.folder / "1.wav"))
        leg.record(str(self.folder / "2.wav"))
        leg.stop_recording()
        leg.stop_recording()
        await self.until(lambda: len(self.of(Recorded)) == 2, "both are complete")
        await leg.close()
        names = [Path(e.path).name for e in self.events if isinstance(e, Recorded)]
        assert names == ["1.wav", "2.wav"]

    async def test_a_recording_that_cannot_be_made_is_told_and_the_call_goes_on(self) -> None:
        taken = self.folder / "taken.wav"
        taken.write_bytes(b"evidence")
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.record(str(taken))
        leg.play([Clip("word", a_tone(2, 2))], 2)
        await self.until(lambda: len(self.events) == 2, "failure and word are told")
        assert self.of(RecordingFailed) == [RecordingFailed(str(taken), "File exists")]
        assert PlayDone(2) in self.events
        assert taken.read_bytes() == b"evidence"

    async def test_while_secure_only_the_keys_of_the_far_end_are_heard(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.record(str(self.folder / "1.wav"))
        open_sound, secret_sound, tail = a_tone(5, 15), a_tone(6, 15), a_tone(7, 40)
        await self.say(leg, 0, open_sound)
        await deferLater(reactor, 0.35)  # the quarter second before is silenced too
        leg.secure(True)
        await self.say(leg, 40, secret_sound)
        self.far.press(leg, "7", 160 * 60)
        leg.secure(False)
        await self.say(leg, 61, tail)
        await deferLater(reactor, 0.2)
        await leg.close()
        recorded = await self.recorded()
        left, _ = sides_of(Path(recorded.path))
        assert self.keys() == "7"
        assert most_of(open_sound, left)
        assert not any_of(secret_sound, left)
        assert not any_of(tail[:320], left)
        assert most_of(tail[-3200:], left)

    async def test_keys_typed_before_secure_are_silenced_back_to_the_first(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.record(str(self.folder / "1.wav"))
        early, ahead = a_tone(5, 15), a_tone(6, 60)
        await self.say(leg, 0, early)
        await deferLater(reactor, 0.4)
        first_key_ns = time.time_ns()
        await self.say(leg, 40, ahead)
        leg.secure(True, first_key_ns)
        await leg.close()
        left, _ = sides_of(Path((await self.recorded()).path))
        assert most_of(early, left)
        assert not any_of(ahead, left)

    async def test_two_far_ends_hear_each_other_and_the_recording_goes_on(self) -> None:
        other_far, other_events = self.a_far_end(Codec.PCMU), []
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        other = await self.media.open_leg(other_events.append, other_far.peer, beside=leg)
        leg.record(str(self.folder / "1.wav"))
        leg.bridge(other)
        caller, agent = a_tone(8, 20), a_tone(9, 20)
        for n in range(20):
            part = slice(160 * n, 160 * n + 160)
            self.far.send(leg, 8, 160 * n, caller[part])
            other_far.send(other, 0, 160 * n, agent[part].translate(g711.ALAW_TO_MULAW))
            await deferLater(reactor, 0.02)
        agent_heard = agent.translate(g711.ALAW_TO_MULAW).translate(g711.MULAW_TO_ALAW)
        await self.until(
            lambda: most_of(agent_heard, self.far.sound()), "the caller hears the agent"
        )
        caller_heard = caller.translate(g711.ALAW_TO_MULAW)
        await self.until(
            lambda: most_of(caller_heard, other_far.sound()), "the agent hears the caller"
        )
        await leg.close()
        left, right = sides_of(Path((await self.recorded()).path))
        assert most_of(caller, left)
        assert most_of(agent_heard, right)

    async def test_keys_pass_a_bridge_both_ways_but_not_from_a_secure_side(self) -> None:
        other_far, other_events = self.a_far_end(), list[LegEvent]()
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        other = await self.media.open_leg(other_events.append, other_far.peer, beside=leg)
        leg.bridge(other)
        self.far.press(leg, "1", 1000)
        other_far.press(other, "2", 1000)
        await self.until(lambda: keys_at(other_far) == "1", "the key is passed on")
        await self.until(lambda: keys_at(self.far) == "2", "the key is passed on")
        leg.secure(True)
        self.far.press(leg, "9", 5000)
        await self.until(lambda: self.keys() == "19", "the key is told")
        leg.press_by_info("8")
        await self.until(lambda: self.keys() == "198", "the key by INFO is told")
        other_far.press(other, "3", 5000)
        await self.until(lambda: keys_at(self.far) == "23", "the other side's key is passed on")
        assert keys_at(other_far) == "1"

    async def test_a_secure_side_of_a_bridge_is_not_heard(self) -> None:
        other_far = self.a_far_end()
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        other = await self.media.open_leg(print, other_far.peer, beside=leg)
        leg.bridge(other)
        leg.secure(True)
        await self.say(leg, 0, a_tone(5, 20))
        await deferLater(reactor, 0.15)
        assert set(other_far.sound()) == {0xD5}

    async def test_when_one_side_goes_the_other_is_alone_and_can_be_bridged_again(self) -> None:
        other_far, third_far = self.a_far_end(), self.a_far_end()
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        other = await self.media.open_leg(print, other_far.peer, beside=leg)
        leg.bridge(other)
        await other.close()
        leg.play([Clip("word", a_tone(2, 2))], 2)
        await self.until(lambda: PlayDone(2) in self.events, "the leg still plays")
        third = await self.media.open_leg(print, third_far.peer, beside=leg)
        third.bridge(leg)
        await self.say(leg, 0, a_tone(5, 20))
        await self.until(
            lambda: most_of(a_tone(5, 20), third_far.sound()), "the third one hears it"
        )
        leg.unbridge()
        await self.say(leg, 40, a_tone(6, 20))
        await deferLater(reactor, 0.1)
        assert not any_of(a_tone(6, 20), third_far.sound())

    async def test_what_is_played_is_heard_instead_of_the_other_side(self) -> None:
        other_far = self.a_far_end()
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        other = await self.media.open_leg(print, other_far.peer, beside=leg)
        leg.bridge(other)
        leg.play([Clip("word", a_tone(2, 40))], 2)
        await self.say(other, 0, a_tone(5, 20), other_far)
        await self.until(lambda: PlayDone(2) in self.events, "the word is said")
        assert a_tone(2, 40) in self.far.sound()
        assert not any_of(a_tone(5, 20)[:1600], self.far.sound())

    async def test_legs_of_different_hosts_are_not_bridged(self) -> None:
        elsewhere = HostedMedia([self.make_host()], reactor)
        await elsewhere.start()
        self.addCleanup(elsewhere.stop)  # type: ignore[attr-defined]
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        far_away = await elsewhere.open_leg(print)
        with pytest.raises(ValueError, match="open it beside this one"):
            leg.bridge(far_away)


def any_of(sound: bytes, heard: bytes) -> bool:
    """Whether any 2 ms of a sound were heard."""
    return any(sound[at : at + 16] in heard for at in range(len(sound) - 16))


def keys_at(far: FarEnd) -> str:
    """The keys that the far end was told by events."""
    receiver, keys = KeyReceiver(), ""
    for packet in far.read():
        if packet.payload_type == 101:
            keys += receiver.receive(packet) or ""
    return keys


class ReactorCallTests(CallPromises, OnReactor, TestCase):
    """Media on the gateway's own reactor."""


class WorkerCallTests(CallPromises, InWorker, TestCase):
    """Media in a worker process."""
