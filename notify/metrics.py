"""Metrics of this floor, declared once; nothing is computed here."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PLANNED: Final = Counter(
    "hotline_notices_planned",
    "Notices planned from events, by route and kind.",
    labelnames=("route", "kind"),
)
UNADDRESSED: Final = Counter(
    "hotline_notices_unaddressed",
    "Events to be told whose account has no contact for any route.",
)
SETTLED: Final = Counter(
    "hotline_notices_settled",
    "Attempts by their outcome: sent, temporary, permanent, unknown.",
    labelnames=("route", "outcome"),
)
DIED: Final = Counter(
    "hotline_notices_died",
    "Notices that became dead letters.",
    labelnames=("route",),
)
OUTBOX_DEPTH: Final = Gauge(
    "hotline_outbox_depth",
    "Notices that are planned and not yet sent.",
    labelnames=("route",),
)
OUTBOX_DEAD: Final = Gauge(
    "hotline_outbox_dead",
    "Dead letters: a person must look (hotline notices list).",
    labelnames=("route",),
)
OUTBOX_OLDEST_SECONDS: Final = Gauge(
    "hotline_outbox_oldest_seconds",
    "Age of the oldest notice that is not yet sent.",
    labelnames=("route",),
)
FILL_TO_NOTICE_SECONDS: Final = Histogram(
    "hotline_fill_to_notice_seconds",
    "Time from the recorded event until the next hop took its notice.",
    labelnames=("route",),
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
DLR_SECONDS: Final = Histogram(
    "hotline_dlr_seconds",
    "Time from the message centre's acceptance to the final delivery receipt.",
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400),
)
RECEIPTS: Final = Counter(
    "hotline_notices_receipts",
    "Delivery receipts that told something new, by state.",
    labelnames=("state",),
)
PLAN_SECONDS: Final = Histogram(
    "hotline_notices_plan_seconds",
    "Time to plan one batch of events and commit it.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
OUTBOX_FAILURES: Final = Counter(
    "hotline_outbox_failures",
    "Transactions on the outbox that failed and are tried again.",
)
SMPP_BOUND: Final = Gauge(
    "hotline_smpp_bound",
    "1 while the link to the message centre is bound.",
)
SMPP_THROTTLED: Final = Counter(
    "hotline_smpp_throttled",
    "Submits the message centre answered with throttled or queue full.",
)
SMPP_IN_FLIGHT: Final = Gauge(
    "hotline_smpp_in_flight",
    "Submits without an answer.",
)
