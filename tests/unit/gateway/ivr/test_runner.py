"""A live call: effects become sound, timers and questions, on a virtual clock."""

from dataclasses import replace

import structlog
from prometheus_client import REGISTRY
from twisted.internet.defer import Deferred

from gateway.ivr.dialplan import Line
from gateway.ivr.runner import APOLOGY_S_MAX
from gateway.media.port import LostReason, MediaLost
from gateway.sip.calls import CloseReason
from risk.domain.events import Event
from risk.domain.reasons import ReasonCode
from tests.builders.phone import (
    ACCOUNT_NO,
    PIN,
    a_denial,
)
from tests.builders.runner_case import RunnerCase


def a_bug(_: object) -> Event:
    raise IndexError("a bug")


class RunnerTests(RunnerCase):
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
        assert self.leg.said == "无法继续为您服务,请稍后再拨。感谢您的来电,再见。"
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
