"""The one place where a bug is caught: it costs its call or request, and nobody else's.

Not here: what foreign bytes do wrong, which are SipErrors and answered.
"""

from collections.abc import Callable

import structlog

from gateway.sip import metrics

log = structlog.get_logger("sip")


def contained(event: str, call: Callable[[], object], **fields: object) -> bool:
    """Call; True when it returned. A failure is counted and logged as `event` with `fields`."""
    try:
        call()
    except Exception:
        metrics.FAILURES.inc()
        log.exception(event, **fields)
        return False
    return True
