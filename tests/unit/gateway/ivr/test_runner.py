"""A live call: effects become sound, timers and questions, on a virtual clock."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog
from prometheus_client import REGISTRY
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.call_record import CallRecord
from gateway.ivr.dialplan import Line
from gateway.ivr.fittings import Fittings
from gateway.ivr.runner import APOLOGY_S_MAX, RECORDING_S_MAX, CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import Leg, LegFigures, LostReason, MediaLost, RecordingFailed
from gateway.sip.calls import CloseReason
from gateway.sip.desk_port import CallerCard, DeskCall, Ticket, TicketEnd
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.legs import FakeCall, FakeLeg
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
    FakeOrders,
    FakePins,
    FakeQueries,
    a_denial,
    phone_ports,
)
from tests.builders.voice import a_readable_voice


class FakeLog:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.begun: list[CallRecord] = []
        self.noted: list[CallRecord] = []

    def begin(self, record: CallRecord) -> Deferred[None]:
        self.begun.append(record)
        return succeed(None)

    def note(self, record: CallRecord) -> Deferred[None]:
        self.noted.append(record)
        return succeed(None)


class FakeTicket:
    """One caller in the queue; the test is the call centre."""

    def __init__(self, card: CallerCard) -> None:
        self.card = card
        self.has_left = False

    def on_place(self, callback: Callable[[int, int], None]) -> None:
        callback(1, 30)

    def on_answered(self, callback: Callable[[str], None]) -> None:
        self.answered = callback

    def on_ended(self, callback: Callable[[TicketEnd], None]) -> None:
        self.ended = callback

    def leave(self) -> None:
        self.has_left = True


class FakeDesk:
    """Queues everybody."""

    def __init__(self) -> None:
        self.tickets: list[FakeTicket] = []

    def enqueue(self, card: CallerCard, leg: Leg, call: DeskCall) -> Ticket:
        self.tickets.append(FakeTicket(card))
        return self.tickets[-1]


def a_bug(_: object) -> Event:
    raise IndexError("a bug")


class RunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.orders, self.pins, self.queries = FakeOrders(), FakePins(), FakeQueries()
        self.voice = a_readable_voice(Path(self.mktemp()))
        self.successResultOf(Deferred.fromCoroutine(self.voice.prepare()))
        self.tasks = Tasks(self.clock)
        ports = phone_ports(pins=self.pins, queries=self.queries, orders=self.orders)
        actions = phone_actions(ports, PhoneSettings(), self.voice, self.clock, lambda: 55)
        self.log = FakeLog()
        self.fittings = Fittings(
            *(self.voice, actions, PhoneSettings(), self.tasks, self.clock, self.now_ns),
            call_log=self.log,
            recordings=Path("/recordings"),
        )
        self.begin(Line())

    def now_ns(self) -> int:
        return int((1_000 + self.clock.seconds()) * 1e9)

    def begin(self, line: Line) -> None:
        """A call comes and is answered."""
        self.call, self.leg = FakeCall(), FakeLeg()
        self.runner = CallRunner(self.call, line, self.fittings)
        self.call.on_closed(lambda reason: self.runner.call_closed(reason.value))
        self.leg.on_event = self.runner.leg_event
        self.runner.start(self.leg)

    def log_in(self) -> None:
        self.leg.press(f"1{ACCOUNT_NO}#{PIN}#")
        self.leg.finish()

    def to_confirm(self) -> None:
        self.log_in()
        self.leg.press("160000010*05#200#")
        self.leg.finish()

    def test_a_readback_is_spoken_word_by_word(self) -> None:
        self.log_in()
        self.leg.press("160000010*05#200#")
        assert self.leg.said == ("您委托买入浦发银行,代码六零零零零零,数量二百股,价格十点零五元")
        self.leg.finish()
        assert self.leg.said == "确认委托请按一,放弃请按二,再听一遍请按九。"
        self.leg.press("1")
        assert self.leg.said == "委托已受理,委托号码是幺零零八八"

    def test_a_bond_is_counted_in_its_own_measure(self) -> None:
        self.log_in()
        self.leg.press("1113001100*5#20#")
        assert "数量二十张,价格一百点五零元" in self.leg.said

    def test_english_is_spoken_to_who_chose_it(self) -> None:
        self.leg.press(f"2{ACCOUNT_NO}#{PIN}#")
        self.leg.finish()
        self.leg.press("1600000")
        assert self.leg.said.startswith("SPD Bank")

    def test_every_denial_can_be_spoken(self) -> None:
        for reason, figures in (
            (ReasonCode.MARKET_CLOSED, "现在不是委托时间。"),
            (ReasonCode.OFF_LOT, "数量必须是一百的整数倍。"),
            (ReasonCode.DUPLICATE_ORDER, "请两秒后再试。"),
        ):
            detail = {"lot": 100, "wait_s": 2}
            self.orders.answer = lambda c, r=reason, d=detail: a_denial(c, r, d)  # type: ignore[misc]
            if self.leg.played[-1][1] == 1:
                self.to_confirm()
            else:
                self.leg.finish()
                self.leg.press("160000010*05#200#")
                self.leg.finish()
            self.leg.press("1")
            assert self.leg.said == "委托未被受理。"
            self.leg.finish()
            assert self.leg.said.endswith(figures), self.leg.said

    def test_silence_is_warned_about_then_asked_about_and_then_the_call_ends(self) -> None:
        self.leg.finish()  # the greeting
        for _ in range(3):
            assert self.call.hangups == 0
            self.leg.finish()
            self.clock.advance(4.9)
            assert not self.leg.said.startswith("还没有收到您的按键")
            self.clock.advance(0.2)
            assert self.leg.said.startswith("还没有收到您的按键")
            self.leg.finish()
            self.clock.advance(2.9)
            assert self.leg.said.startswith("还没有收到您的按键")
            self.clock.advance(0.2)
        assert self.leg.said == "感谢您的来电,再见。"
        self.leg.finish()
        assert self.call.hangups == 1
        assert self.leg.is_closed
        assert self.clock.getDelayedCalls() == []

    def test_the_pause_between_keys_has_its_own_limit(self) -> None:
        self.leg.press("1")
        self.leg.finish()
        self.leg.press("1")
        self.clock.advance(4.9)
        self.leg.press("0")
        self.clock.advance(4.9)
        played = len(self.leg.played)
        self.clock.advance(0.2)
        assert len(self.leg.played) == played + 1
        assert self.leg.said == "输入完毕,请按井号键。"

    def test_no_time_runs_out_for_who_holds_the_line(self) -> None:
        self.leg.press("1")
        self.leg.finish()
        self.leg.press("1")
        self.clock.advance(4.9)
        self.runner.held(True)
        self.clock.advance(100)
        self.runner.held(False)
        played = len(self.leg.played)
        self.clock.advance(4.9)
        assert len(self.leg.played) == played
        self.clock.advance(0.2)
        assert self.leg.said == "输入完毕,请按井号键。"
        self.runner.held(True)
        self.leg.finish()
        self.clock.advance(100)
        assert self.leg.said == "输入完毕,请按井号键。"
        self.leg.press("#")  # a key is taken all the same, and the held wait is stale
        self.runner.held(False)
        assert self.leg.said.startswith("请输入电话交易密码")
        self.clock.advance(100)
        assert self.leg.said.startswith("请输入电话交易密码")

    def test_elderly_callers_have_twice_the_time_and_a_slower_voice(self) -> None:
        self.begin(Line())
        visit = self.runner._visit
        self.runner._visit = replace(visit, values={**visit.values, "is_elder": True})
        self.leg.press("1")
        self.leg.finish()
        self.leg.press("1")
        self.clock.advance(9.9)
        assert self.leg.said.startswith("请输入资金账号")
        self.clock.advance(0.2)
        assert self.leg.said == "输入完毕,请按井号键。"

    def test_an_order_under_way_outlives_its_caller(self) -> None:
        reply: Deferred[Event] = Deferred()
        self.orders.answer = lambda c: reply
        self.to_confirm()
        self.leg.press("1")
        self.call.close(CloseReason.REMOTE_BYE)
        assert self.leg.is_closed
        assert not reply.called
        with structlog.testing.capture_logs() as logs:
            reply.callback(a_denial(self.orders.commands[0], ReasonCode.MARKET_CLOSED, {}))  # type: ignore[arg-type]
        assert [(line["event"], line["outcome"]) for line in logs] == [("ivr.outcome", "denied")]
        order = self.log.noted[0].acted[-1]
        assert (order.outcome, order.request_id) == ("unanswered", "phone:c1:1")

    def test_a_lost_leg_ends_the_call(self) -> None:
        self.runner.leg_event(MediaLost(LostReason.WORKER_ENDED))
        assert self.call.hangups == 1

    def test_a_bug_costs_this_call_an_apology_and_no_key_is_logged(self) -> None:
        self.orders.answer = a_bug
        self.to_confirm()
        with structlog.testing.capture_logs() as logs:
            self.leg.press("1")
        assert self.leg.said.startswith("系统出现故障")
        self.leg.press("1111")
        assert len(self.orders.commands) == 1
        self.leg.finish()
        assert self.call.hangups == 1
        assert "IndexError" in repr(logs)
        assert PIN not in repr(logs)

    def test_an_apology_nobody_hears_ends_all_the_same(self) -> None:
        self.orders.answer = a_bug
        self.to_confirm()
        self.leg.press("1")
        self.clock.advance(APOLOGY_S_MAX)
        assert self.call.hangups == 1
        self.clock.advance(60)
        assert self.clock.getDelayedCalls() == []

    def test_no_key_of_a_whole_call_is_in_any_log(self) -> None:
        self.setUp()
        with structlog.testing.capture_logs() as logs:
            self.leg.press("1")
            self.leg.finish()
            self.leg.press("77123477#654321#")
            self.leg.finish()
            self.leg.press(f"{ACCOUNT_NO}#{PIN}#")
            self.call.close(CloseReason.REMOTE_BYE)
        shown = repr(logs)
        for secret in ("654321", "77123477", PIN, ACCOUNT_NO):
            assert secret not in shown, shown
        outcomes = [line for line in logs if line["event"] == "ivr.outcome"]
        assert [line["action"] for line in outcomes[:2]] == ["verify_pin", "verify_pin"]

    def test_only_what_answers_a_key_counts_as_its_answer(self) -> None:
        name = "hotline_ivr_key_to_prompt_seconds_count"
        before = REGISTRY.get_sample_value(name) or 0
        self.leg.press("1")  # the language, ahead of the question: the disclosure answers it
        self.leg.press("1")  # of the account, while the disclosure is heard
        self.leg.finish()
        self.clock.advance(6)  # and then nothing: the warning answers no key
        assert self.leg.said == "输入完毕,请按井号键。"
        assert (REGISTRY.get_sample_value(name) or 0) - before == 1

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
        assert (record.recording, record.recording_sha256) == ("c1.wav", "5ha")
        assert self.leg.recording == "/recordings/c1.wav"
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
        assert (record.recording, record.recording_sha256) == ("c1.wav", "")
        assert self.clock.getDelayedCalls() == []

    def test_a_recording_that_failed_is_not_named(self) -> None:
        self.leg.close = lambda: succeed(LegFigures())  # type: ignore[method-assign]
        self.runner.leg_event(RecordingFailed("/recordings/c1.wav", "disk full"))
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
