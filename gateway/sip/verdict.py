"""What becomes of a request before anything is kept of it; the gate gives it, transactions obey.

Not here: how it is found (gateway.sip.gate).
"""

from typing import Final, NamedTuple

RETRY_AFTER: Final = (("Retry-After", "10"),)  # goes along with a 503


class Verdict(NamedTuple):
    """In, or an answer that keeps nothing; status 0 is silence."""

    is_admitted: bool
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()


ADMITTED: Final = Verdict(True)
SILENCE: Final = Verdict(False)
BUSY: Final = Verdict(False, 503, RETRY_AFTER)
