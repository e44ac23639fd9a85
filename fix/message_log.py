"""The application messages of a session as they went over the line, for evidence and for people.

One file per numbering, `HOTLINE-VENUE-20261123.log`; one line per message: Unix ns, "<" in or ">"
out, text with its SOH bytes. Our own lines hold what was handed to QuickFIX, which adds the header,
after their MsgSeqNum(34). Lines are gathered and written by a thread and not synced, so that they
never slow the journal: a crash may cost the last of them. Not here: reading (gateway.evidence).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fix import metrics

log = structlog.get_logger("fix")

WRITE_EVERY_NS: Final = 50_000_000
IN: Final = "<"
OUT: Final = ">"
LINES_MAX: Final = 500_000  # waiting for a disk that does not write: later ones are only counted

WriteLater = Callable[[Callable[[], None]], "Deferred[None]"]


def file_name(fix_session: str) -> str:
    """Return the name of the file of a numbering, "HOTLINE-VENUE/20261123.1"."""
    return f"{fix_session.replace('/', '-')}.log"


class MessageLog:
    """Keeps messages in a folder. Used on the reactor thread."""

    def __init__(self, folder: Path, write_later: WriteLater, now_ns: Callable[[], int]) -> None:
        """`write_later` runs a function that writes in a thread. Makes the folder."""
        self._folder, self._write_later, self._now_ns = folder, write_later, now_ns
        self._lines: dict[str, list[str]] = {}
        self._count = self._dropped = 0
        self._written_ns = 0
        self._is_writing = False
        folder.mkdir(parents=True, exist_ok=True)

    def note(self, fix_session: str, way: str, text: str) -> None:
        """Keep one message; `way` is IN or OUT."""
        if self._count >= LINES_MAX:
            self._dropped += 1
            metrics.MESSAGES_NOT_KEPT.inc()
            return
        self._count += 1
        line = f"{self._now_ns()} {way} {text}"
        if "\n" in line:
            line = line.replace("\n", " ")
        self._lines.setdefault(fix_session, []).append(line)

    def turn(self, now_ns: int) -> None:
        """Hand what was gathered to the thread, when it is time."""
        if self._count and not self._is_writing and now_ns >= self._written_ns + WRITE_EVERY_NS:
            self._written_ns = now_ns
            self._is_writing = True
            taken = self._taken()
            self._write_later(lambda: self._write(taken)).addCallbacks(self._done, self._failed)

    def close(self) -> None:
        """Write what is left, on this thread."""
        try:
            self._write(self._taken())
        except OSError as e:
            log.error("fix.messages_not_kept", problem=str(e))

    def _taken(self) -> dict[str, list[str]]:
        taken, self._lines, self._count = self._lines, {}, 0
        if self._dropped:
            gap = f"{self._now_ns()} ! {self._dropped} messages are missing here"
            taken.setdefault(next(iter(taken)), []).append(gap)
            self._dropped = 0
        return taken

    def _write(self, taken: dict[str, list[str]]) -> None:
        for fix_session, lines in taken.items():
            data = "\n".join(lines).encode() + b"\n"
            with (self._folder / file_name(fix_session)).open("ab") as file:
                file.write(data)

    def _done(self, _: object) -> None:
        self._is_writing = False

    def _failed(self, failure: Failure) -> None:
        """Say so and go on: orders do not wait for this file."""
        self._is_writing = False
        metrics.MESSAGES_NOT_KEPT.inc()
        log.error("fix.messages_not_kept", problem=failure.getErrorMessage())
