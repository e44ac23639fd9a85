"""What all calls of the phone door share. Not here: what one call has (gateway.ivr.runner)."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import PhoneActions
from gateway.ivr.call_record import CallLog
from gateway.ivr.settings import PhoneSettings
from gateway.media.voice import Voice
from gateway.sip.desk_port import AgentDesk


class Fittings(NamedTuple):
    """What all calls of a door share. `recordings` is a folder, None when nothing is recorded."""

    voice: Voice
    actions: PhoneActions
    settings: PhoneSettings
    tasks: Tasks
    clock: IReactorTime
    now_ns: Callable[[], int]
    desk: AgentDesk | None = None
    call_log: CallLog | None = None
    recordings: Path | None = None
