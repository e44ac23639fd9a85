"""Metrics of the FIX floor, declared once. Message types outside our list count as "other"."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

MSG_TYPES: Final = frozenset("01234589ADFHVWXYj")

SESSION_UP: Final = Gauge(
    "hotline_fix_session_up",
    "1 while the session is logged on.",
    labelnames=("session",),
)
SENT: Final = Counter(
    "hotline_fix_sent_messages",
    "Application messages handed to the session, by MsgType(35).",
    labelnames=("msg_type",),
)
RECEIVED: Final = Counter(
    "hotline_fix_received_messages",
    "Messages of the venue that we read, by MsgType(35).",
    labelnames=("msg_type",),
)
UNREADABLE: Final = Counter(
    "hotline_fix_unreadable_messages",
    "Messages of the venue that we or QuickFIX refused, by MsgType(35).",
    labelnames=("msg_type",),
)
CALLBACK_FAILURES: Final = Counter(
    "hotline_fix_callback_failures",
    "Bugs caught in a QuickFIX callback, a message's reading or a turn of the edge.",
)
NUMBER_FAULTS: Final = Counter(
    "hotline_fix_number_faults",
    "Logons refused because a message number was too low, by whose number it was.",
    labelnames=("side",),
)
MESSAGES_NOT_KEPT: Final = Counter(
    "hotline_fix_messages_not_kept",
    "Messages, or writes of several, that are missing in the file of messages.",
)
HANDOVER_DEPTH: Final = Gauge(
    "hotline_fix_handover_depth",
    "Messages taken from QuickFIX in the last poll.",
)
PARKED: Final = Gauge(
    "hotline_fix_parked_messages",
    "Orders and cancel requests that wait for the session or for room.",
)
UNANSWERED: Final = Gauge(
    "hotline_fix_unanswered_orders",
    "Orders sent that no report has answered yet.",
)
ORDER_TO_WIRE_SECONDS: Final = Histogram(
    "hotline_order_to_wire_seconds",
    "From the decision of an order to its hand-over to the FIX session.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10),
)
STATUS_REQUESTS: Final = Counter(
    "hotline_fix_status_requests",
    "OrderStatusRequest(H) sent, by why.",
    labelnames=("why",),
)
RESENT: Final = Counter(
    "hotline_fix_resent_messages",
    "Orders and cancel requests sent with PossResend(97)=Y after the venue did not know them.",
    labelnames=("msg_type",),
)


def label(msg_type: str) -> str:
    """Return the label of a message type."""
    return msg_type if msg_type in MSG_TYPES else "other"
