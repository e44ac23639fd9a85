"""The truth about the last order placed by phone, for a caller who was cut off."""

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.ports import AcceptanceStopped, OutcomeUnknown
from gateway.ivr.actions.asking import Caller
from gateway.ivr.actions.names import SpokenNames
from gateway.ivr.actions.resume import ResumeActions
from gateway.ivr.call_record import GATEWAY_ENDED, Acted, CallRecord
from gateway.ivr.settings import PhoneSettings
from gateway.ivr.visit import Outcome, Perform
from gateway.ivr.wishes import Action
from gateway.media.speech import Qty
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, Language, Side
from risk.domain.errors import TemporaryFailure
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.phone import (
    ACCOUNT_NO,
    BOND,
    FakeCalls,
    FakeOrders,
    FakeQueries,
    a_denial,
    an_acceptance,
    an_order_view,
)
from tests.builders.voice import a_readable_voice

NS = 1_000_000_000
CALLER = Caller("c9", Language.ZH)


class Busy(TemporaryFailure):
    code = "store.busy"


def a_call(call_no: str, ended_s: int = 900, close_reason: str = "remote_bye") -> CallRecord:
    return CallRecord(
        call_no=call_no,
        sip_call_id="x",
        account_no=ACCOUNT_NO,
        started_ns=1,
        ended_ns=ended_s * NS,
        close_reason=close_reason,
    )


def an_order(call_no: str, n: int) -> SubmitOrder:
    request_id = f"phone:{call_no}:{n}"
    return SubmitOrder(
        *(request_id, ACCOUNT_NO, BOND.symbol, Side.SELL, 20, 1_005_000, Channel.PHONE),
        trace_id=call_no,
    )


class ResumeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.calls, self.orders, self.queries = FakeCalls(), FakeOrders(), FakeQueries()
        voice = a_readable_voice(Path(self.mktemp()))
        self.actions = ResumeActions(
            *(self.calls, self.orders, self.queries, SpokenNames(voice, self.clock)),
            *(voice.book, self.clock, lambda: 1_000 * NS, PhoneSettings()),
        )
        self.calls.made = [a_call("c2"), a_call("c1")]

    def begin(self) -> Deferred[tuple[str, Mapping[str, object]]]:
        wish = Perform(Action.READ_LAST_ORDER, {"verified_account_no": ACCOUNT_NO}, {}, 0, 0)
        return Deferred.fromCoroutine(self.actions.read(CALLER, wish))  # type: ignore[arg-type]

    def told(self) -> tuple[str, Mapping[str, object]]:
        return self.successResultOf(self.begin())

    def know(self, event: Event, call_no: str, n: int, at_s: int) -> None:
        known = event._replace(at_ns=at_s * NS)
        self.orders.known[f"phone:{call_no}:{n}"] = succeed(known)

    def accept(self, call_no: str, n: int, at_s: int, order_no: int = 42) -> None:
        self.know(an_acceptance(an_order(call_no, n), order_no), call_no, n, at_s)

    def deny(self, call_no: str, n: int, at_s: int) -> None:
        event = a_denial(an_order(call_no, n), ReasonCode.OFF_LOT, {"lot": 100})
        self.know(event, call_no, n, at_s)

    def test_nothing_is_told_when_no_order_was_placed(self) -> None:
        assert self.told() == ("none", {})
        self.calls.made = []
        assert self.told() == ("none", {})

    def test_an_accepted_order_is_told_as_it_stands_now(self) -> None:
        self.accept("c1", 1, 900)
        self.queries.today = [an_order_view(cum_qty=2, leaves_qty=18)]
        name, values = self.told()
        assert name == "accepted"
        assert (values["item_no"], values["item_state"]) == (42, "part")
        assert values["item_filled"] == Qty(2, "bond")

    def test_a_denied_order_is_told_with_its_reason(self) -> None:
        self.deny("c1", 3, 900)
        assert self.told() == (
            "denied",
            {
                "reason": "off_lot",
                "lot": 100,
                "item_side": "sell",
                "item_security": BOND.name_zh,
                "item_symbol": BOND.symbol,
                "item_qty": Qty(20, "bond"),
                "item_price": 1_005_000,
            },
        )

    def test_the_last_one_counts_whichever_call_it_was_placed_in(self) -> None:
        self.accept("c2", 1, 800)
        self.deny("c1", 2, 850)
        assert self.told()[0] == "denied"
        self.accept("c2", 2, 860)
        self.queries.today = [an_order_view()]
        assert self.told()[0] == "accepted"

    def test_calls_that_ended_earlier_than_the_settings_say_are_not_told_of(self) -> None:
        self.calls.made = [a_call("c1", 399)]
        self.deny("c1", 1, 398)
        assert self.told() == ("none", {})
        self.calls.made = [a_call("c1", 400)]
        assert self.told()[0] == "denied"

    def test_a_call_that_still_lasts_counts(self) -> None:
        self.calls.made = [a_call("c1", 0)]
        self.deny("c1", 1, 1)
        assert self.told()[0] == "denied"

    def test_an_order_still_under_way_is_waited_for(self) -> None:
        reply: Deferred[Event] = Deferred()
        self.orders.known["phone:c2:1"] = reply
        asked = self.begin()
        self.assertNoResult(asked)
        reply.callback(
            a_denial(an_order("c2", 1), ReasonCode.OFF_LOT, {"lot": 100})._replace(at_ns=950 * NS)
        )
        assert self.successResultOf(asked)[0] == "denied"

    def test_an_order_that_stays_under_way_is_told_as_unknown(self) -> None:
        self.deny("c1", 1, 900)
        self.orders.known["phone:c2:1"] = Deferred()
        asked = self.begin()
        self.clock.advance(8.1)
        assert self.successResultOf(asked) == ("unknown", {})

    def test_an_order_of_unknown_fate_is_told_as_unknown(self) -> None:
        self.orders.known["phone:c2:1"] = fail(OutcomeUnknown("disk"))
        assert self.told() == ("unknown", {})

    def test_after_a_failure_of_the_heart_it_is_unknown(self) -> None:
        self.accept("c1", 1, 900)
        self.queries.failed = AcceptanceStopped("stopped")
        assert self.told() == ("unknown", {})

    def test_a_call_the_gateway_took_along_is_told_to_have_placed_nothing(self) -> None:
        self.calls.made = [a_call("c3", 950, GATEWAY_ENDED)]
        assert self.told() == ("cut_off", {})
        self.calls.made = [a_call("c3", 399, GATEWAY_ENDED)]
        assert self.told() == ("none", {})

    def test_an_order_of_a_call_the_gateway_took_along_is_told(self) -> None:
        self.calls.made = [a_call("c3", 950, GATEWAY_ENDED)]
        self.deny("c3", 1, 940)
        assert self.told()[0] == "denied"

    def test_an_order_of_another_account_in_the_same_call_is_never_told(self) -> None:
        other = an_order("c2", 2)._replace(account_no="10000002")
        self.know(an_acceptance(other, 43), "c2", 2, 950)
        assert self.told() == ("none", {})
        self.deny("c2", 1, 900)
        assert self.told()[0] == "denied"

    def test_an_older_order_is_not_told_as_that_of_a_call_the_gateway_took_along(self) -> None:
        self.calls.made = [a_call("c3", 950, GATEWAY_ENDED), a_call("c1", 900)]
        self.calls.made[0] = replace(self.calls.made[0], started_ns=910 * NS)
        self.deny("c1", 1, 890)
        assert self.told() == ("cut_off", {})
        self.calls.made.insert(0, a_call("c4", 990))
        self.deny("c4", 1, 980)
        assert self.told()[0] == "denied", "an order placed since then is the last one"

    def test_an_order_lost_after_another_of_the_same_call_is_not_told_as_that_one(self) -> None:
        asked = [Acted(1, "order.submit", "submit_order", "", f"phone:c3:{n}") for n in (1, 2)]
        call = replace(a_call("c3", 950, GATEWAY_ENDED), acted=tuple(asked))
        self.calls.made = [call]
        self.deny("c3", 1, 940)
        assert self.told() == ("unknown", {})
        self.calls.made = [replace(call, acted=call.acted[:1])]
        assert self.told()[0] == "denied"

    def test_the_last_of_very_many_changes_of_a_call_is_found(self) -> None:
        asked = [Acted(1, "s", "submit_order", "denied", f"phone:c1:{n}") for n in range(1, 131)]
        self.calls.made = [replace(a_call("c1"), acted=tuple(asked))]
        self.accept("c1", 1, 900)
        self.queries.today = [an_order_view()]
        assert self.told()[0] == "accepted"
        self.deny("c1", 130, 940)
        assert self.told()[0] == "denied"

    def test_other_changes_of_a_call_are_not_taken_for_orders(self) -> None:
        self.deny("c1", 1, 900)
        self.orders.known["phone:c1:2"] = succeed(Outcome)  # type: ignore[assignment]
        assert self.told()[0] == "denied"

    def test_when_the_calls_cannot_be_read_nothing_is_claimed(self) -> None:
        self.calls.failed = Busy("busy")
        assert self.told() == ("none", {})
