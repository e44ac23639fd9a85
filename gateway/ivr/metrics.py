"""Metrics of the phone door. Not here: SIP and media figures."""

from prometheus_client import Counter, Gauge, Histogram

CALLS = Gauge("hotline_ivr_calls", "Calls in a call flow now.")
LINES_IN_USE = Gauge(
    "hotline_ivr_lines_in_use",
    "Calls in a call flow now, by the branch whose number was dialled (empty: the firm's).",
    labelnames=("branch_code",),
)
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
    "hotline_dtmf_invalid",
    "Keys and entries a caller was told are not valid, by state of the flow.",
    labelnames=("state",),
)
TIMEOUTS = Counter(
    "hotline_ivr_timeouts",
    "Tries used up because nothing, or not enough, was keyed, by state of the flow.",
    labelnames=("state",),
)
CONFIRMATIONS = Counter(
    "hotline_ivr_confirmations",
    "Read-backs that callers confirmed or refused, by what would have been done.",
    labelnames=("action", "answer"),
)
KEY_TO_PROMPT_SECONDS = Histogram(
    "hotline_ivr_key_to_prompt_seconds",
    "Time from a key to the prompt that answers it, the gateway's own thinking included.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10),
)
NOTICE_CALLS = Counter(
    "hotline_ivr_notice_calls", "Calls placed to read out a notice, by outcome.", ("outcome",)
)
CALLS_FAILED = Counter("hotline_ivr_calls_failed", "Calls ended with an apology after a bug.")
RECORDS_LATE = Counter(
    "hotline_ivr_records_late", "Call records kept without their recording, which came too late."
)
