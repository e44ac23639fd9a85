"""One leg's audio as a pure machine: packets in, one packet per 20 ms out, events beside.

Driven by a tick that gives the time; owns no socket and no clock. Not here: latching and ports
(gateway.media.line), files (gateway.media.recording), tones in the sound (gateway.media.tones).
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from gateway.media import g711, telephone_event
from gateway.media.keys import KeyMerger, KeySource
from gateway.media.play_queue import SILENCE, PlayQueue
from gateway.media.port import Clip, Codec, LegFigures
from gateway.media.rtcp import Sent
from gateway.media.rtp import (
    FRAME_SAMPLES,
    SEQ_MOD,
    TS_MOD,
    ReceivedStream,
    RtpPacket,
    build,
    parse,
    signed_distance,
)
from gateway.media.telephone_event import EventPayload
from gateway.media.timeline import Timeline
from gateway.media.tone_line import ToneLine
from gateway.media.tones import key_tone

JITTER_MS: Final = 60
SECURE_TAIL_S: Final = 0.250
HEARD_GAP_SAMPLES_MAX: Final = 16_000  # 2 s: a longer pause is a new time line, not a loss
HEARD_BLOCK_BYTES: Final = 1_600  # 200 ms per report


class LegAudio:
    """What one leg plays and hears, its keys and its figures.

    `random_bits(n)` seeds the source id, first sequence number and timestamp (RFC 3550 §5.1).
    """

    def __init__(
        self,
        random_bits: Callable[[int], int],
        hear: bool = False,
        jitter_ms: int = JITTER_MS,
    ) -> None:
        self._codec = Codec.PCMA
        self._event_type: int | None = None
        self.ssrc, self._seq = random_bits(32), random_bits(16)
        self._timestamp = random_bits(32)
        self._press_timestamp = 0
        self._is_first = True
        self._queue = PlayQueue()
        self._keys = telephone_event.KeyReceiver()
        self._merger = KeyMerger()
        self.stream = ReceivedStream()
        self._timeline = Timeline(jitter_ms)
        self._jitter_s = jitter_ms / 1000
        self._is_followed = False
        self.tone_line: ToneLine | None = None  # where key tones are searched
        self._is_secure, self._secure_until_s = False, 0.0
        self._sent = self._sent_octets = 0
        self._dropped = self._digit_count = 0
        self._hear = hear
        self._heard = bytearray()
        self._heard_next: int | None = None

    def set_format(self, codec: Codec, event_type: int | None) -> None:
        """Use this codec and payload type of telephone-event from now on, both ways."""
        self._codec, self._event_type = codec, event_type
        self._heard_next = None
        self._timeline.restart()

    def receive(self, datagram: bytes, arrival_s: float) -> str | None:
        """Take one datagram; return the key it begins, or None."""
        packet = parse(datagram)
        if packet is None:
            self._dropped += 1
            return None
        if packet.payload_type == self._codec:
            self.stream.note(packet, arrival_s)
            if self._is_followed:
                self._timeline.put(packet.timestamp, self._alaw_of(packet))
            if self.tone_line is not None:
                self.tone_line.put(packet, self._alaw_of(packet))
            if self._hear:
                self._note_heard(packet)
            return None
        if packet.payload_type != self._event_type:
            self._dropped += 1
            return None
        self.stream.note(packet, arrival_s, is_timed=False)
        key = self._keys.receive(packet)
        if key is None:
            if self._keys.is_down:
                self.hold(KeySource.EVENT, arrival_s)
            return None
        return key if self.press(KeySource.EVENT, key, arrival_s) else None

    def accepts(self, datagram: bytes) -> bool:
        """True when the datagram is RTP of this leg's format: only such a one may latch."""
        packet = parse(datagram)
        return packet is not None and packet.payload_type in (self._codec, self._event_type)

    def _alaw_of(self, packet: RtpPacket) -> bytes:
        if self._codec is Codec.PCMU:
            return packet.payload.translate(g711.MULAW_TO_ALAW)
        return packet.payload

    def press(self, source: KeySource, key: str, now_s: float) -> bool:
        """Take a key of one of its three sources; True when no other one told it before."""
        self._lengthen_tail(now_s)
        if not self._merger.press(source, key, now_s):
            return False
        self._digit_count += 1
        return True

    def hold(self, source: KeySource, now_s: float) -> None:
        """Note that the key which a source told last is still down."""
        self._merger.hold(source, now_s)
        self._lengthen_tail(now_s)

    def secure(self, is_on: bool, now_s: float) -> None:
        """Let nobody hear the far end, or, after the tail, everybody again."""
        if self._is_secure and not is_on:
            self._secure_until_s = now_s + SECURE_TAIL_S + self._jitter_s
        self._is_secure = is_on

    def is_secure(self, now_s: float) -> bool:
        """True while sound and keys of the far end are for the key receivers only."""
        return self._is_secure or now_s < self._secure_until_s

    def _lengthen_tail(self, now_s: float) -> None:
        if now_s < self._secure_until_s:  # what arrives now is heard after the jitter buffer
            self._secure_until_s = now_s + SECURE_TAIL_S + self._jitter_s

    def play(self, clips: Sequence[Clip], token: int, repeats: bool = False) -> None:
        """Queue clips, then a note that they are done."""
        self._queue.play(clips, token, repeats)

    def send_digits(self, digits: str, token: int | None = None) -> None:
        """Queue key presses: telephone-events, or tones for a far end that takes no events."""
        self._queue.press(digits, token)

    def stop(self) -> None:
        """Forget what is queued."""
        self._queue.stop()

    def relay(self, alaw: bytes) -> None:
        """Take 20 ms of the other side of the bridge."""
        self._queue.relay(alaw)

    def stop_relay(self) -> None:
        """Forget what came of the other side of the bridge."""
        self._queue.stop_relay()

    def follow(self, is_on: bool) -> None:
        """Keep the far end's sound on a time line, for one who takes `next_heard` every frame."""
        if is_on and not self._is_followed:
            self._timeline.restart()
        self._is_followed = is_on

    def take_tone_frames(self) -> deque[bytes]:
        """Return the frames that arrived for the search for key tones."""
        return deque() if self.tone_line is None else self.tone_line.take()

    def next_heard(self) -> bytes:
        """Return the next 20 ms of the far end in A-law, silence when nobody follows it."""
        return self._timeline.take()

    def settle_heard(self) -> None:
        """Drop what bunched up behind what was due; see `Timeline.settle`."""
        self._timeline.settle()

    def next_packet(self) -> tuple[bytes, bytes, list[int]]:
        """Return this frame's packet, its sound in A-law and the tokens of what ended before it."""
        item, done = self._queue.next_frame()
        if isinstance(item, EventPayload):
            if self._event_type is None:
                alaw = _tone_of(item)
                return self._sound_packet(alaw), alaw, done
            return self._key_packet(item, self._event_type), SILENCE, done
        return self._sound_packet(item), item, done

    def skip_frames(self, count: int) -> None:
        """Let `count` frames of time pass unsent, after a stall of the tick."""
        self._timestamp = (self._timestamp + count * FRAME_SAMPLES) % TS_MOD

    def _sound_packet(self, alaw: bytes) -> bytes:
        payload = alaw.translate(g711.ALAW_TO_MULAW) if self._codec is Codec.PCMU else alaw
        return self._packet(self._codec, self._is_first, self._timestamp, payload)

    def _key_packet(self, item: EventPayload, event_type: int) -> bytes:
        if item.marker:
            self._press_timestamp = self._timestamp
        return self._packet(event_type, item.marker, self._press_timestamp, item.payload)

    def _packet(self, payload_type: int, marker: bool, timestamp: int, payload: bytes) -> bytes:
        packet = build(RtpPacket(payload_type, marker, self._seq, timestamp, self.ssrc, payload))
        self._seq = (self._seq + 1) % SEQ_MOD
        self._timestamp = (self._timestamp + FRAME_SAMPLES) % TS_MOD
        self._is_first = False
        self._sent += 1
        self._sent_octets += len(payload)
        return packet

    @property
    def sent(self) -> Sent:
        """What has left so far."""
        return Sent(self._sent, self._sent_octets, self._timestamp)

    def _note_heard(self, packet: RtpPacket) -> None:
        gap = (
            0
            if self._heard_next is None
            else signed_distance(packet.timestamp, self._heard_next, TS_MOD)
        )
        if -HEARD_GAP_SAMPLES_MAX < gap < 0:
            return  # late or repeated: its place on the time line is taken
        if 0 < gap <= HEARD_GAP_SAMPLES_MAX:
            self._heard += g711.ALAW_SILENCE * gap
        self._heard += self._alaw_of(packet)
        self._heard_next = (packet.timestamp + len(packet.payload)) % TS_MOD

    def take_heard(self, at_end: bool = False) -> bytes:
        """Return the sound heard since the last call, in blocks of 200 ms or, at the end, all."""
        if not self._heard or (len(self._heard) < HEARD_BLOCK_BYTES and not at_end):
            return b""
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    @property
    def figures(self) -> LegFigures:
        """Counts so far."""
        return LegFigures(
            self._sent,
            self.stream.received,
            self.stream.lost,
            round(self.stream.jitter_ms, 2),
            self._dropped,
            self._digit_count,
        )


def _tone_of(item: EventPayload) -> bytes:
    """Return the part of a key's tone that sounds while this packet of its press would be sent."""
    event, flags, duration = telephone_event.PAYLOAD.unpack(item.payload)
    if flags & telephone_event.END_BIT:
        return SILENCE
    tone = key_tone(telephone_event.KEYS[event])[:duration]
    return tone[-FRAME_SAMPLES:]
