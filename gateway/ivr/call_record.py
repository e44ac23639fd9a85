"""What is kept of one call: who called, what was heard and keyed, what came of it.

The phone door fills it while the call lasts and gives it to a `CallLog` when the call is over.
Times are wall-clock Unix ns, offsets milliseconds since the answer. Digits of a secret never get
this far: they are kept as MASK. Not here: where it is kept and how it is proved (gateway.evidence).
"""

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

MASK: Final = "*"  # stands for one key of a secret
GATEWAY_ENDED: Final = "gateway_ended"  # close_reason of calls that a dying gateway took along


class Heard(msgspec.Struct, frozen=True):
    """A prompt as the caller heard it; `cut_ms` is when it was cut short, -1 when it was not."""

    at_ms: int
    state: str
    prompt: str  # key of config/prompts
    text: str
    language: str  # "zh" or "en"
    cut_ms: int = -1


class Keyed(msgspec.Struct, frozen=True):
    """One key press; `key` is MASK where a secret was asked for."""

    at_ms: int
    state: str
    key: str


class Acted(msgspec.Struct, frozen=True):
    """What the flow asked of the gateway and how it ended.

    `request_id` names the command in the journal, `cl_ord_id` the order it was about and
    `account_no` whose it is; all are empty for questions.
    """

    at_ms: int
    state: str
    action: str
    outcome: str
    request_id: str = ""
    cl_ord_id: str = ""
    account_no: str = ""


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call, complete."""

    call_no: str
    sip_call_id: str
    is_outbound: bool = False
    ani: str = ""
    dnis: str = ""
    trunk: str = ""
    branch_code: str = ""  # of the number dialled
    account_no: str = ""  # the last one whose PIN was right
    language: str = ""
    started_ns: int
    answered_ns: int = 0  # 0: never
    ended_ns: int = 0  # 0: it lasts
    close_reason: str = ""
    last_state: str = ""
    path: tuple[str, ...] = ()  # states in the order they were entered
    heard: tuple[Heard, ...] = ()
    keyed: tuple[Keyed, ...] = ()
    acted: tuple[Acted, ...] = ()
    agent: tuple[str, ...] = ()  # what the call centre told, as lines
    ladder: tuple[str, ...] = ()
    figures: dict[str, float] = {}  # of the audio: packets, losses, jitter
    recording: str = ""  # file below the recordings folder, empty when there is none
    recording_sha256: str = ""
    recording_started_ns: int = 0


class CallLog(Protocol):
    """Who keeps call records (gateway.evidence). What it is given is kept sooner or later."""

    def begin(self, record: CallRecord) -> "Deferred[None]":
        """A call has come (`ended_ns` 0): it leaves a record even when the gateway dies with it."""
        ...

    def note(self, record: CallRecord) -> "Deferred[None]":
        """A call is over; fires when its record is durable."""
        ...
