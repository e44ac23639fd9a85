"""What a live call leaves behind, and what it hands over to people who answer."""

from twisted.internet.defer import succeed

from gateway.ivr.call_record import MASK
from gateway.ivr.dialplan import Line
from gateway.ivr.runner import RECORDING_S_MAX
from gateway.media.port import LegFigures, RecordingFailed
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import TicketEnd
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
)
from tests.builders.runner_case import FakeDesk, RunnerCase


class RunnerRecordTests(RunnerCase):
    # What a call leaves behind

    def test_a_call_leaves_its_record_with_what_was_heard_keyed_and_done(self) -> None:
        self.to_confirm()
        self.clock.advance(1.5)
        self.leg.press("1")
        self.call.close(CloseReason.REMOTE_BYE)
        at_ring, at_login, at_order, after = self.log.begun
        assert (at_ring.call_no, at_ring.ended_ns, at_ring.started_ns) == ("c1", 0, 1_000 * 10**9)
        assert (at_ring.account_no, at_login.account_no) == ("", ACCOUNT_NO)
        assert [heard.prompt for heard in at_order.heard][-2:] == [
            *("order.readback_buy", "order.confirm"),
        ]
        assert at_order.keyed[-1].key == "1"
        assert [acted.action for acted in after.acted][-1] == "submit_order"
        (record,) = self.log.noted
        assert (record.ani, record.dnis, record.trunk) == ("+8613800000001", "95500", "carrier")
        assert record.account_no == ACCOUNT_NO
        assert record.close_reason == "remote_bye"
        assert record.path[:3] == ("welcome.greeting", "welcome.line", "welcome.language")
        assert record.last_state == "order.accepted"
        assert (record.recording, record.recording_sha256) == ("c1/c1.wav", "5ha")
        assert self.leg.recording == "/recordings/c1/c1.wav"
        assert record.figures["sent_packets"] == 3.0
        said = [heard for heard in record.heard if heard.prompt == "order.readback_buy"]
        assert [heard.text for heard in said] == [
            "您委托买入浦发银行,代码六零零零零零,数量二百股,价格十点零五元。"
        ]
        order = record.acted[-1]
        assert (order.action, order.outcome, order.request_id) == (
            *("submit_order", "accepted", "phone:c1:1"),
        )
        assert order.cl_ord_id == "261123010088"
        assert order.at_ms == 1_500

    def test_no_secret_is_in_the_record(self) -> None:
        self.leg.press("1")
        self.leg.press(f"{ACCOUNT_NO}#{PIN}#")  # ahead of the disclosure's end
        self.leg.finish()
        self.call.close(CloseReason.REMOTE_BYE)
        (record,) = self.log.noted
        keys = "".join(keyed.key for keyed in record.keyed)
        assert keys == "1" + "*" * len(ACCOUNT_NO) + "#" + "*" * len(PIN) + "#"
        assert PIN not in repr(record)

    def test_what_is_keyed_ahead_of_a_secret_is_secured_from_its_first_key(self) -> None:
        self.leg.press("1")
        assert self.leg.secured == []
        self.leg.press(f"{ACCOUNT_NO}#{PIN}#")
        assert self.leg.secured == [(True, 77)]
        self.leg.finish()
        assert self.leg.secured[-1] == (False, 0)

    def test_a_prompt_that_a_key_cuts_says_when(self) -> None:
        self.leg.finish()
        self.clock.advance(0.001)
        self.leg.press("1")
        self.call.close(CloseReason.REMOTE_BYE)
        (record,) = self.log.noted
        assert [heard.cut_ms for heard in record.heard] == [-1, 1, 1]

    def test_a_record_does_not_wait_for_ever_for_its_recording(self) -> None:
        self.leg.close = lambda: succeed(LegFigures())  # type: ignore[method-assign]
        self.call.close(CloseReason.REMOTE_BYE)
        assert self.log.noted == []
        self.clock.advance(RECORDING_S_MAX)
        (record,) = self.log.noted
        assert (record.recording, record.recording_sha256) == ("c1/c1.wav", "")
        assert self.clock.getDelayedCalls() == []

    def test_a_recording_that_failed_is_not_named(self) -> None:
        self.leg.close = lambda: succeed(LegFigures())  # type: ignore[method-assign]
        self.runner.leg_event(RecordingFailed("/recordings/c1/c1.wav", "disk full"))
        self.call.close(CloseReason.REMOTE_BYE)
        assert self.log.noted[0].recording == ""

    # People who answer

    def test_where_no_desk_is_0_leads_back(self) -> None:
        self.log_in()
        self.leg.press("0")
        self.leg.finish()
        assert self.leg.said.startswith("现在没有客服人员")

    def test_a_caller_is_handed_over_with_what_is_known(self) -> None:
        desk = FakeDesk()
        self.fittings = self.fittings._replace(desk=desk)
        self.begin(Line(branch_code="00021", queue="shanghai"))
        self.log_in()
        self.leg.press("1600000*0")
        self.leg.finish()
        (ticket,) = desk.tickets
        card = ticket.card
        assert (card.call_no, card.queue, card.branch_code) == ("c1", "shanghai", "00021")
        assert (card.account_no, card.is_verified) == (ACCOUNT_NO, True)
        assert card.path[-1] == "agent.asked"
        assert card.draft == {"side_word": "buy", "symbol": "600000", "security": "浦发银行"}
        assert PIN not in repr(card)
        played = len(self.leg.played)
        ticket.answered("Li Lei")
        self.leg.press("12")
        assert len(self.leg.played) == played
        ticket.ended(TicketEnd.SERVED)
        assert len(self.leg.played) == played + 1
        self.call.close(CloseReason.REMOTE_BYE)
        (record,) = self.log.noted
        assert [line.partition(" ")[2] for line in record.agent] == [
            *("queued shanghai", "place 1 wait 30 s", "answered Li Lei", "ended served"),
        ]

    def test_a_pin_keyed_as_an_account_is_handed_over_to_nobody(self) -> None:
        desk = FakeDesk()
        self.fittings = self.fittings._replace(desk=desk)
        self.begin(Line())
        self.leg.finish()
        self.leg.press("1")
        self.leg.finish()
        self.leg.press(f"{PIN}#*0")
        self.leg.finish()
        (ticket,) = desk.tickets
        assert (ticket.card.account_no, ticket.card.is_verified) == ("", False)
        assert PIN not in repr(ticket.card)

    def test_a_pin_keyed_once_more_after_the_login_is_kept_nowhere(self) -> None:
        self.begin(Line())
        self.leg.finish()
        self.leg.press("1")
        self.leg.finish()
        self.leg.press(f"{ACCOUNT_NO}#{PIN}#")
        before = len(self.leg.secured)
        self.leg.press(PIN)
        assert self.leg.secured[before:][-2][0] is True, "silenced in the recording"
        assert self.leg.secured[-1][0] is False, "and no longer than that"
        self.leg.press("#")
        self.call.close(CloseReason.REMOTE_BYE)
        (record,) = self.log.noted
        keyed = "".join(keyed.key for keyed in record.keyed)
        assert PIN not in keyed
        assert keyed.endswith("#" + MASK * len(PIN) + "#")
        assert all(PIN not in "".join(k.key for k in begun.keyed) for begun in self.log.begun)

    def test_a_caller_may_leave_the_queue(self) -> None:
        desk = FakeDesk()
        self.fittings = self.fittings._replace(desk=desk)
        self.begin(Line())
        self.log_in()
        self.leg.press("0")
        self.leg.finish()
        self.leg.press("*")
        assert desk.tickets[0].has_left
        desk.tickets[0].ended(TicketEnd.LEFT)
        assert self.leg.said.startswith("已返回自助服务")
