"""The edge on memory transports: events in, messages out, in order, once."""

from pathlib import Path

import pytest
import structlog
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import Deferred

from notify.notices import NoticeState, Route
from notify.planner import EVENTS_WAITING_MAX, OutboxAhead
from notify.transports.memory import MemoryTransport
from notify.transports.port import Permanent, Temporary, Unknown
from risk.domain.enums import Language
from risk.domain.errors import TemporaryFailure
from tests.builders.notices import (
    AContact,
    InlineWorker,
    JournalStub,
    MovingClock,
    a_cancel,
    a_fill,
    a_rejection,
    an_accepted,
    an_edge,
)


def run(coroutine):
    """Run a coroutine that needs no reactor to its end."""
    found = []
    Deferred.fromCoroutine(coroutine).addBoth(found.append)
    assert found, "it waits for something"
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()
    return found[0]


class Site:
    """An edge with its journal, clock and memory transports."""

    def __init__(self, folder: Path, journal: JournalStub | None = None, **settings) -> None:
        self.clock = MovingClock()
        self.journal = journal or JournalStub()
        self.sms, self.mail = MemoryTransport(Route.SMS), MemoryTransport(Route.MAIL)
        self.worker = InlineWorker()
        self.edge = an_edge(
            folder, self.journal, self.clock, [self.sms, self.mail], worker=self.worker, **settings
        )
        run(self.edge.start())

    def happen(self, *events) -> None:
        """Make events durable and publish them."""
        self.edge.on_events(self.journal.append(*events))

    def traces(self, cl_ord_id="261122000042"):
        return run(self.edge.trace_of_order(cl_ord_id))

    def stop(self) -> None:
        run(self.edge.stop())


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.stop()


def test_a_fill_is_told_by_sms_and_mail(site) -> None:
    site.happen(an_accepted(), a_fill())

    (sms,), (mail,) = site.sms.messages, site.mail.messages
    assert sms.recipient == "+8613800138000"
    assert sms.text == (
        "【热线证券】尾号0001账户11月22日09:31:05买入000001成交100,价格10.05元,"
        "已全部成交。委托编号42。"
    )
    assert mail.recipient == "zhang@example.com"
    assert mail.subject == "成交通知:买入000001 100,价格10.05元"
    assert "本笔费用:5.0101元" in mail.text
    assert "成交金额:1005.00元" in mail.html


def test_each_kind_of_event_is_told_once_per_route(site) -> None:
    site.happen(a_fill(), a_rejection(), a_cancel(), a_cancel(is_expired=True))

    assert [(t.event_seq, t.route, t.kind.value, t.state.name) for t in site.traces()] == [
        (seq, route, kind, "SENT")
        for seq, kind in enumerate(
            ("filled", "order_rejected", "order_canceled", "order_expired"), 1
        )
        for route in (Route.SMS, Route.MAIL)
    ]


def test_the_customers_language_and_routes_are_used(tmp_path) -> None:
    english = AContact("Li Lei", "", "li@example.com", Language.EN)
    site = Site(tmp_path, contact_of=lambda _: english)

    site.happen(a_fill(last_qty=12_000, cum_qty=12_000))

    assert not site.sms.messages
    assert site.mail.messages[0].subject == "Filled: buy 12,000 000001 at 10.05"
    site.stop()


def test_an_account_without_contact_is_passed_over(tmp_path) -> None:
    site = Site(tmp_path, contact_of=lambda account_no: None if account_no == "9" else AContact())

    site.happen(a_fill(account_no="9"), a_fill())

    assert len(site.sms.messages) == 1
    site.stop()


def test_a_restart_plans_what_the_journal_has_and_nothing_twice(tmp_path) -> None:
    first = Site(tmp_path)
    first.happen(a_fill())
    first.stop()
    first.journal.append(a_fill(exec_id="E2"), a_fill(exec_id="E3"))  # never published

    second = Site(tmp_path, first.journal)

    assert len(second.sms.messages) == 2
    assert [t.event_seq for t in second.traces()] == [1, 1, 2, 2, 3, 3]
    second.stop()


