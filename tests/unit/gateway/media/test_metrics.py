"""The histogram that is counted elsewhere."""

from prometheus_client import CollectorRegistry, generate_latest

from gateway.media.metrics import FrameLateness


def test_buckets_of_all_beats_are_told_cumulatively() -> None:
    registry, late = CollectorRegistry(), FrameLateness()
    registry.register(late)
    late.add([5, 1, 0, 0, 0, 0, 2])
    late.add([1, 0, 0, 0, 0, 0, 0])
    lines = generate_latest(registry).decode().splitlines()
    told = [line.split("_bucket")[1] for line in lines if "_bucket" in line]
    assert told[:2] == ['{le="0.002"} 6.0', '{le="0.005"} 7.0']
    assert told[-1] == '{le="+Inf"} 9.0'
