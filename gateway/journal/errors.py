"""What can go wrong with the journal, each with what to do about it.

Not here: a torn tail, which is repaired at open and no failure.
"""

import errno

from risk.domain.errors import PermanentFailure


class JournalCorrupt(PermanentFailure):
    """The record is damaged, or not what a journal may hold; names the file and the byte."""

    code = "journal.corrupt"

    def __init__(self, name: str, at_byte: int, problem: str) -> None:
        super().__init__(
            f"{name}, byte {at_byte}: {problem}; restore the file from a copy and run "
            "`hotline replay --verify` before starting again"
        )
        self.name = name
        self.at_byte = at_byte
        self.problem = problem


class JournalTooNew(PermanentFailure):
    """The journal was written by a later release."""

    code = "journal.too_new"


class JournalFailed(PermanentFailure):
    """A write or sync failed: what was pending may not be durable, and nothing more is taken."""

    code = "journal.failed"

    @classmethod
    def from_os(cls, error: OSError) -> "JournalFailed":
        """Say what to do for what the operating system told."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free space on the disk of the data folder, then restart"
        else:
            remedy = "check the disk of the data folder, then restart; the tail is checked at start"
        return cls(f"{error.strerror or error}: {remedy}")


class JournalBusy(PermanentFailure):
    """Another process writes this journal."""

    code = "journal.busy"
