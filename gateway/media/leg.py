"""One leg's audio as a pure machine: packets in, one packet per 20 ms out, events beside.

Driven by a tick that gives the time; owns no socket and no clock. Not here: latching and ports
(gateway.media.bank), recording (a later release).
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from gateway.media import g711, telephone_event
from gateway.media.port import Clip, Codec, LegFigures
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

QUEUE_MAX: Final = 2_000  # clips and key frames waiting in one leg
HEARD_GAP_SAMPLES_MAX: Final = 16_000  # 2 s: a longer pause is a new time line, not a loss
HEARD_BLOCK_BYTES: Final = 1_600  # 200 ms per report


class _Done(NamedTuple):
    token: int


_Key = telephone_event.EventPayload | None
_Queued = bytes | _Key | _Done
_SILENCE: Final = g711.ALAW_SILENCE * FRAME_SAMPLES


class LegAudio:
    """Play queue, key receiver and figures of one leg.

    `random_bits(n)` seeds the source id, first sequence number and timestamp (RFC 3550 §5.1).
    """

    def __init__(self, random_bits: Callable[[int], int], hear: bool = False) -> None:
        self._codec = Codec.PCMA
        self._event_type: int | None = None
        self._ssrc, self._seq = random_bits(32), random_bits(16)
        self._timestamp = random_bits(32)
        self._queue: deque[_Queued] = deque()
        self._clip, self._clip_at = b"", 0
        self._press_timestamp = 0
        self._is_first = True
        self._keys = telephone_event.KeyReceiver()
        self._stream = ReceivedStream()
        self._sent = self._dropped = self._digit_count = 0
        self._hear = hear
        self._heard = bytearray()
        self._heard_next: int | None = None

    def set_format(self, codec: Codec, event_type: int | None) -> None:
        """Use this codec and payload type of telephone-event from now on, both ways."""
        self._codec, self._event_type = codec, event_type
        self._heard_next = None

    def receive(self, datagram: bytes, arrival_s: float) -> str | None:
        """Take one datagram; return the key it begins, or None."""
        packet = parse(datagram)
        if packet is None:
            self._dropped += 1
            return None
        if packet.payload_type == self._codec:
            self._stream.note(packet, arrival_s)
            if self._hear:
                self._note_heard(packet)
            return None
        if packet.payload_type != self._event_type:
            self._dropped += 1
            return None
        self._stream.note(packet, arrival_s, is_timed=False)
        key = self._keys.receive(packet)
        if key is not None:
            self._digit_count += 1
        return key

    def accepts(self, datagram: bytes) -> bool:
        """True when the datagram is RTP of this leg's format: only such a one may latch."""
        packet = parse(datagram)
        return packet is not None and packet.payload_type in (self._codec, self._event_type)

    def play(self, clips: Sequence[Clip], token: int) -> None:
        """Queue clips, then a note that they are done."""
        self._enqueue([clip.alaw for clip in clips], token)

    def send_digits(self, digits: str, token: int) -> None:
        """Queue key presses; without a telephone-event format they pass as silence."""
        self._enqueue([frame for key in digits for frame in telephone_event.press(key)], token)

    def _enqueue(self, items: Sequence[bytes | _Key], token: int) -> None:
        room = QUEUE_MAX - len(self._queue)
        self._queue.extend(items[: max(0, room)])
        self._queue.append(_Done(token))

    def stop(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
        self._clip, self._clip_at = b"", 0

    def next_packet(self) -> tuple[bytes, list[int]]:
        """Return the packet of this 20 ms frame, and the tokens of what ended before it."""
        done: list[int] = []
        alaw = self._clip[self._clip_at : self._clip_at + FRAME_SAMPLES]
        self._clip_at += FRAME_SAMPLES
        while len(alaw) < FRAME_SAMPLES:
            item = self._queue.popleft() if self._queue else _SILENCE
            if isinstance(item, _Done):
                if alaw:  # the last samples still leave in this frame: tell it in the next
                    self._queue.appendleft(item)
                    item = _SILENCE[len(alaw) :]
                else:
                    done.append(item.token)
                    continue
            if not isinstance(item, bytes):
                if alaw:  # keys begin on a frame of their own
                    self._queue.appendleft(item)
                    item = _SILENCE[len(alaw) :]
                else:
                    return self._key_packet(item), done
            missing = FRAME_SAMPLES - len(alaw)
            self._clip, self._clip_at = item, missing
            alaw += item[:missing]
        return self._sound_packet(alaw), done

    def skip_frames(self, count: int) -> None:
        """Let `count` frames of time pass unsent, after a stall of the tick."""
        self._timestamp = (self._timestamp + count * FRAME_SAMPLES) % TS_MOD

    def _sound_packet(self, alaw: bytes) -> bytes:
        payload = alaw.translate(g711.ALAW_TO_MULAW) if self._codec is Codec.PCMU else alaw
        return self._packet(self._codec, self._is_first, self._timestamp, payload)

    def _key_packet(self, item: _Key) -> bytes:
        if item is None or self._event_type is None:
            return self._sound_packet(_SILENCE)
        if item.marker:
            self._press_timestamp = self._timestamp
        return self._packet(self._event_type, item.marker, self._press_timestamp, item.payload)

    def _packet(self, payload_type: int, marker: bool, timestamp: int, payload: bytes) -> bytes:
        packet = build(RtpPacket(payload_type, marker, self._seq, timestamp, self._ssrc, payload))
        self._seq = (self._seq + 1) % SEQ_MOD
        self._timestamp = (self._timestamp + FRAME_SAMPLES) % TS_MOD
        self._is_first = False
        self._sent += 1
        return packet

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
        is_mulaw = self._codec is Codec.PCMU
        self._heard += packet.payload.translate(g711.MULAW_TO_ALAW) if is_mulaw else packet.payload
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
            self._stream.received,
            self._stream.lost,
            round(self._stream.jitter_ms, 2),
            self._dropped,
            self._digit_count,
        )
