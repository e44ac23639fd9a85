"""One press is one key: merges what RFC 4733, tones in the sound and SIP INFO tell of it.

Pure; the caller gives the time. Each source tells the presses it saw in their order, late, and may
miss some. A press is told to the call by whichever source is first; each other source may then
claim it once. So a source that tells the same key twice means two presses, and two sources that
tell it once each mean one. Not here: how a source finds its keys.

The windows are as long as one press may be apart in two sources, counted from its last sign:

* sound and events travel together: they differ by the jitter buffer (at most 200 ms), the 40 ms
  that a tone needs to be known and the network's jitter: 1 s is ample;
* INFO is sent when the key is released and again after 0.5, 1.5 and 3.5 s when it is lost
  (RFC 3261 §17.1.2.2, T1 = 500 ms): 4 s.

Long windows are safe because claims are counted, not timed: within one of them a key is lost only
when two sources both miss a press of the same key, and not the same one; a repeated key is never
taken for an echo of itself.
"""

import enum
from collections import deque
from typing import Final

SOUND_WINDOW_S: Final = 1.0
INFO_WINDOW_S: Final = 4.0
PRESSES_MAX: Final = 64  # remembered of one leg: sixteen a second for the longest window


class KeySource(enum.IntEnum):
    """A way in which a key comes; the values are bits."""

    EVENT = 1
    TONE = 2
    INFO = 4


class _Press:
    """A press that the call was told of."""

    __slots__ = ("key", "seen_s", "sources")

    def __init__(self, key: str, source: KeySource, now_s: float) -> None:
        self.key, self.sources, self.seen_s = key, int(source), now_s

    def is_open_to(self, source: KeySource, now_s: float) -> bool:
        """True when `source` may still tell this press a second time."""
        if self.sources & source:
            return False
        by_info_alone = source is KeySource.INFO or self.sources == KeySource.INFO
        window_s = INFO_WINDOW_S if by_info_alone else SOUND_WINDOW_S
        return now_s - self.seen_s <= window_s


class KeyMerger:
    """The presses of one leg."""

    def __init__(self) -> None:
        self._presses: deque[_Press] = deque(maxlen=PRESSES_MAX)

    def press(self, source: KeySource, key: str, now_s: float) -> bool:
        """Return True when this is a press of its own, False when it was told before."""
        presses = self._presses
        while presses and now_s - presses[0].seen_s > INFO_WINDOW_S:
            presses.popleft()
        for press in presses:
            if press.key == key and press.is_open_to(source, now_s):
                press.sources |= source
                press.seen_s = max(press.seen_s, now_s)
                return False
        presses.append(_Press(key, source, now_s))
        return True

    def hold(self, source: KeySource, now_s: float) -> None:
        """Note that the newest press of `source` is still down: its window begins anew."""
        for press in reversed(self._presses):
            if press.sources & source:
                press.seen_s = now_s
                return
