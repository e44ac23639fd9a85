"""baresip as the far end of media: keys as tones in its sound, reports, what is recorded of it."""

import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from gateway.media import g711
from gateway.media.hosts import ReactorHost
from gateway.media.link import hosted_media
from gateway.media.port import Leg, Recorded
from gateway.media.settings import MediaSettings
from gateway.media.sound import write_wav
from tests.builders.recordings import sides_of
from tests.builders.tones import dialled, silence
from tests.peers.baresip import Baresip
from tests.peers.gateway_phone import TONE, GatewayPhone

pytestmark = pytest.mark.peer("baresip")
TIMEOUT_S = 20.0


class BaresipMedia(TestCase):
    async def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.gateway = GatewayPhone(hangs_up=False)
        rules = MediaSettings(worker_count=0, inband_dtmf="always")
        self.gateway.media = hosted_media(rules, reactor, time.time_ns, secrets.randbits)
        self.port = await self.gateway.start()
        self.addCleanup(self.gateway.stop)
        self.phone = await Baresip.start(self.folder / "phone")
        self.addCleanup(self.phone.stop)

    async def until(self, is_true: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < end_s, f"waited {TIMEOUT_S} s until {what}"
            await deferLater(reactor, 0.02)

    def speaks(self, sound: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
        """What it says from the next call on, and then nothing."""
        line = np.concatenate([silence(300), sound, silence(60_000)]).astype(np.int16)
        (self.folder / "phone" / "silence.wav").write_bytes(write_wav(line))

    async def call(self) -> Leg:
        assert await self.phone.dial(f"sip:95500@127.0.0.1:{self.port}")
        leg = self.gateway.flows[-1].leg
        assert leg is not None
        return leg

    async def test_its_tones_are_keys_and_events_beside_them_are_others(self) -> None:
        self.speaks(dialled("159*0#", 70, 70))
        await self.call()
        flow = self.gateway.flows[-1]
        await self.until(lambda: flow.keys == "159*0#", "the tones are told")
        await self.phone.press("77")
        await self.until(lambda: flow.keys == "159*0#77", "the events are told")

    async def test_the_recording_holds_its_tones_and_our_prompt_side_by_side(self) -> None:
        sound = dialled("42", 200, 100)
        self.speaks(sound)
        leg = await self.call()
        leg.record(str(self.folder / "call.wav"))
        flow = self.gateway.flows[-1]
        await self.until(lambda: flow.keys == "42", "the tones are told")
        await deferLater(reactor, 1.0)  # the prompt of one second is over
        self.phone.hang_up()
        await self.until(lambda: bool(_recorded(flow.events)), "the recording is complete")
        left, right = sides_of(self.folder / "call.wav")
        assert _likeness(g711.decode_alaw(left), sound) > 0.99
        assert _likeness(g711.decode_alaw(right), g711.decode_alaw(TONE)[800:4000]) > 0.99

    async def test_its_reports_give_the_round_trip(self) -> None:
        leg = await self.call()
        host = self.gateway.media._sides[0].host
        assert isinstance(host, ReactorHost)
        (line,) = host._bank._lines.values()
        await self.until(lambda: line.figures.rtt_ms > 0, "it answered a report of ours")
        figures = await leg.close()
        assert 0 < figures.rtt_ms < 1000
        assert figures.remote_lost == 0


def _recorded(events: list[object]) -> list[Recorded]:
    return [event for event in events if isinstance(event, Recorded)]


def _likeness(heard: "np.ndarray", sent: "np.ndarray") -> float:  # type: ignore[type-arg]
    """Return the highest correlation of what was sent with any part of what was heard."""
    heard, sent = heard.astype(float), sent.astype(float)
    size = 1 << (len(heard) + len(sent)).bit_length()
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size)), size)
    energy = np.cumsum(np.concatenate([[0.0], heard**2]))
    at = int(match[: len(heard) - len(sent) + 1].argmax())
    part = energy[at + len(sent)] - energy[at]
    return float(match[at] / np.sqrt(part * (sent**2).sum()))