def test_events_published_before_start_are_not_planned_twice(tmp_path) -> None:
    clock, journal, sms = MovingClock(), JournalStub(), MemoryTransport(Route.SMS)
    edge = an_edge(tmp_path, journal, clock, [sms])
    edge.on_events(journal.append(a_fill(), a_fill(exec_id="E2")))

    run(edge.start())
    edge.on_events(journal.append(a_fill(exec_id="E3")))
    clock.advance(1)

    assert [t.event_seq for t in run(edge.trace_of_order("261122000042"))] == [1, 2, 3]
    run(edge.stop())


def test_a_flood_is_read_from_the_journal(site) -> None:
    site.happen(*[an_accepted()] * EVENTS_WAITING_MAX, a_fill())
    site.happen(a_fill(exec_id="E2"))

    assert [t.event_seq for t in site.traces() if t.route is Route.SMS] == [
        EVENTS_WAITING_MAX + 1,
        EVENTS_WAITING_MAX + 2,
    ]


def test_an_outbox_ahead_of_its_journal_refuses_to_start(tmp_path) -> None:
    site = Site(tmp_path)
    site.happen(a_fill(), a_fill(exec_id="E2"))
    site.stop()
    site.journal.events.pop()

    with pytest.raises(OutboxAhead, match="up to 2"):
        Site(tmp_path, site.journal)


def test_a_temporary_failure_is_tried_again_and_holds_back_the_next_to_the_same(site) -> None:
    site.sms.answer_with([Temporary("smpp_status_0x8")])
    site.happen(a_fill(), a_fill(exec_id="E2", order_no=43))
    assert not site.sms.messages

    site.clock.advance(5)

    assert [m.text[-3:] for m in site.sms.messages] == ["42。", "43。"]


def test_a_refusal_is_a_dead_letter_and_the_next_goes(site) -> None:
    site.sms.answer_with([Permanent("smpp_destination_address")])

    site.happen(a_fill(), a_fill(exec_id="E2"))

    dead, sent = (t for t in site.traces() if t.route is Route.SMS)
    assert (dead.state, dead.reason) == (NoticeState.DEAD, "smpp_destination_address")
    assert sent.state is NoticeState.SENT


def test_an_unknown_outcome_waits_and_is_then_sent_again(site) -> None:
    site.sms.answer_with([Unknown("smpp_response_timeout", ("",))])
    site.happen(a_fill())
    assert site.traces()[0].state is NoticeState.UNKNOWN

    site.clock.advance(59)
    assert not site.sms.messages
    site.clock.advance(2)

    trace = site.traces()[0]
    assert (trace.state, trace.attempts) == (NoticeState.SENT, 2)


def test_nothing_is_claimed_while_the_route_is_down(site) -> None:
    site.sms.set_ready(False)
    site.happen(a_fill())
    assert site.traces()[0].attempts == 0

    site.sms.set_ready(True)

    assert site.traces()[0].state is NoticeState.SENT


def test_a_notice_that_nobody_took_in_time_is_a_dead_letter(tmp_path) -> None:
    site = Site(tmp_path, keep_s=60)
    site.sms.set_ready(False)
    site.happen(a_fill())
    site.clock.advance(61)
    site.sms.set_ready(True)

    assert not site.sms.messages
    assert site.traces()[0].reason.startswith("expired")
    site.stop()


def test_evidence_shows_planned_and_sent_moments(site) -> None:
    site.happen(a_fill())

    trace = site.traces()[0]
    assert trace.event_ns < trace.planned_ns <= trace.sent_ns
    assert trace.recipient_tail == "*8000"
    assert trace.message_ids == (f"memory-1.{trace.planned_ns}",)


