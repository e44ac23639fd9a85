"""Metrics of the call centre, kept from the desk's events. Not here: figures of a day (…figures).

Queue names come from the settings, so that labels stay few.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from gateway.callcenter import events
from gateway.callcenter.events import DeskEvent

WAITING: Final = Gauge(
    "hotline_acd_calls_waiting", "Callers who wait or are rung for now.", labelnames=("queue",)
)
LONGEST_WAIT: Final = Gauge(
    "hotline_acd_longest_wait_seconds", "How long the first of those who wait has waited."
)
AGENTS: Final = Gauge("hotline_acd_agents", "Agents by what they are doing.", labelnames=("state",))
WAIT_SECONDS: Final = Histogram(
    "hotline_acd_wait_seconds",
    "Time in the queue until the first answer, or until the caller left unanswered.",
    labelnames=("outcome",),
    buckets=(2, 5, 10, 20, 30, 60, 120, 300, 600),
)
TALK_SECONDS: Final = Histogram(
    "hotline_acd_talk_seconds",
    "Length of an agent's part in a call, hold included.",
    buckets=(15, 30, 60, 120, 180, 300, 600, 1800),
)
CALLS_LEFT: Final = Counter(
    "hotline_acd_calls_left",
    "Queued callers the desk is done with, by queue and by why.",
    labelnames=("queue", "end"),
)
TURNED_AWAY: Final = Counter(
    "hotline_acd_turned_away",
    "Callers who were not queued, by why: closed, full, or nobody at work.",
    labelnames=("end",),
)
RINGS_ENDED: Final = Counter(
    "hotline_acd_rings_ended", "Rings that came to nothing, by why.", labelnames=("why",)
)
TALKS_ENDED: Final = Counter(
    "hotline_acd_talks_ended", "Agents' parts in calls that are over, by why.", labelnames=("why",)
)


def note(event: DeskEvent) -> None:
    """Count one event; subscribe it to the desk's bus."""
    match event:
        case events.CallQueued(_, _, queue, _) | events.CallReturned(_, _, queue, _):
            WAITING.labels(queue).inc()
        case events.CallTurnedAway(_, _, _, end):
            TURNED_AWAY.labels(end.value).inc()
        case events.AgentConnected(_, _, queue, _, wait_ms, is_first):
            WAITING.labels(queue).dec()
            if is_first:
                WAIT_SECONDS.labels("answered").observe(wait_ms / 1000)
        case events.CallLeftQueue(_, _, queue, wait_ms, end, was_answered, is_waiting):
            CALLS_LEFT.labels(queue, end.value).inc()
            if is_waiting:
                WAITING.labels(queue).dec()
            if not was_answered:
                WAIT_SECONDS.labels("unanswered").observe(wait_ms / 1000)
        case events.RingEnded(_, _, _, _, why):
            RINGS_ENDED.labels(why.value).inc()
        case events.AgentEnded(_, _, _, _, talk_ms, _, why):
            TALKS_ENDED.labels(why.value).inc()
            TALK_SECONDS.observe(talk_ms / 1000)
        case events.AgentChanged(_, _, state, before):
            AGENTS.labels(before.value).dec()
            AGENTS.labels(state.value).inc()
