"""Trunks are asked whether they are up, and count as down after two misses."""

from prometheus_client import REGISTRY

from tests.builders.dialler import Carriers, an_exit


def _up(name: str) -> float | None:
    return REGISTRY.get_sample_value("hotline_sip_trunk_up", {"trunk": name})


def test_a_trunk_is_asked_at_once_and_again_and_again() -> None:
    carriers = Carriers(an_exit("a", ping_s=10.0))
    carriers.ping.start()
    assert carriers.sent_to() == ["a OPTIONS"]
    request = carriers.sent("a", "OPTIONS")
    assert str(request.uri) == "sip:203.0.113.1:5060"
    carriers.reply("a", 200, "OPTIONS")
    carriers.advance(9.9)
    assert carriers.sent_to() == []
    carriers.advance(0.2)
    assert carriers.sent_to() == ["a OPTIONS"]


def test_silence_twice_is_down_and_any_answer_is_up_again() -> None:
    carriers = Carriers(an_exit("a", ping_s=10.0))
    trunk = carriers.trunk("a")
    carriers.ping.start()
    carriers.advance(10.1)
    assert trunk.is_up
    carriers.advance(10)
    assert not trunk.is_up
    assert _up("a") == 0
    carriers.sent_to()
    carriers.reply("a", 404, "OPTIONS")
    assert trunk.is_up
    assert _up("a") == 1


def test_an_answer_that_it_cannot_serve_is_a_miss() -> None:
    carriers = Carriers(an_exit("a", ping_s=10.0))
    trunk = carriers.trunk("a")
    carriers.ping.start()
    for _ in range(2):
        assert trunk.is_up
        carriers.sent_to()
        carriers.reply("a", 503, "OPTIONS")
        carriers.advance(10.1)
    assert not trunk.is_up


def test_one_miss_is_counted_once() -> None:
    """The transaction gives up after 32 s, long after the next ping has counted the miss."""
    carriers = Carriers(an_exit("a", ping_s=30.0))
    trunk = carriers.trunk("a")
    carriers.ping.start()
    carriers.advance(30.1)
    carriers.sent_to()
    carriers.reply("a", 200, "OPTIONS")
    carriers.advance(5)
    assert trunk.is_up
    carriers.advance(24, step=1)
    carriers.advance(29, step=1)
    assert trunk.is_up, "one miss after the answer"


def test_a_socket_that_cannot_send_is_a_miss() -> None:
    carriers = Carriers(an_exit("a", ping_s=10.0))
    carriers.wire.is_closed = True
    carriers.ping.start()
    carriers.advance(10.1)
    assert not carriers.trunk("a").is_up


def test_a_trunk_that_is_not_asked_counts_as_up() -> None:
    carriers = Carriers(an_exit("a", ping_s=0.0), an_exit("b", address="", ping_s=10.0))
    carriers.ping.start()
    carriers.advance(30, step=1)
    assert carriers.sent_to() == []
    for _ in range(5):
        carriers.trunk("a").missed()
    assert carriers.trunk("a").is_up


def test_a_stop_ends_the_asking() -> None:
    carriers = Carriers(an_exit("a", ping_s=10.0))
    carriers.ping.start()
    carriers.tasks.stop()
    carriers.sent_to()
    carriers.reply("a", 200, "OPTIONS")
    carriers.advance(30, step=1)
    assert carriers.sent_to() == []
