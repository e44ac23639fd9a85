"""What a runner needs of a call (gateway.sip.incoming.IncomingCall), and the record it begins.

Not here: calls themselves (gateway.sip).
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.ivr.call_record import CallRecord
from gateway.sip.desk_port import DeskCall


class CallLadder(Protocol):
    """The messages of a call."""

    def lines(self) -> Sequence[str]:
        """Return one line per message."""
        ...


class LiveCall(DeskCall, Protocol):
    """A call that is answered, or about to be."""

    ani: str
    dnis: str
    privacy: bool

    @property
    def trunk(self) -> str:
        """The trunk it came by, empty when by none."""
        ...

    @property
    def sip_call_id(self) -> str:
        """Call-ID of its dialog."""
        ...

    @property
    def ladder(self) -> CallLadder:
        """What was sent and received."""
        ...

    def hangup(self) -> None:
        """End the call; harmless when it is over."""


def first_record(call: LiveCall, branch_code: str, now_ns: int, *, is_outbound: bool) -> CallRecord:
    """Return the record of a call that has just come, or was just placed."""
    return CallRecord(
        is_outbound=is_outbound,
        call_no=call.call_no,
        sip_call_id=call.sip_call_id,
        ani=call.ani,
        dnis=call.dnis,
        trunk=call.trunk,
        branch_code=branch_code,
        started_ns=now_ns,
    )
