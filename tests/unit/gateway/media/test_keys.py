"""Merging what three sources tell of one press."""

import pytest

from gateway.media.keys import INFO_WINDOW_S, PRESSES_MAX, SOUND_WINDOW_S, KeyMerger, KeySource

E, T, I = KeySource.EVENT, KeySource.TONE, KeySource.INFO  # noqa: E741


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # what each source tells, and when                                     keys
        ([(E, "1", 0.0), (T, "1", 0.06), (I, "1", 0.2)], "1"),
        ([(T, "1", 0.0), (I, "1", 0.1), (E, "1", 0.2)], "1"),
        ([(E, "1", 0.0), (E, "1", 0.1)], "11"),  # one source twice: two presses
        ([(E, "1", 0.0), (E, "1", 0.1), (I, "1", 0.2), (I, "1", 0.3)], "11"),
        ([(E, "1", 0.0), (I, "1", 0.1), (E, "1", 0.2), (I, "1", 0.3)], "11"),
        ([(E, "1", 0.0), (E, "2", 0.1), (I, "1", 0.2), (I, "2", 0.3)], "12"),
        ([(E, "1", 0.0), (I, "2", 0.1), (E, "2", 0.2)], "12"),  # INFO lost the 1
        ([(I, "1", 0.0), (I, "1", 3.5), (E, "1", 3.6)], "11"),
        ([(E, "1", 0.0), (I, "1", INFO_WINDOW_S)], "1"),  # resent three times
        ([(E, "1", 0.0), (I, "1", INFO_WINDOW_S + 0.1)], "11"),
        ([(E, "1", 0.0), (T, "1", SOUND_WINDOW_S)], "1"),
        ([(E, "1", 0.0), (T, "1", SOUND_WINDOW_S + 0.1)], "11"),
    ],
)
def test_a_press_is_told_once(told: list[tuple[KeySource, str, float]], expected: str) -> None:
    merger = KeyMerger()
    keys = [key for source, key, now_s in told if merger.press(source, key, now_s)]
    assert "".join(keys) == expected


def test_a_key_held_for_long_is_still_one_press_when_info_tells_its_end() -> None:
    merger = KeyMerger()
    assert merger.press(E, "1", 0.0)
    for n in range(1, 500):
        merger.hold(E, n * 0.02)
    assert not merger.press(I, "1", 10.0)


def test_a_storm_of_keys_is_remembered_only_so_far() -> None:
    merger = KeyMerger()
    assert all(merger.press(E, "1", n / 1000) for n in range(10 * PRESSES_MAX))
    told_again = [merger.press(I, "1", 1.0) for _ in range(10 * PRESSES_MAX)]
    assert told_again.count(False) == PRESSES_MAX
