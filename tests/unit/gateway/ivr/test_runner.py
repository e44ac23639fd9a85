"""A live call: effects become sound, timers and questions, on a virtual clock."""

from pathlib import Path

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.core.tasks import Tasks
from gateway.ivr.actions.table import phone_actions
from gateway.ivr.flows.hotline import HOTLINE
from gateway.ivr.runner import APOLOGY_S_MAX, CallRunner
from gateway.ivr.settings import PhoneSettings
from gateway.media.port import LostReason, MediaLost
from risk.domain.enums import OrdStatus
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
    FakeLeg,
    FakeOrders,
    FakePins,
    FakeQueries,
    a_denial,
    a_readable_voice,
    an_order_view,
)


class FakeCall:
    """A call that closes as soon as somebody hangs up."""

    call_no = "c1"

    def __init__(self) -> None:
        self.hangups = 0
        self.runner: CallRunner | None = None

    def hangup(self) -> None:
        self.hangups += 1
        assert self.runner is not None
        self.runner.call_closed()


def a_bug(_: object) -> Event:
    raise IndexError("a bug")


class RunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.call, self.leg = Clock(), FakeCall(), FakeLeg()
        self.orders, self.pins, self.queries = FakeOrders(), FakePins(), FakeQueries()
        self.voice = a_readable_voice(Path(self.mktemp()))
        self.successResultOf(Deferred.fromCoroutine(self.voice.prepare()))
        self.tasks = Tasks(self.clock)
        actions = phone_actions(
            self.pins, self.queries, self.orders, self.voice, self.clock, lambda: 55, 8.0
        )
        self.runner = CallRunner(
            self.call, HOTLINE, self.voice, actions, PhoneSettings(), self.tasks, self.clock
        )
        self.call.runner = self.runner
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
        self.leg.press("3")
        words = ["one", "thousand", "two", "hundred", "thirty", "four", "point", "five", "six"]
        assert self.leg.played[-1][0] == ["The cash you may use is", *words, "yuan"]

    def test_the_last_order_is_told_with_what_became_of_it(self) -> None:
        self.log_in()
        self.leg.press("4")
        assert self.leg.said == "您今天还没有委托。"
        self.leg.finish()
        for status, leaves, cum, said in (
            (OrdStatus.PARTIALLY_FILLED, 18, 2, "委托尚未结束,已成交两张"),
            (OrdStatus.FILLED, 0, 20, "委托已全部成交。"),
            (OrdStatus.CANCELED, 0, 2, "委托已结束,共成交两张"),
            (OrdStatus.REJECTED, 0, 0, "委托已被交易所拒绝。"),
        ):
            self.queries.last_order = an_order_view(
                ord_status=status, leaves_qty=leaves, cum_qty=cum
            )
            self.leg.press("4")
            assert self.leg.said == (
                "您最近一笔委托是卖出中行转债,代码幺幺三零零幺,委托号码四二,"
                "数量二十张,价格一百点五零元"
            )
            self.leg.finish()
            assert self.leg.said == said
            self.leg.finish()

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

    def test_silence_is_asked_about_and_then_the_call_ends(self) -> None:
        for _ in range(3):
            assert self.call.hangups == 0
            self.leg.finish()
            self.clock.advance(8.1)
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
        assert len(self.leg.played) == 3
        self.clock.advance(0.2)
        assert self.leg.said.startswith("没有收到您的按键。")

    def test_an_order_under_way_outlives_its_caller(self) -> None:
        reply: Deferred[Event] = Deferred()
        self.orders.answer = lambda c: reply
        self.to_confirm()
        self.leg.press("1")
        self.runner.call_closed()
        assert self.leg.is_closed
        assert not reply.called
        with structlog.testing.capture_logs() as logs:
            reply.callback(a_denial(self.orders.commands[0], ReasonCode.MARKET_CLOSED, {}))  # type: ignore[arg-type]
        assert [(line["event"], line["outcome"]) for line in logs] == [("ivr.outcome", "denied")]

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
            self.log_in_again()
            self.runner.call_closed()
        shown = repr(logs)
        for secret in ("654321", "77123477", PIN, ACCOUNT_NO):
            assert secret not in shown, shown
        assert shown.count("ivr.outcome") == 2

    def log_in_again(self) -> None:
        self.leg.press(f"{ACCOUNT_NO}#{PIN}#")
