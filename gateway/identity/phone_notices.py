"""Notices that callers hear after logging in, and the proof that they did.

A notice has a window of validity and an audience: one account, a branch or everybody. It is heard
once per account; a mandatory one comes first and is heard to its end. Its texts hold no digits:
figures are never left to a speech engine, so numbers are written in words.
Not here: speaking them (gateway.ivr), SMS and mail (notify).
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from twisted.internet.defer import Deferred

from gateway.store.database import Database
from gateway.store.tables import HEARD_NOTICES, PHONE_NOTICES
from risk.domain.enums import Language
from risk.domain.ids import ACCOUNT_NO, BRANCH_CODE

LINE_CHARS_MAX: Final = 60  # what one clip of speech may hold
LINES_MAX: Final = 12
TOLD_MAX: Final = 20  # in one call
_ENDS: Final = "。!?;.!?;"
_NOTICE_NO_CHARS: Final = 32
EVERYBODY: Final = "all"
_ACCOUNT: Final = "account:"
_BRANCH: Final = "branch:"


class PhoneNotice(NamedTuple):
    """One notice as it is spoken: each line is one clip."""

    notice_no: str
    is_mandatory: bool
    lines_zh: tuple[str, ...]
    lines_en: tuple[str, ...]

    def lines(self, language: Language) -> tuple[str, ...]:
        """Return the lines in a language."""
        return self.lines_zh if language is Language.ZH else self.lines_en


class NoticeRow(NamedTuple):
    """One notice as staff give it. `audience` is "all", "branch:31001" or "account:10000001"."""

    notice_no: str
    audience: str
    is_mandatory: bool
    valid_from_ns: int
    valid_until_ns: int
    text_zh: str
    text_en: str


class PhoneNotices:
    """The notices of the store."""

    def __init__(self, database: Database, now_ns: Callable[[], int]) -> None:
        self._database = database
        self._now_ns = now_ns

    def waiting_for(self, account_no: str, branch_code: str) -> Deferred[list[PhoneNotice]]:
        """Return what an account has not heard yet, mandatory ones first, at most TOLD_MAX."""
        now_ns = self._now_ns()
        notices, heard = PHONE_NOTICES.c, HEARD_NOTICES.c
        is_heard = (
            select(heard.notice_no)
            .where(heard.notice_no == notices.notice_no, heard.account_no == account_no)
            .exists()
        )
        wanted = (
            select(PHONE_NOTICES)
            .where(
                notices.audience.in_(
                    (EVERYBODY, f"{_ACCOUNT}{account_no}", f"{_BRANCH}{branch_code}")
                ),
                notices.valid_from_ns <= now_ns,
                notices.valid_until_ns > now_ns,
                ~is_heard,
            )
            .order_by(notices.is_mandatory.desc(), notices.valid_from_ns, notices.notice_no)
            .limit(TOLD_MAX)
        )
        return self._database.read(
            lambda connection: [
                PhoneNotice(
                    row.notice_no,
                    bool(row.is_mandatory),
                    lines_of(row.text_zh),
                    lines_of(row.text_en),
                )
                for row in connection.execute(wanted)
            ]
        )

    def heard(self, notice_no: str, account_no: str, call_no: str) -> Deferred[None]:
        """Write down that an account's holder heard a notice to its end; the first time counts."""
        values = {
            "notice_no": notice_no,
            "account_no": account_no,
            "heard_ns": self._now_ns(),
            "call_no": call_no,
        }
        written = insert(HEARD_NOTICES).values(values).on_conflict_do_nothing()

        def work(connection: Connection) -> None:
            connection.execute(written)

        return self._database.write(work)


def put_notices(connection: Connection, rows: Iterable[NoticeRow]) -> None:
    """Add notices, or replace those with the same number; who heard one has heard it."""
    for row in rows:
        values = row._asdict()
        connection.execute(
            insert(PHONE_NOTICES)
            .values(values)
            .on_conflict_do_update(index_elements=["notice_no"], set_=values)
        )


def lines_of(text: str) -> tuple[str, ...]:
    """Return a text's sentences, each short enough for one clip of speech."""
    lines: list[str] = []
    line = ""
    for char in text.strip():
        line += char
        if char in _ENDS or (len(line) >= LINE_CHARS_MAX // 2 and char in ",,、 "):
            lines.append(line.strip())
            line = ""
    return tuple(one for one in [*lines, line.strip()] if one)


def _is_audience(audience: str) -> bool:
    if audience.startswith(_ACCOUNT):
        return ACCOUNT_NO.fullmatch(audience.removeprefix(_ACCOUNT)) is not None
    if audience.startswith(_BRANCH):
        return BRANCH_CODE.fullmatch(audience.removeprefix(_BRANCH)) is not None
    return audience == EVERYBODY


def problem_of(row: NoticeRow) -> tuple[str, str] | None:
    """Return the first field of wrong shape and what it must be, None when all are right."""
    is_number = row.notice_no.isascii() and row.notice_no.isprintable() and row.notice_no
    if not is_number or len(row.notice_no) > _NOTICE_NO_CHARS or " " in row.notice_no:
        return "notice_no", f"1 to {_NOTICE_NO_CHARS} printable characters without spaces"
    if not _is_audience(row.audience):
        return "audience", "all, branch:31001 or account:10000001"
    if row.valid_until_ns <= row.valid_from_ns:
        return "valid_until", "later than valid_from"
    for field, text in (("text_zh", row.text_zh), ("text_en", row.text_en)):
        lines = lines_of(text)
        if not lines or not text.isprintable() or any(char.isdigit() for char in text):
            return field, "printable text without digits: write numbers in words"
        if len(lines) > LINES_MAX or max(map(len, lines)) > LINE_CHARS_MAX:
            return field, f"at most {LINES_MAX} sentences of {LINE_CHARS_MAX} characters"
    return None
