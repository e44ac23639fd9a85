"""fix.message_log: what is kept of the messages, and what happens when the disk does not write."""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, execute

from fix.message_log import IN, LINES_MAX, OUT, WRITE_EVERY_NS, MessageLog

SESSION = "HOTLINE-VENUE/20261123.1"


def at_once(write: Callable[[], None]) -> "Deferred[None]":
    return execute(write)


def lines(folder: Path) -> list[str]:
    return (folder / "HOTLINE-VENUE-20261123.1.log").read_text().splitlines()


def test_messages_are_kept_in_their_order_with_time_and_way(tmp_path: Path) -> None:
    log = MessageLog(tmp_path, at_once, lambda: 17)
    log.note(SESSION, OUT, "34=2\x0135=D\x0111=261123000001\x01")
    log.note(SESSION, IN, "8=FIX.4.4\x0135=8\x0158=two\nlines\x01")
    log.turn(WRITE_EVERY_NS)
    log.note(SESSION, IN, "third")
    log.close()
    assert lines(tmp_path) == [
        "17 > 34=2\x0135=D\x0111=261123000001\x01",
        "17 < 8=FIX.4.4\x0135=8\x0158=two lines\x01",
        "17 < third",
    ]


def test_nothing_is_written_twice_within_the_interval(tmp_path: Path) -> None:
    writes: list[Callable[[], None]] = []

    def later(write: Callable[[], None]) -> "Deferred[None]":
        writes.append(write)
        return Deferred()

    log = MessageLog(tmp_path, later, lambda: 1)
    for turn in range(5):
        log.note(SESSION, IN, "x")
        log.turn(WRITE_EVERY_NS * (turn + 1))
    assert len(writes) == 1, "one write is under way"


def test_a_disk_that_never_writes_costs_lines_and_says_how_many(tmp_path: Path) -> None:
    log = MessageLog(tmp_path, at_once, lambda: 1)
    for _ in range(LINES_MAX + 3):
        log.note(SESSION, IN, "x")
    log.close()
    assert lines(tmp_path)[-1] == "1 ! 3 messages are missing here"


def test_a_failed_write_is_told_and_later_messages_are_kept(tmp_path: Path) -> None:
    log = MessageLog(tmp_path / "there", at_once, lambda: 1)
    (tmp_path / "there").rmdir()
    log.note(SESSION, IN, "lost")
    log.turn(WRITE_EVERY_NS)
    (tmp_path / "there").mkdir()
    log.note(SESSION, IN, "kept")
    log.turn(3 * WRITE_EVERY_NS)
    assert lines(tmp_path / "there") == ["1 < kept"]
