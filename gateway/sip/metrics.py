"""Metrics of signalling, declared once; nothing is computed here."""

import enum
from typing import Final

from prometheus_client import Counter, Gauge


class InviteOutcome(enum.Enum):
    """How an INVITE that we received ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LOST = "lost"


class Drop(enum.Enum):
    """Why something that arrived was not answered."""

    FLOOD = "flood"
    OVERSIZED = "oversized"
    UNREADABLE = "unreadable"
    STRAY_RESPONSE = "stray_response"
    STRAY_ACK = "stray_ack"
    KEEPALIVE = "keepalive"
    CONNECTION = "connection"  # one more than its host, or all hosts, may have


class Registration(enum.Enum):
    """What became of a REGISTER with credentials, or of an INVITE of a phone."""

    TAKEN = "taken"
    GUESSED = "guessed"  # wrong password or unknown name
    LOCKED = "locked"  # too many guesses before


class Turned(enum.Enum):
    """Why the gate turned a message away."""

    STRANGER_DROPPED = "stranger_dropped"
    STRANGER_REFUSED = "stranger_refused"
    NUMBER = "number"  # not ours on that trunk
    HOST_RATE = "host_rate"
    RATE = "rate"
    LINES = "lines"  # all of the trunk's in use
    UNPROVED = "unproved"  # a phone asked for credentials, or with wrong ones


CALLS_ACTIVE: Final = Gauge("hotline_calls_active", "Calls in any state before their end.")
INVITES: Final = Counter(
    "hotline_sip_invites",
    "INVITEs from callers that began a call, by how they ended.",
    labelnames=("outcome",),
)
INVITES_BY: Final = {outcome: INVITES.labels(outcome.value) for outcome in InviteOutcome}
RETRANSMISSIONS: Final = Counter(
    "hotline_sip_retransmissions",
    "Messages sent again because no answer came, or received again.",
    labelnames=("way",),
)
DROPPED: Final = Counter(
    "hotline_sip_dropped",
    "Datagrams dropped without an answer, by reason.",
    labelnames=("reason",),
)
MALFORMED: Final = Counter(
    "hotline_sip_malformed",
    "Requests answered with an error before any transaction, because they were not acceptable.",
)
FAILURES: Final = Counter(
    "hotline_sip_failures",
    "Requests and calls that a bug of ours ended; the log has the traceback.",
)
SENT_AGAIN: Final = RETRANSMISSIONS.labels("sent")
RECEIVED_AGAIN: Final = RETRANSMISSIONS.labels("received")
REGISTRATIONS: Final = Counter(
    "hotline_sip_registrations",
    "REGISTERs of agents' phones and their guesses at passwords, by outcome.",
    labelnames=("outcome",),
)
PHONES_REGISTERED: Final = Gauge(
    "hotline_sip_phones_registered", "Agents' phones that can be reached now."
)
TURNED_AWAY: Final = Counter(
    "hotline_sip_turned_away",
    "Messages turned away before anything was kept of them, by reason.",
    labelnames=("reason",),
)
TRUNK_LINES: Final = Gauge(
    "hotline_sip_trunk_lines", "Lines of a trunk in use, both directions.", labelnames=("trunk",)
)
TRUNK_UP: Final = Gauge(
    "hotline_sip_trunk_up", "1 while a trunk answers, 0 when it is down.", labelnames=("trunk",)
)
TRUNK_BLOCKED: Final = Counter(
    "hotline_sip_trunk_blocked",
    "Calls refused because all lines of their trunk were in use.",
    labelnames=("trunk",),
)
