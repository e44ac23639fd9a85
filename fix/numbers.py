"""The outgoing MsgSeqNum(34) that is safe to use after any crash, and the name of the numbering.

Numbers are reserved on disk in blocks before the first of a block is used. After a crash we go on
at the end of the block: the venue asks for the numbers between (ResendRequest), gets a gap fill,
and can never see a number twice (FIX 4.4 volume 2, "Message recovery"). A clean stop gives back
the rest. Not here: the inbound number, which the journal knows.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("fix")

RESERVE: Final = 100_000
MARGIN: Final = 50_000  # the next block is reserved while so many are left
CALL_AGAIN: Final = 1_000  # numbers between two looks while a block is being reserved
FILE_BYTES_MAX: Final = 1_024

WriteLater = Callable[[Callable[[], None]], "Deferred[None]"]


class NumbersUnwritable(TemporaryFailure):
    """No more numbers can be reserved: nothing may be sent until the folder can be written."""

    code = "fix.numbers_unwritable"


class Reservation(NamedTuple):
    """What the file says: `day` yyyymmdd, `reset_count` within it, first number not reserved."""

    day: int
    reset_count: int
    reserved: int


class OutgoingNumbers:
    """Reserves outgoing numbers of one session. Used on the reactor thread."""

    def __init__(self, path: Path, write_later: WriteLater) -> None:
        """`write_later` runs a function that writes and syncs in a thread (deferToThread)."""
        self._path = path
        self._write_later = write_later
        self._state = _read(path)
        self._is_writing = False
        path.parent.mkdir(parents=True, exist_ok=True)

    def begin(self, day: int) -> int:
        """Return the first number to use on `day`, which is reserved when this returns."""
        if self._state.day != day:
            self._state = Reservation(day, 0, 1)
        first = self._state.reserved
        self.cover(first, is_sure=True)
        return first

    def fix_session(self, name: str) -> str:
        """Return the name of the current numbering, "HOTLINE-VENUE/20261123", "/20261123.1"."""
        reset = f".{self._state.reset_count}" if self._state.reset_count else ""
        return f"{name}/{self._state.day}{reset}"

    def restart(self) -> None:
        """Begin a new numbering of the same day at 1 (both sides reset)."""
        self._state = Reservation(self._state.day, self._state.reset_count + 1, 1)
        self.cover(1, is_sure=True)

    def cover(self, next_number: int, *, is_sure: bool = False) -> int:
        """Have `next_number` reserved; return the number for which to call again.

        The next block is reserved early and off the reactor, at once only when `is_sure` or when
        nothing is left of this one.
        """
        left = self._state.reserved - next_number
        if left > MARGIN and not is_sure:
            return self._state.reserved - MARGIN
        wanted = self._state._replace(reserved=next_number + RESERVE)
        if left <= 0 or is_sure:
            self._state = wanted
            self._write_now()
        elif not self._is_writing:
            self._is_writing = True
            self._write_later(lambda: _write(self._path, wanted, "next")).addCallbacks(
                lambda _: self._reserved(wanted), self._not_reserved
            )
        return min(next_number + CALL_AGAIN, self._state.reserved)

    def give_back(self, next_number: int) -> None:
        """Write the number to go on with after a clean stop."""
        self._state = self._state._replace(reserved=next_number)
        self._write_now()

    def _write_now(self) -> None:
        try:
            _write(self._path, self._state, "new")
        except OSError as e:
            raise NumbersUnwritable(f"{self._path}: {e.strerror}: free space or rights") from e

    def _reserved(self, wanted: Reservation) -> None:
        self._is_writing = False
        if self._state[:2] == wanted[:2]:
            self._state = wanted._replace(reserved=max(self._state.reserved, wanted.reserved))
        else:  # a new numbering began meanwhile: the file must say so
            self._write_now()

    def _not_reserved(self, failure: Failure) -> None:
        """Leave it to the next call, which tries again while the block lasts."""
        self._is_writing = False
        log.error("fix.numbers_not_reserved", problem=failure.getErrorMessage())


def _read(path: Path) -> Reservation:
    """Return what the file says; a lost or spoilt file is as none.

    Then we begin at 1, the venue names the number it expects, and fix.sessions takes that.
    """
    try:
        with path.open("rb") as file:
            said = Reservation(**json.loads(file.read(FILE_BYTES_MAX)))
        if all(isinstance(part, int) and part >= 0 for part in said) and said.reserved:
            return said
        problem = "impossible numbers"
    except FileNotFoundError:
        return Reservation(0, 0, 1)
    except (OSError, ValueError, TypeError) as e:
        problem = str(e)
    log.warning("fix.numbers_unreadable", path=str(path), problem=problem)
    return Reservation(0, 0, 1)


def _write(path: Path, state: Reservation, suffix: str) -> None:
    beside = path.with_name(f"{path.name}.{suffix}")
    with beside.open("wb") as file:
        file.write(json.dumps(state._asdict()).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
