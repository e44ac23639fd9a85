"""The door's limits, with calls and media that are not there."""

import itertools
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.ivr.actions.table import phone_actions
from gateway.ivr.door import PhoneDoor
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import Leg, MediaRefused, OnLegEvent, RtpPeer
from gateway.media.synth import NoSpeaker, VoiceUnavailable
from gateway.media.voice import Voice
from gateway.sip.incoming import IncomingCall
from gateway.sip.message import Response
from gateway.sip.settings import SipSettings
from gateway.sip.useragent import UserAgent
from tests.builders.legs import FakeLeg
from tests.builders.phone import phone_ports
from tests.builders.sip import OFFER, MemoryTransport, a_request, tokens
from tests.builders.voice import a_readable_voice


class FakeMedia:
    """Opens FakeLegs; `opening` may hold the next one back."""

    def __init__(self) -> None:
        self.is_ready = False
        self.legs: list[FakeLeg] = []
        self.opening: Deferred[Leg] | None = None

    @property
    def leg_count(self) -> int:
        return len(self.legs)

    def start(self) -> Deferred[None]:
        self.is_ready = True
        return succeed(None)

    def stop(self) -> Deferred[None]:
        self.is_ready = False
        return succeed(None)

    def open_leg(
        self,
        on_event: OnLegEvent,
        peer: RtpPeer | None = None,
        hear: bool = False,
        beside: Leg | None = None,
    ) -> Deferred[Leg]:
        if self.opening is not None:
            return self.opening
        leg = FakeLeg()
        leg.on_event = on_event
        self.legs.append(leg)
        return succeed(leg)


class DoorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.media, self.transport = Clock(), FakeMedia(), MemoryTransport()
        self.make_door(a_readable_voice(Path(self.mktemp())))
        numbers = itertools.count(1)
        self.agent = UserAgent(
            self.transport,
            self.clock,
            self.call_received,
            settings=SipSettings(),
            new_token=tokens(),
            new_call_no=lambda: f"c{next(numbers)}",
        )

    def call_received(self, call: IncomingCall) -> None:
        self.door.call_received(call)

    def make_door(self, voice: Voice) -> None:
        self.voice = voice
        ports = phone_ports()
        actions = phone_actions(ports, PhoneSettings(), self.voice, self.clock, lambda: 55)
        self.door = PhoneDoor(
            PhoneSettings(calls_max=2), self.media, self.voice, actions, self.clock, lambda: 55
        )

    def open(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.door.start()))

    def invite(self, n: int = 1) -> int:
        """Send an INVITE; return the last status of its answers."""
        self.transport.sent.clear()
        self.transport.arrive(a_request(call_id=f"call-{n}", branch=f"z9hG4bK{n}", body=OFFER))
        last = self.transport.sent[-1][0]
        assert isinstance(last, Response)
        return last.status

    def test_a_closed_door_refuses(self) -> None:
        assert self.invite() == 503
        self.open()
        assert self.invite(2) == 200
        self.media.is_ready = False
        assert self.invite(3) == 503

    def test_one_call_too_many_is_refused_until_another_ends(self) -> None:
        self.open()
        assert [self.invite(n) for n in range(4)] == [200, 200, 503, 503]
        assert self.door.call_count == 2
        self.agent.hang_up_all()
        assert self.door.call_count <= 2

    def test_without_a_leg_the_call_is_refused(self) -> None:
        self.open()
        self.media.opening = fail(MediaRefused("no free UDP port"))
        assert self.invite() == 503
        assert self.door.call_count == 0

    def test_a_caller_who_gives_up_while_the_leg_opens_leaves_no_leg(self) -> None:
        self.open()
        self.media.opening = Deferred()
        self.invite()
        (call,) = self.agent._open
        call.hangup()
        leg = FakeLeg()
        self.media.opening.callback(leg)
        assert leg.is_closed
        assert leg.played == []
        assert self.door.call_count == 0

    def test_an_answered_call_hears_the_greeting_in_both_languages(self) -> None:
        self.open()
        self.invite()
        (leg,) = self.media.legs
        assert leg.said.startswith("欢迎致电")
        leg.finish()
        assert leg.said.startswith("普通话")
        assert leg.said.endswith("press two.")

    def test_closing_the_door_ends_its_calls_and_media(self) -> None:
        self.open()
        self.invite()
        self.successResultOf(Deferred.fromCoroutine(self.door.stop()))
        assert self.door.call_count == 0
        assert self.media.legs[0].is_closed
        assert not self.door.is_ready
        assert [c for c in self.clock.getDelayedCalls() if "ivr" in repr(c)] == []

    def test_without_a_voice_the_door_does_not_open_and_says_why(self) -> None:
        self.make_door(a_readable_voice(Path(self.mktemp()), NoSpeaker()))
        opened = Deferred.fromCoroutine(self.door.start())
        failure = self.failureResultOf(opened, VoiceUnavailable)
        assert "no speech engine" in str(failure.value)
        assert not self.door.is_ready
