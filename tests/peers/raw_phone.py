"""A telephone that counts every packet: what it hears, by sequence number, and presses as it likes.

Its voice is silence, as a real phone's would be, so that the gateway knows its address. Not here:
waiting for prompts (gateway.sip.softphone).
"""

import itertools
import struct
from secrets import randbits
from typing import Final

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import LoopingCall

from gateway.media.port import Codec, RtpPeer
from gateway.media.rtp import FRAME_SAMPLES, SEQ_MOD, RtpPacket, build, parse
from gateway.media.telephone_event import END_BIT, KEYS
from gateway.sip.calls import CloseReason
from gateway.sip.outgoing import OutgoingCall
from gateway.sip.settings import SipSettings
from gateway.sip.transports import Transports
from gateway.sip.uri import Uri
from gateway.sip.useragent import UserAgent
from gateway.sip.wire import Hop

SILENCE: Final = b"\xd5" * FRAME_SAMPLES
EVENT_TYPE: Final = 101
RING_S_MAX: Final = 30.0
_PRESS_SAMPLES: Final = 800


class RawCall(DatagramProtocol):
    """One call: the RTP that came, in the order it came."""

    def __init__(self) -> None:
        self.alaw = bytearray()
        self.received = self.gaps = 0
        self.close_reason: CloseReason | None = None
        self.media: RtpPeer | None = None
        self._next_seq: int | None = None
        self._seq, self._timestamp, self._ssrc = randbits(16), randbits(31), randbits(32)
        self._speaking = LoopingCall(self._speak)
        self._answered: Deferred[None] = Deferred()
        self.call: OutgoingCall | None = None

    def follow(self, call: OutgoingCall) -> Deferred[None]:
        """Follow a call; fires when it is answered or over."""
        self.call = call
        call.on_answered(self._on_answered)
        call.on_closed(self._on_closed)
        return self._answered

    def _on_answered(self, peer: RtpPeer) -> None:
        self.media = peer
        self._speaking.start(0.02)
        self._answered.callback(None)

    def _on_closed(self, reason: CloseReason) -> None:
        self.close_reason = reason
        if self._speaking.running:
            self._speaking.stop()
        if not self._answered.called:
            self._answered.callback(None)

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        packet = parse(datagram)
        if packet is None or packet.payload_type != Codec.PCMA:
            return
        if self._next_seq is not None and packet.seq != self._next_seq:
            self.gaps += 1
        self._next_seq = (packet.seq + 1) % SEQ_MOD
        self.received += 1
        self.alaw += packet.payload

    def _speak(self) -> None:
        self._send(Codec.PCMA, False, self._timestamp, SILENCE)
        self._timestamp += FRAME_SAMPLES

    def press_at_once(self, keys: str) -> None:
        """Press keys as fast as packets leave: a keypad gone mad."""
        for key in keys:
            code = KEYS.index(key)
            begin = struct.pack("!BBH", code, 10, FRAME_SAMPLES)
            end = struct.pack("!BBH", code, 10 | END_BIT, _PRESS_SAMPLES)
            self._send(EVENT_TYPE, True, self._timestamp, begin)
            self._send(EVENT_TYPE, False, self._timestamp, end)
            self._timestamp += _PRESS_SAMPLES

    def _send(self, payload_type: int, marker: bool, timestamp: int, payload: bytes) -> None:
        assert self.media is not None
        assert self.transport is not None
        packet = RtpPacket(payload_type, marker, self._seq, timestamp, self._ssrc, payload)
        self.transport.write(build(packet), (self.media.host, self.media.port))
        self._seq = (self._seq + 1) % SEQ_MOD

    def hang_up(self) -> None:
        """End the call; harmless when it is over."""
        assert self.call is not None
        self.call.hangup()


class RawPhone:
    """SIP of such calls."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        settings = SipSettings(listen_host=host, listen_port=0, server_name="raw-phone")
        self._transports = Transports(settings, reactor)
        numbers = itertools.count(1)
        self._agent = UserAgent(
            self._transports,
            reactor,
            lambda call: call.refuse(486),
            settings=settings,
            new_token=lambda: f"{randbits(64):016x}",
            new_call_no=lambda: f"raw-{next(numbers)}",
        )
        self._transports.start(reactor)
        self._sockets: list[object] = []

    async def dial(self, sip_port: int, ani: str, dnis: str = "95500") -> RawCall:
        """Call 127.0.0.1 and wait for the answer; the call may be over then."""
        call = RawCall()
        listening = reactor.listenUDP(0, call, self.host)
        self._sockets.append(listening)
        local = (self.host, listening.getHost().port)
        uri = Uri("sip", user=dnis, host="127.0.0.1", port=sip_port)
        placed = self._agent.place(uri, ani, Hop("127.0.0.1", sip_port), local)
        await call.follow(placed).addTimeout(RING_S_MAX, reactor)
        return call

    async def close(self) -> None:
        """End all calls and close the sockets."""
        self._agent.hang_up_all()
        for listening in self._sockets:
            await listening.stopListening()  # type: ignore[attr-defined]
        await self._transports.stop()
