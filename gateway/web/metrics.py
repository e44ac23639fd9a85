"""Metrics of the web door, declared once; nothing is computed here."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "hotline_web_requests",
    "Answered requests, by route (the call of the route table) and status.",
    labelnames=("route", "status"),
)
REQUEST_SECONDS: Final = Histogram(
    "hotline_web_request_seconds",
    "Time from a request's head to its answer, by route.",
    labelnames=("route",),
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
CONNECTIONS_REFUSED: Final = Counter(
    "hotline_web_connections_refused",
    "Connections closed at once because as many as allowed were open.",
)
STREAMS: Final = Gauge(
    "hotline_web_streams",
    "Open streams.",
)
STREAMS_ENDED: Final = Counter(
    "hotline_web_streams_ended",
    "Streams ended by us, by why.",
    labelnames=("why",),
)
STREAM_MESSAGES: Final = Counter(
    "hotline_web_stream_messages",
    "Messages taken from streams, by type.",
    labelnames=("type",),
)
