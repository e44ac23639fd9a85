"""Both homes of media, the reactor and a worker process, keep the promises of the port."""

import os
import random
import signal
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media import g711, rtp
from gateway.media.bank import LegBank
from gateway.media.hosts import ReactorHost, WorkerHost
from gateway.media.link import HostedMedia
from gateway.media.port import (
    Clip,
    Codec,
    Digit,
    Heard,
    LegEvent,
    LegFigures,
    LostReason,
    MediaLost,
    MediaRefused,
    PlayDone,
    Recorded,
    RtpPeer,
)
from gateway.media.recording_disk import recover_recordings
from tests.builders.media import TIMEOUT_S, FarEnd, InWorker, OneHost, OnReactor, a_tone, most_of


class PortPromises(OneHost):
    """The cases; the classes below name the host."""

    async def test_a_clip_arrives_whole_at_twenty_milliseconds_a_packet(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        tone = a_tone(1, 20)
        leg.play([Clip("a", tone[:1234]), Clip("b", tone[1234:])], 5)
        await self.until(lambda: PlayDone(5) in self.events, "the clip is played")
        await self.until(lambda: tone in self.far.sound(), "the far end has heard it")
        packets = self.far.read()
        steps = {(b.timestamp - a.timestamp) % rtp.TS_MOD for a, b in pairwise(packets)}
        assert min(steps) == 160
        assert {step % 160 for step in steps} == {0}  # a busy machine may skip frames
        assert {len(p.payload) for p in packets} == {160}
        assert packets[0].marker
        assert not packets[1].marker

    async def test_a_mulaw_leg_gets_the_same_sound_in_its_own_law(self) -> None:
        far = self.a_far_end(Codec.PCMU)
        leg = await self.media.open_leg(self.events.append, far.peer)
        tone = a_tone(2, 5)
        leg.play([Clip("c", tone)], 1)
        await self.until(
            lambda: tone.translate(g711.ALAW_TO_MULAW) in far.sound(), "the far end has heard it"
        )

    async def test_keys_are_told_once_each_and_in_order(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        before_ns = time.time_ns()
        for at, key in enumerate("13*57#"):
            self.far.press(leg, key, 1000 + 3200 * at)
        await self.until(lambda: len(self.of(Digit)) == 6, "all keys are told")
        await deferLater(reactor, 0.05)
        keys = [event for event in self.events if isinstance(event, Digit)]
        assert "".join(k.key for k in keys) == "13*57#"
        assert all(before_ns <= k.at_ns <= time.time_ns() for k in keys)

    async def test_what_two_legs_press_and_say_reaches_each_other(self) -> None:
        heard: list[LegEvent] = []
        one = await self.media.open_leg(self.events.append)
        other = await self.media.open_leg(heard.append, hear=True)
        one.set_peer(RtpPeer(*other.local_address))
        other.set_peer(RtpPeer(*one.local_address))
        tone = a_tone(3, 30)
        one.play([Clip("d", tone)], 1)
        other.send_digits("600519#", 9)
        await self.until(lambda: PlayDone(1) in self.events and PlayDone(9) in heard, "both done")
        await self.until(lambda: len(self.of(Digit)) == 7, "the keys are told")
        assert "".join(e.key for e in self.events if isinstance(e, Digit)) == "600519#"
        figures = await other.close()
        assert most_of(tone, b"".join(e.alaw for e in heard if isinstance(e, Heard)))
        assert figures.lost_packets == 0
        assert figures.received_packets >= 30

    async def test_stop_silences_the_leg_and_the_stopped_token_is_never_told(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        leg.play([Clip("long", a_tone(4, 500))], 1)
        await self.until(lambda: len(self.far.read()) > 10, "it plays")
        leg.stop()
        leg.play([Clip("short", a_tone(5, 3))], 2)
        await self.until(lambda: PlayDone(2) in self.events, "the second is played")
        assert PlayDone(1) not in self.events
        assert a_tone(5, 3) in self.far.sound()

    async def test_after_the_first_packet_strangers_are_not_heard(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        stranger = self.a_far_end()
        self.far.send(leg, 8, 0, bytes(160))
        await deferLater(reactor, 0.05)
        stranger.press(leg, "9", 50_000)
        await deferLater(reactor, 0.05)
        self.far.press(leg, "1", 60_000)
        await self.until(lambda: bool(self.of(Digit)), "the far end's key is told")
        assert [e.key for e in self.events if isinstance(e, Digit)] == ["1"]
        assert stranger.read() == []

    async def test_garbage_does_not_latch_and_is_only_counted(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        stranger = self.a_far_end()
        for junk in (b"", b"\x80", b"hello there, this is no RTP", bytes(1600), b"\x80" * 40):
            stranger.sock.sendto(junk, leg.local_address)
        await deferLater(reactor, 0.05)
        self.far.send(leg, 8, 0, bytes(160))
        self.far.send(leg, 77, 160, bytes(160))
        await self.until(lambda: len(self.far.read()) > 5, "sound flows")
        figures = await leg.close()
        assert figures.received_packets == 1
        assert figures.dropped_packets == 1

    async def test_a_new_peer_address_is_latched_anew_on_the_same_port(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        self.far.send(leg, 8, 0, bytes(160))
        await self.until(lambda: len(self.far.read()) > 2, "the first far end is served")
        moved = self.a_far_end()
        port = leg.local_address
        leg.set_peer(moved.peer)
        await self.until(lambda: len(moved.read()) > 2, "the second far end is served")
        moved.press(leg, "5", 90_000)
        await self.until(lambda: bool(self.of(Digit)), "its key is told")
        assert leg.local_address == port

    async def test_a_held_leg_sends_nothing_until_its_peer_is_back(self) -> None:
        leg = await self.media.open_leg(self.events.append, RtpPeer("0.0.0.0", 4000))
        leg.play([Clip("e", a_tone(6, 3))], 1)
        await self.until(lambda: PlayDone(1) in self.events, "time passes")
        leg.set_peer(self.far.peer)
        await self.until(lambda: len(self.far.read()) > 2, "sound flows")

    async def test_closing_twice_and_playing_after_are_harmless(self) -> None:
        leg = await self.media.open_leg(self.events.append, self.far.peer)
        await self.until(lambda: len(self.far.read()) > 2, "sound flows")
        figures = await leg.close()
        assert figures.sent_packets > 2
        assert await leg.close() == LegFigures()
        leg.play([Clip("f", b"")], 1)
        leg.stop()
        assert self.media.leg_count == 0

    async def test_a_listener_that_fails_harms_nobody(self) -> None:
        def fail(event: LegEvent) -> None:
            raise ZeroDivisionError(type(event).__name__)

        failing = await self.media.open_leg(fail, self.far.peer)
        other = self.a_far_end()
        leg = await self.media.open_leg(self.events.append, other.peer)
        with structlog.testing.capture_logs() as logs:
            failing.play([], 1)
            self.far.press(failing, "9", 1000)
            await self.until(lambda: len(logs) == 2, "both failures are logged")
            leg.play([], 2)
            await self.until(lambda: PlayDone(2) in self.events, "the other leg plays")
        assert {line["event"] for line in logs} == {"media.listener_failed"}
        assert "ZeroDivisionError: Digit" in repr(logs)

    async def test_a_leg_too_many_is_refused_and_a_closed_one_makes_room(self) -> None:
        legs = [await self.media.open_leg(self.events.append) for _ in range(3)]
        with pytest.raises(MediaRefused, match="3 legs are open"):
            await self.media.open_leg(self.events.append)
        await legs[0].close()
        await self.media.open_leg(self.events.append)
        assert self.media.leg_count == 3

    async def test_stopping_media_ends_its_legs(self) -> None:
        await self.media.open_leg(self.events.append, self.far.peer)
        await self.media.stop()
        assert self.events == [MediaLost(LostReason.WORKER_ENDED)]
        assert not self.media.is_ready


class ReactorMediaTests(PortPromises, OnReactor, TestCase):
    """Media on the gateway's own reactor."""


class BrokenReactorTests(TestCase):
    """A bug on the gateway's own reactor."""

    async def test_a_bug_in_the_tick_ends_the_legs_and_says_so(self) -> None:
        bank = LegBank(random.Random(1).getrandbits)
        host = ReactorHost(bank, reactor, time.time_ns)
        media = HostedMedia([host], reactor)
        await media.start()
        self.addCleanup(media.stop)
        events: list[LegEvent] = []
        await media.open_leg(events.append)
        with structlog.testing.capture_logs() as logs:
            bank._tone_lines = bank._lines = {1: "no line"}  # type: ignore[dict-item]
            bank.close = lambda: None  # type: ignore[method-assign]
            end_s = time.monotonic() + TIMEOUT_S
            while not events:
                assert time.monotonic() < end_s, "the leg was not ended"
                await deferLater(reactor, 0.01)
        assert events == [MediaLost(LostReason.WORKER_ENDED)]
        assert not media.is_ready
        assert [line["event"] for line in logs] == ["media.tick_failed"]


class WorkerMediaTests(PortPromises, InWorker, TestCase):
    """Media in a worker process."""


class LostWorkerTests(TestCase):
    """One of two workers is killed."""

    async def test_calls_of_a_killed_worker_end_and_others_go_on(self) -> None:
        hosts = [WorkerHost(reactor, "127.0.0.1", (0, 0), 10) for _ in range(2)]
        media = HostedMedia(hosts, reactor)
        await media.start()
        self.addCleanup(media.stop)
        told: dict[int, list[LegEvent]] = {n: [] for n in range(4)}
        for events in told.values():
            await media.open_leg(events.append)
        killed_pid = hosts[0].pid
        assert hosts[0]._process is not None
        hosts[0]._process.kill()
        end_s = time.monotonic() + TIMEOUT_S
        while hosts[0].pid in (0, killed_pid) or not hosts[0].is_up:
            assert time.monotonic() < end_s, "the worker was not started again"
            await deferLater(reactor, 0.02)
        lost = [MediaLost(LostReason.WORKER_ENDED)]
        assert sorted(told.values(), key=len) == [[], [], lost, lost]
        assert media.leg_count == 2
        for _ in range(2):
            await media.open_leg(print)
        assert media.leg_count == 4

    async def test_a_killed_worker_leaves_recordings_that_can_be_completed(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        hosts = [WorkerHost(reactor, "127.0.0.1", (0, 0), 10) for _ in range(2)]
        media = HostedMedia(hosts, reactor)
        await media.start()
        self.addCleanup(media.stop)
        far, told, other_told = FarEnd(), list[LegEvent](), list[LegEvent]()
        self.addCleanup(far.sock.close)
        leg = await media.open_leg(told.append, far.peer)
        other = await media.open_leg(other_told.append, far.peer)
        for n, one in enumerate((leg, other)):
            one.record(f"{kept.name}/{n}.wav")
        path = Path(kept.name, "0.wav")
        end_s = time.monotonic() + TIMEOUT_S
        while not path.exists() or path.stat().st_size < 16_000:
            assert time.monotonic() < end_s, "a second of sound reached the disk"
            await deferLater(reactor, 0.02)
        assert recover_recordings(Path(kept.name)) == []  # both are being written
        assert hosts[0]._process is not None
        hosts[0]._process.kill()
        while not told:
            assert time.monotonic() < end_s, "the call was not ended"
            await deferLater(reactor, 0.02)
        (recovered,) = recover_recordings(Path(kept.name))
        assert recovered.path == str(path)
        assert recovered.ms >= 1000
        await other.close()
        while not other_told:
            assert time.monotonic() < end_s, "the other recording was not completed"
            await deferLater(reactor, 0.02)
        assert [type(event) for event in other_told] == [Recorded]
        assert told == [MediaLost(LostReason.WORKER_ENDED)]

    async def test_a_worker_that_no_longer_turns_is_replaced(self) -> None:
        host = WorkerHost(reactor, "127.0.0.1", (0, 0), 10, silent_s_max=1.5)
        media = HostedMedia([host], reactor)
        await media.start()
        self.addCleanup(media.stop)
        events: list[LegEvent] = []
        await media.open_leg(events.append)
        stopped_pid = host.pid
        os.kill(stopped_pid, signal.SIGSTOP)
        end_s = time.monotonic() + TIMEOUT_S
        while host.pid in (0, stopped_pid) or not host.is_up:
            assert time.monotonic() < end_s, "the worker was not replaced"
            await deferLater(reactor, 0.05)
        assert events == [MediaLost(LostReason.WORKER_ENDED)]
        await media.open_leg(events.append)
