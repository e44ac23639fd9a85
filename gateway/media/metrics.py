"""Metrics of media. Not here: figures of one leg (gateway.media.port.LegFigures)."""

from prometheus_client import Counter

from gateway.media.bank import LATE_BUCKETS_S

LEGS_LOST = Counter(
    "hotline_media_legs_lost",
    "Legs that ended because their media worker ended.",
)
FRAMES_LATE = Counter(
    "hotline_media_frame_late",
    "RTP frames sent, by how late the 20 ms clock was (upper bound in seconds).",
    labelnames=("le",),
)


def note_late_frames(counts: list[int]) -> None:
    """Add the frame counts of one beat, one per bucket of LATE_BUCKETS_S and one above."""
    for bound, count in zip((*map(str, LATE_BUCKETS_S), "+Inf"), counts, strict=True):
        if count:
            FRAMES_LATE.labels(bound).inc(count)
