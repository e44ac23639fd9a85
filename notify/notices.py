"""The words of this floor: contact, notice, route, kind and state.

Not here: how an event becomes a notice (notify.plan) or how one is kept (notify.outbox).
"""

import enum
from typing import Final, NamedTuple, Protocol

from risk.domain.enums import Language


class Route(enum.IntEnum):
    """The way out."""

    SMS = 1
    MAIL = 2


class NoticeKind(enum.StrEnum):
    """What is told; also the name of the template files."""

    FILLED = "filled"
    FILL_BUSTED = "fill_busted"
    ORDER_REJECTED = "order_rejected"
    ORDER_CANCELED = "order_canceled"
    ORDER_EXPIRED = "order_expired"
    CANCEL_REJECTED = "cancel_rejected"
    ALERT_FIRED = "alert_fired"
    PIN_CHANGED = "pin_changed"
    STATEMENT = "statement"


class NoticeState(enum.IntEnum):
    """Where a notice is. Up to OPEN_STATE_MAX it may still be sent."""

    WAITING = 1
    SENDING = 2  # leased by a dispatcher
    UNKNOWN = 3  # submitted, the answer never came: a receipt or a late answer may settle it
    SENT = 4  # the next hop took it
    DEAD = 5  # given up; a person may queue it again


OPEN_STATE_MAX: Final = NoticeState.UNKNOWN


class ReceiptState(enum.IntEnum):
    """What the message centre says of a message (SMPP 3.4 section 5.2.28 message_state)."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


class Contact(Protocol):
    """How to reach the holder of an account; an empty field means the route is not wanted.

    `mobile` is E.164 ("+8613800138000"), `email` one address.
    """

    @property
    def name(self) -> str:
        """Name for the salutation."""

    @property
    def mobile(self) -> str:
        """Number for SMS."""

    @property
    def email(self) -> str:
        """Address for mail."""

    @property
    def language(self) -> Language:
        """Language of every text."""


class Notice(NamedTuple):
    """One message to one customer by one route, planned from one event.

    `(event_seq, route)` is its key: the same event never makes it twice.
    """

    event_seq: int
    route: Route
    kind: NoticeKind
    account_no: str
    cl_ord_id: str
    language: Language
    recipient: str
    subject: str
    text: str
    html: str
    event_ns: int
    expires_ns: int


class NoticeTrace(NamedTuple):
    """The evidence of one notice: what was planned, sent and delivered, and when (Unix ns or 0)."""

    notice_id: int
    event_seq: int
    route: Route
    kind: NoticeKind
    state: NoticeState
    cl_ord_id: str
    recipient_tail: str
    text: str
    event_ns: int
    planned_ns: int
    sent_ns: int
    receipt_ns: int
    receipt_state: ReceiptState | None
    attempts: int
    message_ids: tuple[str, ...]
    reason: str


def recipient_tail(recipient: str) -> str:
    """Return what of an address may be shown: "*8000" of a number, "*@x.cn" of a mail address."""
    name, at, domain = recipient.rpartition("@")
    return f"*@{domain}" if at and name else f"*{recipient[-4:]}"
