"""Metrics of media. Not here: figures of one leg (gateway.media.port.LegFigures)."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import REGISTRY, Counter
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from gateway.media.bank import LATE_BUCKETS_S

LEGS_LOST = Counter(
    "hotline_media_legs_lost",
    "Legs that ended because their media worker ended.",
)

NAMES_LEFT_OUT = Counter(
    "hotline_media_names_left_out",
    "Names of securities that could not be rendered for a prompt; their codes were spoken.",
)
RECORDINGS_FAILED = Counter(
    "hotline_media_recordings_failed",
    "Recordings that could not be begun or completed.",
)
RECORDING_GAP_SECONDS = Counter(
    "hotline_media_recording_gap_seconds",
    "Sound that the disk did not take in time: silence in recordings, named in their files.",
)
KEYS = Counter(
    "hotline_media_keys",
    "Key presses, by the way in which each was told first: event, tone or info.",
    labelnames=("source",),
)


class FrameLateness(Collector):
    """Histogram of late frames, counted in the workers; only their buckets come over."""

    BOUNDS: Final = (*map(str, LATE_BUCKETS_S), "+Inf")

    def __init__(self) -> None:
        self._counts = [0] * len(self.BOUNDS)

    def add(self, counts: list[int]) -> None:
        """Add the frame counts of one beat: one per bucket of LATE_BUCKETS_S and one above."""
        self._counts = [a + b for a, b in zip(self._counts, counts, strict=True)]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give the totals to a scrape."""
        family = HistogramMetricFamily(
            "hotline_media_frame_late_seconds",
            "How late the 20 ms clock sent an RTP frame.",
        )
        totals = accumulate(self._counts)
        buckets = [(bound, float(n)) for bound, n in zip(self.BOUNDS, totals, strict=True)]
        family.add_metric([], buckets=buckets, sum_value=None)
        yield family


FRAMES_LATE: Final = FrameLateness()
REGISTRY.register(FRAMES_LATE)
