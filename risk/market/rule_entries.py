"""Reads effective-dated rule entries strictly from parsed mappings (the files of config/markets).

Each entry names its boards, the day it comes into force and its source; an entry of the same kind,
board and status with a later day replaces it from that day on. An unknown key, a missing key or a
value out of range is a ConfigError that names the place. Not here: which entry holds on a day
(rulebook.py), or files (gateway.refdata.loader).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Final, NamedTuple

from risk.domain.enums import Board, ListingStatus, Phase
from risk.domain.errors import ConfigError
from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX

ENTRIES_MAX: Final = 10_000  # per file
PHASES_MAX: Final = 16  # steps of one day
PPM_MAX: Final = 100_000  # 10 %
TEXT_LENGTH_MAX: Final = 400
DAY_S: Final = 86_400

# Integer values of each kind: key -> (lowest, highest).
VALUES: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "tick": {"tick_e4": (1, 10_000)},
    "quantity": {"lot_qty": (1, 10_000), "min_qty": (1, QTY_MAX), "max_qty": (1, QTY_MAX)},
    "limit": {"limit_bp": (1, 9_999)},
    "no_limit_day": {"call_up_bp": (10_000, 1_000_000), "call_down_bp": (0, 10_000)},
    "cage": {"cage_bp": (0, 9_999), "cage_ticks": (0, 1_000)},
    "commission": {"commission_ppm": (0, PPM_MAX), "commission_min_e4": (0, PRICE_E4_MAX)},
    "stamp_duty": {"sell_ppm": (0, PPM_MAX)},
    "transfer_fee": {"both_ppm": (0, PPM_MAX)},
    "settlement": {"is_t0": (0, 1)},
    "phases": {},
}
_TEXTS: Final = ("source", "check")
_KEY: Final = re.compile(r"[a-z0-9_]{1,40}")


class PhaseStep(NamedTuple):
    """From `start_s` (seconds since midnight, China) the phase holds until the next step."""

    start_s: int
    phase: Phase


class RuleEntry(NamedTuple):
    """One rule of one board from one day on. `status` is NORMAL for every kind but `limit`."""

    kind: str
    board: Board
    status: ListingStatus
    from_day: date
    values: Mapping[str, int]
    steps: tuple[PhaseStep, ...]
    source: str
    check: str  # what is still to be verified against the rule's own text, empty when nothing
    path: str  # file and place, for messages


def read_entries(name: str, document: Mapping[str, object]) -> Iterator[RuleEntry]:
    """Yield the entries of one parsed file, one per board and status.

    `name` begins the path of every message. Raises ConfigError.
    """
    for kind, tables in document.items():
        if kind not in VALUES:
            known = ", ".join(VALUES)
            raise ConfigError(f"{name}.{_shown(kind)}", f"unknown kind of rule; known: {known}")
        if not isinstance(tables, list) or len(tables) > ENTRIES_MAX:
            raise ConfigError(f"{name}.{kind}", f"write each entry as [[{kind}]]")
        for i, table in enumerate(tables):
            path = f"{name}.{kind}[{i}]"
            if not isinstance(table, Mapping):
                raise ConfigError(path, f"write each entry as [[{kind}]]")
            yield from _entry(path, kind, table)


def _entry(path: str, kind: str, table: Mapping[str, object]) -> Iterator[RuleEntry]:
    wanted = {"boards", "from", "source", *VALUES[kind]}
    wanted |= {"statuses"} if kind == "limit" else set()
    wanted |= {"steps"} if kind == "phases" else set()
    for key in table:
        if key not in wanted and key != "check":
            listed = ", ".join(sorted(wanted))
            raise ConfigError(f"{path}.{_shown(key)}", f"unknown key; known: {listed}, check")
    for key in sorted(wanted - set(table)):
        raise ConfigError(f"{path}.{key}", "is missing: every entry needs it")
    day = table["from"]
    if not isinstance(day, date) or type(day) is not date:
        raise ConfigError(f"{path}.from", f"must be a day such as 2026-07-06, was {day!r}")
    texts = {key: _text(f"{path}.{key}", table.get(key, "")) for key in _TEXTS}
    if not texts["source"]:
        raise ConfigError(f"{path}.source", "must name where the rule is written")
    values = {
        key: _integer(f"{path}.{key}", table[key], *VALUES[kind][key]) for key in VALUES[kind]
    }
    if kind == "quantity" and not values["lot_qty"] <= values["min_qty"] <= values["max_qty"]:
        raise ConfigError(path, f"needs lot_qty <= min_qty <= max_qty, was {values}")
    steps = _steps(f"{path}.steps", table["steps"]) if kind == "phases" else ()
    statuses = [ListingStatus.NORMAL]
    if kind == "limit":
        names = _names(f"{path}.statuses", table["statuses"], list(ListingStatus.__members__))
        statuses = [ListingStatus[each] for each in names]
    if ListingStatus.NO_LIMIT_DAY in statuses:
        raise ConfigError(f"{path}.statuses", "NO_LIMIT_DAY has no limit: use [[no_limit_day]]")
    for board in _names(f"{path}.boards", table["boards"], list(Board.__members__)):
        for status in statuses:
            yield RuleEntry(kind, Board[board], status, day, values, steps, **texts, path=path)


def _names(path: str, value: object, known: list[str]) -> list[str]:
    """Return a list of distinct known names."""
    if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
        raise ConfigError(path, f"must be a list of distinct names out of {', '.join(known)}")
    for each in value:
        if each not in known:
            raise ConfigError(path, f"must be out of {', '.join(known)}, was {each!r:.60}")
    return value


def _steps(path: str, value: object) -> tuple[PhaseStep, ...]:
    """Return the day's steps in rising order of time; before the first the market is closed."""
    if not isinstance(value, list) or not 0 < len(value) <= PHASES_MAX:
        raise ConfigError(path, f"must be a list of 1 to {PHASES_MAX} steps")
    steps = []
    for i, step in enumerate(value):
        if not isinstance(step, Mapping) or set(step) != {"at", "phase"}:
            raise ConfigError(f"{path}[{i}]", 'must be like {at = 09:15:00, phase = "LUNCH"}')
        at = step["at"]
        if not isinstance(at, time) or at.tzinfo is not None or at.microsecond:
            raise ConfigError(f"{path}[{i}].at", f"must be a time such as 09:15:00, was {at!r}")
        [phase] = _names(f"{path}[{i}].phase", [step["phase"]], list(Phase.__members__))
        steps.append(PhaseStep(at.hour * 3600 + at.minute * 60 + at.second, Phase[phase]))
    if any(later.start_s <= earlier.start_s for earlier, later in pairwise(steps)):
        raise ConfigError(path, "the times must rise from step to step")
    return tuple(steps)


def _integer(path: str, value: object, lowest: int, highest: int) -> int:
    if type(value) is bool and (lowest, highest) == (0, 1):
        return int(value)
    if type(value) is not int or not lowest <= value <= highest:
        raise ConfigError(
            path, f"must be a whole number from {lowest} to {highest}, was {value!r:.60}"
        )
    return value


def _text(path: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX:
        raise ConfigError(path, f"must be a text of at most {TEXT_LENGTH_MAX} characters")
    return value


def _shown(key: str) -> str:
    """Return a key as a message may show it."""
    return key if _KEY.fullmatch(key) else repr(key)[:60]
