"""A statement on request: where it would go, and asking for it.

An address is told masked: who overhears a call learns the last digits of a mobile, or the first
letter of a mail address. Not here: figures and words (risk.core, notify).
"""

from collections.abc import Callable, Mapping

import structlog

from gateway.ivr.actions.asking import Answer, Answering, Caller, text_of
from gateway.ivr.actions.commands import CommandDesk
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.ports import Contacts
from gateway.ivr.visit import Perform
from gateway.ivr.wishes import Action
from gateway.media.prompts import PromptBook
from risk.domain.commands import RequestStatement
from risk.domain.enums import Channel, StatementForm
from risk.domain.errors import TemporaryFailure
from risk.domain.service_events import StatementRequested

log = structlog.get_logger("ivr")


class StatementActions:
    """Statements."""

    def __init__(
        self,
        desk: CommandDesk,
        contacts: Contacts,
        names: SpokenNames,
        book: PromptBook,
        now_ns: Callable[[], int],
    ) -> None:
        self._desk, self._contacts, self._names = desk, contacts, names
        self._book, self._now_ns = book, now_ns

    def table(self) -> Mapping[Action, Answering]:
        """Return the actions answered here."""
        return {Action.READ_CONTACT: self.read, Action.SEND_STATEMENT: self.send}

    async def read(self, caller: Caller, wish: Perform) -> Answer:
        """both | sms | mail | none | unknown: where a statement could go, masked."""
        try:
            profile = await self._contacts.profile(text_of(wish, "verified_account_no"))
        except TemporaryFailure as e:
            log.warning("ivr.contact_not_read", code=e.code)
            return "unknown", {}
        if profile is None or not (profile.mobile_tail or profile.email_masked):
            return "none", {}
        initial = profile.email_masked[:1]
        await self._names.are_ready([initial] if initial else [], caller.language)
        known = {"mobile_tail": profile.mobile_tail, "mail_initial": initial}
        if profile.mobile_tail:
            outcome = "both" if initial else "sms"
            return outcome, {**known, "form": StatementForm.SMS, "form_word": "sms"}
        return "mail", {**known, "form": StatementForm.MAIL, "form_word": "mail"}

    async def send(self, caller: Caller, wish: Perform) -> Answer:
        """requested | denied | unknown."""
        form = wish.values["form"]
        assert isinstance(form, StatementForm), form
        command = RequestStatement(
            request_id=wish.request_id(caller.call_no),
            account_no=text_of(wish, "verified_account_no"),
            form=form,
            channel=Channel.PHONE,
            trace_id=caller.call_no,
            entered_ns=wish.at_ns or self._now_ns(),
        )
        return await self._desk.settled(command, "requested", StatementRequested, self._book)
