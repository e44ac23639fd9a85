"""Token buckets by key: how much of something one host, or one name, may have.

Not here: what is limited (gateway.sip.gate, gateway.sip.registrar).
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
        tokens = self._tokens(key)
        is_admitted = tokens >= 1
        self._buckets[key] = (tokens - 1 if is_admitted else tokens, self._clock.seconds())
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        return is_admitted

    def is_spent(self, key: Hashable) -> bool:
        """Return True when the key has no token left; none is taken."""
        return self._tokens(key) < 1

    def _tokens(self, key: Hashable) -> float:
        tokens, at_s = self._buckets.get(key, (self._burst, 0.0))
        return min(self._burst, tokens + (self._clock.seconds() - at_s) * self._per_s)
