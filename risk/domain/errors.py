"""Failures, each with a stable `code` that logs, alarms and the runbook use.

HotlineError
├── TemporaryFailure    trying again later may work
├── PermanentFailure    trying again will not help
└── InvariantBroken     a bug; nobody catches it, the process stops and replays

Not here: business outcomes, which are values (events and reason codes).
"""

from typing import ClassVar


class HotlineError(Exception):
    """Something of ours went wrong."""

    code: ClassVar[str] = "hotline"


class TemporaryFailure(HotlineError):
    """Trying again later may work."""

    code = "hotline.temporary"


class PermanentFailure(HotlineError):
    """Trying again will not help."""

    code = "hotline.permanent"


class InvariantBroken(HotlineError):
    """The program is wrong: stop rather than go on with a wrong book."""

    code = "hotline.invariant_broken"


class ConfigError(PermanentFailure):
    """A setting or rulebook entry is wrong; `path` names it, the text says the remedy."""

    code = "hotline.config"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem
