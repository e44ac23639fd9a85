"""Numbers of calls, by which their orders are known for ever."""

from gateway.sip.useragent import CALLS_COUNTED, call_numbers

AT_NS = 1_795_312_800_000_000_000  # 2026-11-22 10:00 in China


def test_a_number_tells_the_time_and_none_comes_twice_in_a_second() -> None:
    new_call_no = call_numbers(lambda: AT_NS)
    assert (new_call_no(), new_call_no()) == ("261122-100000-0001", "261122-100000-0002")
    assert len({new_call_no() for _ in range(CALLS_COUNTED)}) == CALLS_COUNTED


def test_a_gateway_that_starts_anew_in_the_same_second_goes_on_elsewhere() -> None:
    numbers = {call_numbers(lambda: AT_NS, first)() for first in (1, 4711, 9999, 10_000)}
    assert numbers == {f"261122-100000-{count}" for count in ("0001", "4711", "9999", "0000")}
