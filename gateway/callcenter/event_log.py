"""Every event of the desk as one line of the log. Not here: who else hears them (…events.DeskBus).

A caller's card stays out of it: it holds an account number and what was keyed.
"""

import enum
import re
from typing import Final

import structlog

from gateway.callcenter.events import CallerShown, DeskEvent

log = structlog.get_logger("callcenter")

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")


def note(event: DeskEvent) -> None:
    """Log one event; subscribe it to the desk's bus."""
    name = _WORD.sub("_", type(event).__name__).lower()
    if isinstance(event, CallerShown):
        card = event.card
        log.info(f"callcenter.{name}", call_no=card.call_no, agent=event.agent, queue=card.queue)
        return
    fields = {
        key: value.value if isinstance(value, enum.Enum) else value
        for key, value in event._asdict().items()
        if key != "at_ns"  # a line has its own time
    }
    log.info(f"callcenter.{name}", **fields)
