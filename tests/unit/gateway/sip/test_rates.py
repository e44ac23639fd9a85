"""How much of something one key may have, and the memory it takes to know that."""

from twisted.internet.task import Clock

from gateway.sip.rates import KEYS_MAX, Rates


def test_a_host_may_send_its_burst_then_its_rate() -> None:
    clock = Clock()
    limit = Rates(10.0, 5, clock)
    assert [limit.admits("a") for _ in range(7)] == [True] * 5 + [False] * 2
    clock.advance(0.25)
    assert [limit.admits("a") for _ in range(4)] == [True, True, False, False]
    clock.advance(100)
    assert [limit.admits("a") for _ in range(6)] == [True] * 5 + [False]


def test_one_host_does_not_use_up_what_another_has() -> None:
    limit = Rates(1.0, 1, Clock())
    assert [limit.admits("a"), limit.admits("a"), limit.admits("b")] == [True, False, True]


def test_the_hosts_heard_longest_ago_are_forgotten() -> None:
    limit = Rates(1.0, 1, Clock())
    limit.admits("first")
    for n in range(KEYS_MAX):
        limit.admits(str(n))
    assert len(limit._buckets) == KEYS_MAX
    assert limit.admits("first"), "as if new"


def test_a_look_takes_no_token() -> None:
    clock = Clock()
    limit = Rates(1.0, 1, clock)
    assert not limit.is_spent("a")
    assert limit.admits("a")
    assert limit.is_spent("a")
    assert not limit.is_spent("b")
    clock.advance(1)
    assert [limit.is_spent("a"), limit.is_spent("a"), limit.admits("a")] == [False, False, True]
