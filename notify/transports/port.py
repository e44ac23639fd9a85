"""What every way out promises: one `send`, four outcomes, and answers that come later.

Not here: retries, order and leases (notify.dispatcher). Every transport passes
tests/contract/test_transport.py.
"""

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from notify.notices import ReceiptState, Route


class Outgoing(NamedTuple):
    """One message to hand to the next hop.

    `message_key` is the same at every attempt: the next hop or the reader may drop repeats by it.
    `part_ids` holds what earlier attempts achieved: the id of each accepted part, "" for a part
    not accepted; empty when nothing was tried. `timeout_s` bounds the attempt.
    """

    notice_id: int
    message_key: str
    recipient: str
    subject: str
    text: str
    html: str
    part_ids: tuple[str, ...]
    timeout_s: float
    expires_s: float  # how long the message is worth delivering


class Sent(NamedTuple):
    """The next hop took responsibility; one id per part."""

    part_ids: tuple[str, ...]


class Temporary(NamedTuple):
    """Not taken; later may work. `is_attempt` is false when nothing was submitted."""

    code: str
    part_ids: tuple[str, ...] = ()
    is_attempt: bool = True


class Permanent(NamedTuple):
    """Refused for good: trying again will not help."""

    code: str
    part_ids: tuple[str, ...] = ()


class Unknown(NamedTuple):
    """Submitted without an answer: it may or may not go out."""

    code: str
    part_ids: tuple[str, ...] = ()


Outcome = Sent | Temporary | Permanent | Unknown


class Receipt(NamedTuple):
    """What became of one part, told by the next hop after it took the message.

    `reference` is the number we gave the part (`part_reference`), 0 when the receipt has none.
    """

    message_id: str
    recipient: str
    state: ReceiptState
    error: str
    reference: int
    at_ns: int


class LateAnswer(NamedTuple):
    """The answer to a part came after its attempt had been given up as unknown."""

    notice_id: int
    part_no: int
    part_count: int
    message_id: str


class TransportListener(Protocol):
    """Who hears what a transport learns between sends."""

    def on_ready(self) -> None:
        """The transport can send (again)."""

    def on_receipt(self, receipt: Receipt) -> Awaitable[None]:
        """Keep a receipt; it may be acknowledged to the next hop when the result fires."""

    def on_late_answer(self, answer: LateAnswer) -> None:
        """Keep a late answer."""


class Transport(Protocol):
    """One way out. All methods run on the reactor thread."""

    @property
    def route(self) -> Route:
        """The route it serves."""

    @property
    def window(self) -> int:
        """How many sends may be under way at once; at least 1."""

    @property
    def is_ready(self) -> bool:
        """Whether a send has a chance now."""

    async def start(self, listener: TransportListener) -> None:
        """Begin to connect. Returns at once; `on_ready` follows."""

    async def stop(self) -> None:
        """End every running send, leave the next hop politely, release everything."""

    async def send(self, message: Outgoing) -> Outcome:
        """Try once, within `message.timeout_s`; every expected end is a value."""


REFERENCE_PARTS_MAX = 16


def part_reference(notice_id: int, part_no: int) -> int:
    """Return the 16-bit number of a part (from 0), never 0, the same at every attempt."""
    assert 0 <= part_no < REFERENCE_PARTS_MAX, part_no
    return (notice_id * REFERENCE_PARTS_MAX + part_no) % 0xFFFF + 1
