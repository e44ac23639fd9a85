"""What call flows ask of the gateway, with a fake heart and a virtual clock."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.identity.credentials import LockedOut, Refused, TriesBusy
from gateway.ivr.actions.asking import Caller
from gateway.ivr.actions.names import NAME_TIMEOUT_S
from gateway.ivr.actions.orders import order_of
from gateway.ivr.actions.table import PhoneActions, phone_actions
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import Outcome, Perform
from gateway.ivr.wishes import Action
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Language, Side
from risk.domain.errors import InvariantBroken
from risk.domain.events import Event
from risk.domain.ids import REQUEST_ID
from risk.domain.reasons import ReasonCode
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
    FakeOrders,
    FakePins,
    FakeQueries,
    a_denial,
    an_acceptance,
    phone_ports,
)
from tests.builders.voice import ToneSpeaker, a_readable_voice

CALLER = Caller("261122-101502-0001", Language.ZH)
ORDER: Mapping[str, object] = {
    "verified_account_no": ACCOUNT_NO,
    "symbol": "600000",
    "side": Side.BUY,
    "qty": 200,
    "price": 100_500,
}


class ActionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.pins, self.queries, self.orders = FakePins(), FakeQueries(), FakeOrders()
        self.speaker = ToneSpeaker()
        self.voice = a_readable_voice(Path(self.mktemp()), self.speaker)
        ports = phone_ports(pins=self.pins, queries=self.queries, orders=self.orders)
        self.actions = phone_actions(
            ports, PhoneSettings(reply_timeout_s=8.0), self.voice, self.clock, lambda: 55
        )

    def test_every_action_has_one_who_answers_it(self) -> None:
        async def answering(_: Caller, __: Perform) -> tuple[str, Mapping[str, object]]:
            return "ok", {}

        everyone = dict.fromkeys(Action, answering)
        PhoneActions([everyone])
        with pytest.raises(InvariantBroken, match=r"answered twice: .*'read_cash'"):
            PhoneActions([everyone, {Action.READ_CASH: answering}])
        with pytest.raises(InvariantBroken, match=r"answered by nobody: .*'verify_pin'"):
            PhoneActions([{Action.READ_CASH: answering}])

    def perform(
        self,
        action: Action,
        values: Mapping[str, object],
        secrets: Mapping[str, str] = {},
        language: Language = Language.ZH,
        at_ns: int = 44,
    ) -> Deferred[Outcome]:
        wish = Perform(action, values, secrets, 1, at_ns)
        return Deferred.fromCoroutine(
            self.actions.perform(CALLER._replace(language=language), wish)
        )

    def outcome(
        self, action: Action, values: Mapping[str, object], **more: object
    ) -> tuple[str, Mapping[str, object]]:
        outcome = self.successResultOf(self.perform(action, values, **more))  # type: ignore[arg-type]
        assert outcome.action is action
        return outcome.name, outcome.values

    def test_a_right_pin_names_the_account_for_what_follows(self) -> None:
        assert self.outcome(
            Action.VERIFY_PIN, {"account_no": ACCOUNT_NO}, secrets={"pin": PIN}
        ) == ("ok", {"verified_account_no": ACCOUNT_NO})

    def test_wrong_locked_and_busy_are_told_apart(self) -> None:
        for outcome, name in (
            (Refused(2), "refused"),
            (LockedOut(9), "locked_out"),
            (TriesBusy("too many"), "busy"),
        ):
            self.pins.outcome = outcome
            asked = {"account_no": ACCOUNT_NO}
            assert self.outcome(Action.VERIFY_PIN, asked, secrets={"pin": "1"}) == (name, {})

    def test_a_security_is_named_in_the_language_of_the_caller(self) -> None:
        zh = self.outcome(Action.FIND_SECURITY, {"symbol": "600000"})
        en = self.outcome(Action.FIND_SECURITY, {"symbol": "600000"}, language=Language.EN)
        assert zh == (
            "ok",
            {"symbol": "600000", "security": "浦发银行", "measure": "share"},
        )
        assert en[1]["security"] == "SPD Bank"
        bond = self.outcome(Action.FIND_SECURITY, {"symbol": "113001"})
        assert bond[1]["measure"] == "bond"
        assert self.outcome(Action.FIND_SECURITY, {"symbol": "999999"}) == ("unknown", {})

    def test_a_name_that_takes_long_does_not_hold_up_the_call(self) -> None:
        self.speaker.synth = lambda text, language: Deferred()  # type: ignore[method-assign]
        found = self.perform(Action.FIND_SECURITY, {"symbol": "600000"})
        self.assertNoResult(found)
        self.clock.advance(NAME_TIMEOUT_S)
        assert self.successResultOf(found).name == "ok"

    def test_cash_is_read_of_the_verified_account(self) -> None:
        verified = {"verified_account_no": ACCOUNT_NO, "account_no": "9999"}
        assert self.outcome(Action.READ_CASH, verified) == (
            "ok",
            {"free": 12_345_600, "frozen": 0, "withdrawable": 0, "total": 12_345_600},
        )
        unheard = {"verified_account_no": "9999"}
        assert self.outcome(Action.READ_CASH, unheard) == ("unknown", {})

    def test_after_a_failure_of_the_heart_nothing_is_read(self) -> None:
        self.queries.failed = AcceptanceStopped("stopped")
        assert self.outcome(Action.FIND_SECURITY, {"symbol": "600000"}) == ("not_now", {})
        verified = {"verified_account_no": ACCOUNT_NO}
        assert self.outcome(Action.READ_CASH, verified) == ("unknown", {})

    def test_an_order_is_submitted_once_with_the_calls_own_request_id(self) -> None:
        assert self.outcome(Action.SUBMIT_ORDER, ORDER) == (
            "accepted",
            {"order_no": 10_088, "cl_ord_id": "261123010088"},
        )
        assert self.orders.commands == [
            SubmitOrder(
                request_id="phone:261122-101502-0001:1",
                account_no=ACCOUNT_NO,
                symbol="600000",
                side=Side.BUY,
                qty=200,
                price_e4=100_500,
                channel=Channel.PHONE,
                trace_id="261122-101502-0001",
                entered_ns=44,
            )
        ]
        assert REQUEST_ID.fullmatch("phone:261122-101502-0001:1")

    def test_a_key_without_a_time_takes_the_clock(self) -> None:
        wish = Perform(Action.SUBMIT_ORDER, ORDER, {}, 2, 0)
        assert order_of(CALLER, wish, 55).entered_ns == 55

    def test_a_denial_brings_its_reason_and_figures(self) -> None:
        detail = {"limit_up_e4": 110_000}
        self.orders.answer = lambda c: a_denial(c, ReasonCode.ABOVE_LIMIT_UP, detail)
        assert self.outcome(Action.SUBMIT_ORDER, ORDER) == (
            "denied",
            {"reason": "above_limit_up", "limit_up_e4": 110_000},
        )

    def test_a_denial_without_its_figures_is_told_without_them(self) -> None:
        self.orders.answer = lambda c: a_denial(c, ReasonCode.BUYING_POWER, {"need_e4": 1})
        assert self.outcome(Action.SUBMIT_ORDER, ORDER) == ("denied", {"reason": "other"})

    def test_an_order_that_was_not_taken_is_denied(self) -> None:
        self.orders.answer = lambda c: fail(AcceptanceStopped("stopped"))
        assert self.outcome(Action.SUBMIT_ORDER, ORDER) == ("denied", {"reason": "not_accepting"})

    def test_an_order_of_unknown_fate_is_told_as_unknown(self) -> None:
        self.orders.answer = lambda c: fail(OutcomeUnknown("disk"))
        assert self.outcome(Action.SUBMIT_ORDER, ORDER) == ("unknown", {})

    def test_a_late_answer_is_unknown_and_harmless_when_it_comes(self) -> None:
        reply: Deferred[Event] = Deferred()
        self.orders.answer = lambda c: reply
        asked = self.perform(Action.SUBMIT_ORDER, ORDER)
        self.clock.advance(7.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        assert self.successResultOf(asked).name == "unknown"
        command = self.orders.commands[0]
        assert isinstance(command, SubmitOrder)
        reply.callback(an_acceptance(command))
