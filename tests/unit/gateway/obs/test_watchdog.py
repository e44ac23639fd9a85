"""The reactor's lateness is measured on the reactor's own clock."""

from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock

from gateway.obs.watchdog import SAMPLE_S, ReactorWatch


def test_lateness_is_observed_and_sampling_goes_on() -> None:
    clock, registry = Clock(), CollectorRegistry()
    watch = ReactorWatch(clock, registry)
    watch.start()

    clock.advance(SAMPLE_S)
    clock.advance(SAMPLE_S + 0.3)

    def value(suffix: str) -> float | None:
        return registry.get_sample_value(f"hotline_reactor_lag_seconds_{suffix}")

    assert value("count") == 2
    assert round(value("sum") or 0, 6) == 0.3

    watch.stop()
    assert clock.getDelayedCalls() == []
