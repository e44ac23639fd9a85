"""Notices to hear: window, audience, mandatory first, once, with proof."""

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import select
from twisted.internet import reactor
from twisted.trial import unittest

from gateway.identity.phone_notices import (
    LINE_CHARS_MAX,
    TOLD_MAX,
    NoticeRow,
    lines_of,
    problem_of,
    put_notices,
)
from gateway.store.tables import HEARD_NOTICES
from risk.domain.enums import Language
from risk.domain.ids import NS
from tests.builders.identity import START_NS, SetClock, an_identity

ACCOUNT, BRANCH = "10000001", "31001"
A_NOTICE = NoticeRow(
    "N1", "all", False, START_NS, START_NS + 60 * NS, "今日系统升级。请提前下单。", "Note this."
)


class NoticeTests(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = SetClock()
        self.identity = an_identity(Path(tempfile.mkdtemp()), reactor, self.clock)
        self.identity.start()
        self.addCleanup(self.identity.stop)
        self.notices = self.identity.phone_notices

    async def put(self, *rows: NoticeRow) -> None:
        await self.identity.database.write(lambda it: put_notices(it, rows))

    async def waiting(self, account_no: str = ACCOUNT, branch_code: str = BRANCH) -> list[str]:
        return [one.notice_no for one in await self.notices.waiting_for(account_no, branch_code)]

    async def test_each_is_told_to_its_audience_within_its_time_mandatory_first(self) -> None:
        await self.put(
            A_NOTICE,
            A_NOTICE._replace(notice_no="N2", audience=f"branch:{BRANCH}", is_mandatory=True),
            A_NOTICE._replace(notice_no="N3", audience=f"account:{ACCOUNT}"),
            A_NOTICE._replace(notice_no="N4", valid_from_ns=START_NS + 1),
            A_NOTICE._replace(notice_no="N5", valid_from_ns=0, valid_until_ns=START_NS),
        )
        assert await self.waiting() == ["N2", "N1", "N3"]
        assert await self.waiting("10000002", BRANCH) == ["N2", "N1"]
        assert await self.waiting("10000002", "44002") == ["N1"]
        assert await self.waiting(BRANCH, ACCOUNT) == ["N1"]  # a number of another kind is none
        self.clock.advance(60)
        assert await self.waiting() == []

    async def test_what_was_heard_is_told_no_more_and_the_first_proof_stays(self) -> None:
        await self.put(A_NOTICE)
        await self.notices.heard("N1", ACCOUNT, "call-1")
        self.clock.advance(1)
        await self.notices.heard("N1", ACCOUNT, "call-2")
        await self.put(A_NOTICE._replace(text_zh="改过。"))  # who heard it has heard it

        assert await self.waiting() == []
        assert await self.waiting("10000002") == ["N1"]
        rows = await self.identity.database.read(lambda it: it.execute(select(HEARD_NOTICES)).all())
        assert rows == [("N1", ACCOUNT, START_NS, "call-1")]

    async def test_a_call_is_not_told_notices_without_end(self) -> None:
        await self.put(*(A_NOTICE._replace(notice_no=f"M{n:03d}") for n in range(TOLD_MAX + 5)))
        assert len(await self.waiting()) == TOLD_MAX

    async def test_it_is_spoken_in_lines_of_the_callers_language(self) -> None:
        await self.put(A_NOTICE)
        (notice,) = await self.notices.waiting_for(ACCOUNT, BRANCH)
        assert notice.lines(Language.ZH) == ("今日系统升级。", "请提前下单。")
        assert notice.lines(Language.EN) == ("Note this.",)


def test_long_sentences_are_cut_where_people_breathe() -> None:
    text = (
        "因交易所系统升级,本周六上午九点至十二点之间暂停电话委托服务,届时请通过网上交易办理业务。"
    )
    lines = lines_of(text)
    assert "".join(lines) == text
    assert max(map(len, lines)) <= LINE_CHARS_MAX
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"notice_no": ""}, "notice_no"),
        ({"notice_no": "a b"}, "notice_no"),
        ({"notice_no": "n" * 33}, "notice_no"),
        ({"audience": ""}, "audience"),
        ({"audience": "31001"}, "audience"),
        ({"audience": "branch:1"}, "audience"),
        ({"audience": "account:x"}, "audience"),
        ({"valid_until_ns": START_NS}, "valid_until"),
        ({"text_zh": "3月1日起"}, "text_zh"),  # a figure a speech engine would guess at
        ({"text_zh": ""}, "text_zh"),
        ({"text_en": "one\ntwo"}, "text_en"),
        ({"text_en": "word" * 40}, "text_en"),
        ({"text_zh": "话。" * 13}, "text_zh"),
    ],
)
def test_a_wrong_notice_is_named(changed: dict[str, object], field: str) -> None:
    problem = problem_of(A_NOTICE._replace(**changed))
    assert problem is not None
    assert problem[0] == field
    assert problem_of(A_NOTICE) is None
