"""The reactor's lateness is measured on the reactor's own clock."""

from prometheus_client import REGISTRY
from twisted.internet.task import Clock

from gateway.obs.watchdog import SAMPLE_S, ReactorWatch


def _value(suffix: str) -> float:
    return REGISTRY.get_sample_value(f"hotline_reactor_lag_seconds_{suffix}") or 0.0


def test_lateness_is_observed_and_sampling_goes_on() -> None:
    clock = Clock()
    count, total = _value("count"), _value("sum")
    watch = ReactorWatch(clock)
    watch.start()

    clock.advance(SAMPLE_S)
    clock.advance(SAMPLE_S + 0.3)

    assert _value("count") - count == 2
    assert round(_value("sum") - total, 6) == 0.3

    watch.stop()
    assert clock.getDelayedCalls() == []
