"""Metrics of the heart and its journal, declared once; nothing is computed here."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

COMMANDS: Final = Counter(
    "hotline_core_commands",
    "Commands taken into a batch, by type.",
    labelnames=("type",),
)
ORDERS_DENIED: Final = Counter(
    "hotline_orders_denied",
    "Orders the gateway denied, by first reason and by the channel they came in.",
    labelnames=("reason", "channel"),
)
REPEATS: Final = Counter(
    "hotline_core_repeats",
    "Commands answered with the first outcome of the same request_id.",
)
BATCH_SIZE: Final = Histogram(
    "hotline_batch_size",
    "Commands decided in one turn of the reactor.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
TURN_SECONDS: Final = Histogram(
    "hotline_core_turn_seconds",
    "Time to decide and apply one batch on the reactor thread.",
    buckets=(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
)
INBOX_DEPTH: Final = Gauge(
    "hotline_core_inbox_depth",
    "Commands waiting for a turn.",
)
ACCEPTING: Final = Gauge(
    "hotline_core_accepting",
    "1 while new commands are taken, 0 while draining, -1 after a failure that stopped acceptance.",
)
SUBSCRIBER_FAILURES: Final = Counter(
    "hotline_bus_subscriber_failures",
    "Events lists a bus subscriber could not take, by subscriber.",
    labelnames=("subscriber",),
)
TASK_FAILURES: Final = Counter(
    "hotline_tasks_failures",
    "Background tasks that ended with an unexpected failure.",
)
JOURNAL_COMMIT_SECONDS: Final = Histogram(
    "hotline_journal_commit_seconds",
    "Time from append to durable, per batch.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
JOURNAL_BYTES: Final = Counter(
    "hotline_journal_written_bytes",
    "Bytes written to the journal.",
)
JOURNAL_PENDING: Final = Gauge(
    "hotline_journal_pending_batches",
    "Batches appended and not yet durable.",
)
JOURNAL_FAILED: Final = Gauge(
    "hotline_journal_failed",
    "1 after a write or sync failed: nothing is accepted any more until a restart.",
)
