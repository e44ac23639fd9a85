"""Metrics of the phone door. Not here: SIP and media figures."""

from prometheus_client import Counter, Gauge, Histogram

CALLS = Gauge("hotline_ivr_calls", "Calls in a call flow now.")
CALLS_REFUSED = Counter(
    "hotline_ivr_calls_refused", "Calls not taken by the phone door, by why.", labelnames=("why",)
)
CALL_SECONDS = Histogram(
    "hotline_ivr_call_seconds",
    "Length of a call from answer to its end.",
    buckets=(5, 15, 30, 60, 120, 300, 600, 1800),
)
OUTCOMES = Counter(
    "hotline_ivr_outcomes",
    "Outcomes of what call flows asked of the gateway.",
    labelnames=("action", "outcome"),
)
DTMF_INVALID = Counter(
    "hotline_dtmf_invalid", "Entries a caller was told are not valid, or were not keyed in time."
)
CALLS_FAILED = Counter("hotline_ivr_calls_failed", "Calls ended with an apology after a bug.")
