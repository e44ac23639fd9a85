"""Lists for the phone from CSV files into the store: caller numbers, notices to hear.

A file is checked whole before anything of it is written. Not here: what a list means
(gateway.identity.callers, gateway.identity.phone_notices).
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from gateway.identity import callers, phone_notices
from gateway.identity.callers import Binding, CallerPolicy
from gateway.identity.phone_notices import NoticeRow
from gateway.refdata.tables import Row, member_of, rows_of, wrong, yes_no
from gateway.store.database import write_once
from gateway.store.migrate import migrate
from risk.domain.ids import CHINA, NS

BINDING_COLUMNS: Final = ["account_no", "branch_code", "ani", "policy"]
NOTICE_COLUMNS: Final = [
    *("notice_no", "audience", "is_mandatory", "valid_from", "valid_until"),
    *("text_zh", "text_en"),
]


def read_bindings(file: Path) -> list[Binding]:
    """Return the rows of a list of caller numbers; raises ConfigError that names the cell."""
    found: dict[tuple[str, str, str], Binding] = {}
    for row in rows_of(file, BINDING_COLUMNS):
        policy = member_of(row | {"policy": row["policy"].upper()}, "policy", CallerPolicy)
        binding = Binding(row["account_no"], row["branch_code"], row["ani"], policy)
        problem = callers.problem_of(binding)
        if problem is not None:
            raise wrong(row, problem[0], f"must be {problem[1]}")
        if found.setdefault(binding[:3], binding) is not binding:
            raise wrong(row, "ani", "must be given once for an account or branch")
    return list(found.values())


def read_notices(file: Path) -> list[NoticeRow]:
    """Return the rows of a list of notices, times in China; raises ConfigError."""
    found = []
    for row in rows_of(file, NOTICE_COLUMNS):
        notice = NoticeRow(
            row["notice_no"],
            row["audience"],
            yes_no(row, "is_mandatory"),
            _moment(row, "valid_from"),
            _moment(row, "valid_until"),
            row["text_zh"],
            row["text_en"],
        )
        problem = phone_notices.problem_of(notice)
        if problem is not None:
            raise wrong(row, problem[0], f"must be {problem[1]}")
        found.append(notice)
    return found


def put_lists(engine: Engine, bindings: Sequence[Binding], notices: Sequence[NoticeRow]) -> None:
    """Write lists, the tables brought up to date first. Blocks."""
    migrate(engine)
    write_once(engine, lambda connection: callers.put_bindings(connection, bindings))
    write_once(engine, lambda connection: phone_notices.put_notices(connection, notices))


def _moment(row: Row, column: str) -> int:
    try:
        at = datetime.fromisoformat(row[column]).replace(tzinfo=CHINA)
    except ValueError:
        raise wrong(row, column, "must be a time in China such as 2026-11-23T09:00") from None
    return int(at.timestamp()) * NS