DISK_FULL = OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.mark.parametrize("job", ["_plan", "_claim", "settle"])
def test_a_failed_transaction_is_tried_again(site, job) -> None:
    site.worker.failing[job] = DISK_FULL
    site.happen(a_fill())
    assert any(trace.state is not NoticeState.SENT for trace in site.traces()) or job == "_plan"

    site.clock.pump([0.5] * 4)

    assert [trace.state for trace in site.traces()] == [NoticeState.SENT] * 2
    assert len(site.sms.messages) == 1


def test_a_store_that_does_not_answer_holds_notices_back_and_loses_none(tmp_path) -> None:
    down = [True]

    def contact_of(_):
        if down[0]:
            raise TemporaryFailure("the store does not answer")
        return AContact()

    site = Site(tmp_path, contact_of=contact_of)
    site.happen(a_fill())
    site.happen(an_accepted(), a_fill(exec_id="E2"))
    assert not site.traces()

    down[0] = False
    site.clock.advance(1)

    assert [trace.event_seq for trace in site.traces() if trace.route is Route.SMS] == [1, 3]
    site.stop()


def test_a_bug_in_planning_is_loud_and_loses_nothing(site) -> None:
    site.worker.failing["_plan"] = ZeroDivisionError("a bug")
    with structlog.testing.capture_logs() as logs:
        site.happen(a_fill())
    assert [entry["event"] for entry in logs] == ["notify.bug"]

    site.clock.advance(1)

    assert len(site.sms.messages) == 1


def test_a_cursor_moved_by_another_planner_is_followed(tmp_path) -> None:
    journal = JournalStub()
    one = Site(tmp_path, journal)
    two = Site(tmp_path, journal, instance="two")
    batch = journal.append(a_fill())
    one.edge.on_events(batch)
    two.edge.on_events(batch)
    two.edge.on_events(journal.append(a_fill(exec_id="E2")))

    assert [trace.event_seq for trace in one.traces() if trace.route is Route.SMS] == [1, 2]
    assert len(one.sms.messages) + len(two.sms.messages) == 2
    one.stop()
    two.stop()


class Buggy(MemoryTransport):
    """A transport with a bug."""

    async def send(self, message):
        raise ZeroDivisionError


class Stuck(MemoryTransport):
    """A transport that keeps no time."""

    async def send(self, message):
        await Deferred()


def test_a_bug_in_a_transport_costs_an_attempt(tmp_path) -> None:
    clock, journal = MovingClock(), JournalStub()
    edge = an_edge(tmp_path, journal, clock, [Buggy(Route.SMS)])
    run(edge.start())
    edge.on_events(journal.append(a_fill()))

    (trace,) = run(edge.trace_of_events([1]))
    assert (trace.state, trace.reason) == (NoticeState.UNKNOWN, "transport_bug")
    run(edge.stop())


def test_a_transport_that_keeps_no_time_is_cut_off(tmp_path) -> None:
    clock, journal = MovingClock(), JournalStub()
    edge = an_edge(tmp_path, journal, clock, [Stuck(Route.SMS)], send_timeout_s=10)
    run(edge.start())
    edge.on_events(journal.append(a_fill()))
    assert run(edge.trace_of_events([1]))[0].state is NoticeState.SENDING

    clock.advance(16)

    assert run(edge.trace_of_events([1]))[0].reason == "send_timeout"
    run(edge.stop())


def test_gauges_tell_depth_and_age(site) -> None:
    site.sms.set_ready(False)
    site.happen(a_fill())
    site.clock.advance(7)

    def value(name):
        return REGISTRY.get_sample_value(name, {"route": "sms"})

    assert value("hotline_outbox_depth") == 1
    assert value("hotline_outbox_oldest_seconds") == 7
    site.sms.set_ready(True)
    site.clock.advance(1)
    assert value("hotline_outbox_depth") == 0


def test_no_account_or_number_reaches_the_log(site) -> None:
    site.sms.answer_with([Permanent("refused")])
    with structlog.testing.capture_logs() as logs:
        site.happen(a_fill(), a_fill(account_no="10000001"))
    assert logs
    assert not any(
        secret in str(entry) for entry in logs for secret in ("10000001", "138000", "zhang", "张三")
    )
