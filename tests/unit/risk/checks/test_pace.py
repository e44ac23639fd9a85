"""The bucket in one column behaves like a bucket of tokens."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from risk.checks.moment import pace_at
from risk.checks.pace import after_token_ns, is_too_fast
from risk.domain.ids import NS

PER_S = st.sampled_from([1, 2, 4, 5, 10, 20, 1_000])


@given(per_s=PER_S, gaps=st.lists(st.integers(0, NS // 2), max_size=80))
def test_it_passes_what_a_bucket_of_tokens_passes(per_s: int, gaps: list[int]) -> None:
    now_ns, until_ns, tokens = 10**18, 0, Fraction(per_s)
    for gap_ns in gaps:
        now_ns += gap_ns
        tokens = min(Fraction(per_s), tokens + Fraction(gap_ns * per_s, NS))
        pace = pace_at(per_s, now_ns)
        passes = not is_too_fast(until_ns, pace)
        assert passes == (tokens >= 1)
        if passes:
            tokens -= 1
            until_ns = after_token_ns(until_ns, now_ns, pace)


def test_a_clock_that_is_set_back_finds_a_full_bucket() -> None:
    until_ns = 10**18
    for _ in range(5):
        until_ns = after_token_ns(until_ns, 10**18, pace_at(5, 10**18))
    assert is_too_fast(until_ns, pace_at(5, 10**18))
    earlier_ns = 10**18 - 3_600 * NS
    assert not is_too_fast(until_ns, pace_at(5, earlier_ns))
    assert after_token_ns(until_ns, earlier_ns, pace_at(5, earlier_ns)) == earlier_ns + NS // 5
