"""What a leg will send: clips, keys, notes of what is done and the other side of a bridge.

Pure: one item of 20 ms per call, sound as A-law. Not here: RTP packets (gateway.media.leg).
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.media import g711, telephone_event
from gateway.media.port import Clip
from gateway.media.rtp import FRAME_SAMPLES
from gateway.media.telephone_event import EventPayload

QUEUE_MAX: Final = 2_000  # clips and key frames waiting in one leg
RELAYED_MAX: Final = 3  # frames of the other side that wait: more is an echo, not comfort
SILENCE: Final = g711.ALAW_SILENCE * FRAME_SAMPLES


class _Done(NamedTuple):
    token: int


class _Again(NamedTuple):
    """Play these once more, unless something else waits by now."""

    clips: tuple[bytes, ...]
    token: int


class _Pause(NamedTuple):
    """A frame between two keys."""


_Queued = bytes | EventPayload | _Pause | _Done | _Again
_PAUSE: Final = _Pause()


class PlayQueue:
    """Sound and keys of one leg in their order; the other side of its bridge when it is empty."""

    def __init__(self) -> None:
        self._queue: deque[_Queued] = deque()
        self._clip, self._clip_at = b"", 0
        self._relayed: deque[bytes] = deque(maxlen=RELAYED_MAX)

    def play(self, clips: Sequence[Clip], token: int, repeats: bool = False) -> None:
        """Queue clips, then a note that they are done."""
        sounds = tuple(clip.alaw for clip in clips if clip.alaw)[:QUEUE_MAX]
        self._enqueue(sounds)
        self._queue.append(_Again(sounds, token) if repeats and sounds else _Done(token))

    def press(self, digits: str, token: int | None = None) -> None:
        """Queue key presses, then a note when there is a token."""
        for key in digits:
            frames = telephone_event.press(key)
            self._enqueue([_PAUSE if frame is None else frame for frame in frames])
        if token is not None:
            self._queue.append(_Done(token))

    def _enqueue(self, items: Sequence[_Queued]) -> None:
        room = QUEUE_MAX - len(self._queue)
        self._queue.extend(items[: max(0, room)])

    def relay(self, alaw: bytes) -> None:
        """Take 20 ms of the other side; it is heard when nothing is queued."""
        self._relayed.append(alaw)

    def stop_relay(self) -> None:
        """Forget what came of the other side."""
        self._relayed.clear()

    def stop(self) -> None:
        """Forget what is queued."""
        self._queue.clear()
        self._clip, self._clip_at = b"", 0

    def next_frame(self) -> tuple[bytes | EventPayload, list[int]]:
        """Return 20 ms of A-law or one key packet, and the tokens of what ended before it."""
        done: list[int] = []
        alaw = self._clip[self._clip_at : self._clip_at + FRAME_SAMPLES]
        self._clip_at += FRAME_SAMPLES
        while len(alaw) < FRAME_SAMPLES:
            item = self._next_item()
            if isinstance(item, bytes):
                missing = FRAME_SAMPLES - len(alaw)
                self._clip, self._clip_at = item, missing
                alaw += item[:missing]
            elif isinstance(item, _Again) and not self._queue:
                self._queue.extend((*item.clips, item))
            elif alaw:
                # Keys begin on a frame of their own; and the last samples of a clip still leave
                # in this frame: its end is told in the next.
                self._queue.appendleft(item)
                alaw += SILENCE[len(alaw) :]
            elif isinstance(item, EventPayload):
                return item, done
            elif isinstance(item, _Pause):
                return SILENCE, done
            else:
                done.append(item.token)
        return alaw, done

    def _next_item(self) -> _Queued:
        if self._queue:
            return self._queue.popleft()
        return self._relayed.popleft() if self._relayed else SILENCE
