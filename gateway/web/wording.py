"""Numbers, times and enums as they stand on the wire. Pure.

Not here: the shapes that hold them (gateway.web.schemas).
"""

import enum
from functools import lru_cache

from risk.domain.enums import Language
from risk.domain.ids import NS, china_time

_LANGUAGE_HEADER_CHARS_MAX = 200


@lru_cache(maxsize=1024)
def _second(at_s: int) -> str:
    return china_time(at_s * NS).strftime("%Y-%m-%dT%H:%M:%S")


def moment(at_ns: int) -> str:
    """Return RFC 3339 text in China time with microseconds; empty for 0 (never)."""
    if not at_ns:
        return ""
    at_s, rest_ns = divmod(at_ns, NS)
    return f"{_second(at_s)}.{rest_ns // 1000:06d}+08:00"


def word(value: enum.Enum) -> str:
    """Return an enum value as a word: OrdStatus.PARTIALLY_FILLED -> "partially_filled"."""
    return value.name.lower()


@lru_cache(maxsize=1024)
def language_of(accept_language: str) -> Language | None:
    """Return the better liked of zh and en (RFC 9110 §12.5.4), None when neither is named."""
    best, best_weight = None, 0.0
    for part in accept_language[:_LANGUAGE_HEADER_CHARS_MAX].split(","):
        tag, _, weight_text = part.strip().partition(";q=")
        try:
            weight = float(weight_text or 1)
        except ValueError:
            continue
        primary = tag.strip().lower().partition("-")[0]
        if primary in ("zh", "en") and weight > best_weight:
            best, best_weight = Language[primary.upper()], weight
    return best
