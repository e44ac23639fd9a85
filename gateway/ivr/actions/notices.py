"""Notices a customer must hear: read out line by line, and proved when heard to the end.

Not here: who must hear what (gateway.identity.phone_notices).
"""

from collections.abc import Mapping

import structlog

from gateway.identity.phone_notices import PhoneNotice
from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.items import Item
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import CustomerNotices
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from risk.domain.enums import Language
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("ivr")


class NoticeActions:
    """Mandatory notices of the verified account."""

    def __init__(self, notices: CustomerNotices, names: SpokenNames) -> None:
        self._notices, self._names = notices, names

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_NOTICES: self.read, Action.MARK_HEARD: self.mark_heard}

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """some | none | unknown: those that can be spoken now; others wait for the next call."""
        account_no, branch_code = text_of(wish, "verified_account_no"), "client_branch_code"
        try:
            waiting = await self._notices.waiting_for(account_no, text_of(wish, branch_code))
        except TemporaryFailure as e:
            log.warning("ivr.notices_not_read", code=e.code)
            return "unknown", {}
        mandatory = [notice for notice in waiting if notice.is_mandatory]
        spoken = [
            notice
            for notice in mandatory
            if await self._names.are_ready(notice.lines(caller.language), caller.language)
        ]
        if len(spoken) < len(mandatory):
            log.error("ivr.notices_not_spoken", count=len(mandatory) - len(spoken))
        if not spoken:
            return ("unknown" if mandatory else "none"), {}
        items = tuple(item for notice in spoken for item in _lines(notice, caller.language))
        return "some", {"items": items, "item_count": len(spoken)}

    async def mark_heard(self, caller: Caller, wish: Perform) -> Answer:
        """ok | unknown: a line was heard to its end; the last one proves the notice."""
        if wish.values["is_last_line"] is not True:
            return "ok", {}
        account_no, notice_no = text_of(wish, "verified_account_no"), text_of(wish, "notice_no")
        try:
            await self._notices.heard(notice_no, account_no, caller.call_no)
        except TemporaryFailure as e:  # it is told again in the next call
            log.warning("ivr.notice_not_proved", notice_no=notice_no, code=e.code)
            return "unknown", {}
        return "ok", {}


def _lines(notice: PhoneNotice, language: Language) -> list[Item]:
    lines = notice.lines(language)
    return [
        {
            "notice_no": notice.notice_no,
            "notice_line": line,
            "is_last_line": place == len(lines),
        }
        for place, line in enumerate(lines, 1)
    ]
