"""A statement to the registered mobile or mail address, told masked before it is sent.

Not here: its figures and words (risk.core, notify).
"""

from typing import Final

from gateway.ivr.flow import Confirm, Do, Go, Menu, Say, State
from gateway.ivr.flows.common import MENU, tries
from gateway.ivr.wishes import Action
from risk.domain.enums import StatementForm

_SMS: Final = {"form": StatementForm.SMS, "form_word": "sms"}
_MAIL: Final = {"form": StatementForm.MAIL, "form_word": "mail"}

STATES: Final[tuple[State, ...]] = (
    Do(
        name="statement.read",
        action=Action.READ_CONTACT,
        exits={
            "both": "statement.menu",
            "sms": "statement.confirm",
            "mail": "statement.confirm",
            "none": "statement.none",
            "unknown": "statement.not_known",
        },
    ),
    Menu(
        name="statement.menu",
        prompts=(),
        keys={
            "1": Go(then="statement.confirm", values=_SMS, prompt="statement.menu_sms"),
            "2": Go(then="statement.confirm", values=_MAIL, prompt="statement.menu_mail"),
        },
        on_back=MENU,
        **tries(),
    ),
    Say(name="statement.none", prompt="statement.none", then=MENU, must_be_heard=True),
    Say(name="statement.not_known", prompt="statement.not_known", then=MENU),
    Confirm(
        name="statement.confirm",
        readback="statement.readback_{form_word}",
        prompt="statement.confirm",
        guards=Action.SEND_STATEMENT,
        yes="statement.send",
        no="statement.dropped",
        **tries(),
    ),
    Say(name="statement.dropped", prompt="statement.dropped", then=MENU),
    Do(
        name="statement.send",
        action=Action.SEND_STATEMENT,
        exits={
            "requested": "statement.sent",
            "denied": "statement.denied",
            "unknown": "statement.unsure",
        },
    ),
    Say(name="statement.sent", prompt="statement.sent", then=MENU, must_be_heard=True),
    Say(name="statement.denied", prompt="statement.denied", then="statement.reason"),
    Say(name="statement.reason", prompt="reason.{reason}", then=MENU, must_be_heard=True),
    Say(name="statement.unsure", prompt="statement.unsure", then=MENU, must_be_heard=True),
)
