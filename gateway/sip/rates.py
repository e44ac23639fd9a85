"""Token buckets by key: how much of something one host, or one name, may have.

Not here: what is limited (gateway.sip.transport, gateway.sip.gate,
gateway.sip.registrar).
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from twisted.internet.interfaces import IReactorTime

KEYS_MAX: Final = 4096


class Rates:
    """A token bucket per key, for the KEYS_MAX keys seen last."""

    def __init__(self, per_s: float, burst: float, clock: IReactorTime) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def admits(self, key: Hashable) -> bool:
        """Take one token of the key; False when it has none left."""
        now_s = self._clock.seconds()
        tokens, at_s = self._buckets.pop(key, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - at_s) * self._per_s)
        is_admitted = tokens >= 1
        self._buckets[key] = (tokens - 1 if is_admitted else tokens, now_s)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        return is_admitted

    def is_spent(self, key: Hashable) -> bool:
        """Return True when the key has no token left; none is taken."""
        now_s = self._clock.seconds()
        tokens, at_s = self._buckets.get(key, (self._burst, now_s))
        return tokens + (now_s - at_s) * self._per_s < 1
