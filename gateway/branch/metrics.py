"""Metrics of the branch door, declared once."""

from typing import Final

from prometheus_client import Counter, Gauge

CONNECTIONS: Final = Gauge("hotline_branch_connections", "Branch connections that are open.")
REQUESTS: Final = Counter(
    "hotline_branch_requests", "Orders and cancels that branches asked for.", labelnames=("type",)
)
INVALID: Final = Counter("hotline_branch_invalid", "Requests that were none.")
CUT: Final = Counter(
    "hotline_branch_cut", "Connections the gateway ended, by refusal code.", labelnames=("code",)
)
