"""The FIX edge against the simulated exchange: two processes, real QuickFIX on both sides."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from fix.metrics import NUMBER_FAULTS
from risk.domain.commands import RecordCancelReject, RecordExecution
from risk.domain.enums import ExecType, OrdStatus
from tests.builders.fix_edges import (
    RecordedEdge,
    a_cancel_requested,
    an_accepted,
    an_open,
    until,
)
from tests.builders.venue_process import VenueProcess


class VenueTestCase(TestCase):
    """Starts and stops a venue and edges."""

    timeout = 60
    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.venue = VenueProcess(self.folder / "venue", *self.options)
        self.addCleanup(self.kill_venue)

    def kill_venue(self) -> None:
        self.venue.kill()

    def start_venue(self, *options: str) -> None:
        """Start the venue again on the same port, with the same message store."""
        self.venue = VenueProcess(self.folder / "venue", *options, port=self.venue.port)

    def edge(self, *args: Any, **settings: Any) -> RecordedEdge:
        edge = RecordedEdge(self.venue.port, self.folder / "gateway", *args, **settings)
        self.addCleanup(edge.kill)
        return edge

    def ids_at_venue(self) -> list[str]:
        return [order["cl_ord_id"] for order in self.venue.orders()]


class OrderRoundTripTests(VenueTestCase):
    """Orders and cancels out, reports back."""

    async def _two_way(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        buy, sell = an_accepted(1), an_accepted(2, side=2)
        edge.publish(buy)
        await until(lambda: edge.reports(buy.cl_ord_id), "the buy is opened")
        edge.publish(sell)
        await until(lambda: len(edge.reports(sell.cl_ord_id)) == 2, "the sell is filled")
        trades = [r for r in edge.reports(buy.cl_ord_id) if r.exec_type is ExecType.TRADE]
        assert [(t.last_qty, t.last_px_e4, t.leaves_qty) for t in trades] == [(100, 100_500, 0)]
        assert edge.routed() == [(buy.cl_ord_id, False), (sell.cl_ord_id, False)]
        assert self.ids_at_venue() == [buy.cl_ord_id, sell.cl_ord_id]
        await edge.stop()

    def test_an_accepted_order_reaches_the_venue_and_its_fills_come_back(self) -> Any:
        return Deferred.fromCoroutine(self._two_way())

    async def _cancel(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        first, late = a_cancel_requested(2, order), a_cancel_requested(3, order)
        edge.publish(order, first, late)
        await until(lambda: edge.of(RecordCancelReject), "the late cancel is rejected")
        last = edge.reports(order.cl_ord_id)[-1]
        assert (last.exec_type, last.cl_ord_id, last.orig_cl_ord_id) == (
            ExecType.CANCELED,
            first.cl_ord_id,
            order.cl_ord_id,
        )
        (reject,) = edge.of(RecordCancelReject)
        assert (reject.cl_ord_id, reject.orig_cl_ord_id) == (late.cl_ord_id, order.cl_ord_id)
        assert reject.ord_status is OrdStatus.CANCELED
        assert edge.edge.has_room
        await edge.stop()

    def test_a_cancel_ends_the_order_and_a_second_one_is_rejected(self) -> Any:
        return Deferred.fromCoroutine(self._cancel())

    async def _reject(self) -> None:
        self.venue.ask("mood reject")
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        edge.publish(order)
        await until(lambda: edge.reports(order.cl_ord_id), "the rejection")
        (report,) = edge.reports(order.cl_ord_id)
        assert (report.exec_type, report.ord_status) == (ExecType.REJECTED, OrdStatus.REJECTED)
        assert report.text
        await edge.stop()

    def test_a_rejected_order_is_reported_with_the_venues_words(self) -> Any:
        return Deferred.fromCoroutine(self._reject())

    async def _duplicates(self) -> None:
        self.venue.ask("mood duplicate")
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        edge.publish(order)
        await until(lambda: len(edge.reports(order.cl_ord_id)) == 2, "both copies")
        one, two = edge.reports(order.cl_ord_id)
        assert one.exec_id == two.exec_id
        assert one.request_id != two.request_id
        await edge.stop()

    def test_a_report_told_twice_is_passed_on_twice_for_the_book_to_judge(self) -> Any:
        return Deferred.fromCoroutine(self._duplicates())

    async def _ticks(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up and edge.ticks, "snapshots")
        edge.publish(an_accepted(1), an_accepted(2, price_e4=100_400), an_accepted(3, side=2))
        await until(lambda: edge.ticks[-1].last_px_e4, "the trade's tick")
        tick = edge.ticks[-1]
        assert (tick.symbol, tick.bid_px_e4, tick.bid_qty) == ("600000", 100_400, 100)
        assert (tick.offer_px_e4, tick.last_px_e4, tick.last_qty) == (0, 100_500, 100)
        await edge.stop()

    def test_market_data_follows_the_venues_book(self) -> Any:
        return Deferred.fromCoroutine(self._ticks())


class LinkTests(VenueTestCase):
    """What happens to orders when the link, the gateway or the venue goes away."""

    async def _parked(self) -> None:
        self.venue.stop()
        edge = self.edge()
        order = an_accepted(1)
        edge.publish(order, a_cancel_requested(2, order), an_accepted(3))
        assert edge.routed() == []
        self.start_venue()
        await until(lambda: len(edge.routed()) == 3, "parked messages go out")
        await until(lambda: edge.edge.is_reconciled, "reconciled")
        assert self.ids_at_venue() == [order.cl_ord_id, "261123000003"]
        assert [poss_resend for _, poss_resend in edge.routed()] == [False, False, False]
        await edge.stop()

    def test_orders_wait_for_the_session_and_then_go_in_order(self) -> Any:
        return Deferred.fromCoroutine(self._parked())

    async def _dropped(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        orders = [an_accepted(n) for n in range(1, 301)]
        for i in range(0, 300, 10):
            edge.publish(*orders[i : i + 10])
            if i % 100 == 50:
                self.venue.ask("drop")
            await until(lambda: True)
        await until(lambda: all(edge.reports(o.cl_ord_id) for o in orders), "all are reported")
        await until(lambda: edge.edge.is_reconciled, "reconciled")
        assert sorted(self.ids_at_venue()) == [o.cl_ord_id for o in orders]
        rejected = [r for r in edge.of(RecordExecution) if r.exec_type is ExecType.REJECTED]
        assert rejected == []
        await edge.stop()

    def test_a_dropped_link_loses_no_order_and_doubles_none(self) -> Any:
        return Deferred.fromCoroutine(self._dropped())

    async def _missing_reports(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        orders = [an_accepted(n) for n in range(1, 7)]
        edge.publish(*orders)
        await until(lambda: len(edge.of(RecordExecution)) == 6, "six reports")
        durable = edge.of(RecordExecution)[2]
        edge.kill()
        after = self.edge(
            [an_open(o, is_answered=True) for o in orders],
            {durable.fix_session: durable.msg_seq_num},
        )
        await until(lambda: after.edge.is_reconciled, "reconciled")
        again = [r for r in after.of(RecordExecution) if r.poss_dup]
        assert [r.msg_seq_num for r in again] == [
            r.msg_seq_num for r in edge.of(RecordExecution)[3:]
        ]
        assert [r.exec_id for r in again] == [r.exec_id for r in edge.of(RecordExecution)[3:]]
        await after.stop()

    def test_after_a_restart_exactly_the_reports_that_were_not_durable_come_again(self) -> Any:
        return Deferred.fromCoroutine(self._missing_reports())

    async def _never_sent(self) -> None:
        order = an_accepted(1)
        edge = self.edge([an_open(order, cancel_ids=("261123000002",))])
        await until(lambda: len(edge.routed()) == 2, "order and cancel go again")
        assert [poss_resend for _, poss_resend in edge.routed()] == [True, True]
        await until(lambda: len(edge.reports(order.cl_ord_id)) == 3, "unknown, new, cancelled")
        unknown, new, cancelled = edge.reports(order.cl_ord_id)
        assert (unknown.exec_type, unknown.ord_rej_reason) == (ExecType.ORDER_STATUS, 5)
        assert (new.exec_type, cancelled.exec_type) == (ExecType.NEW, ExecType.CANCELED)
        assert self.ids_at_venue() == [order.cl_ord_id]
        await edge.stop()

    def test_an_order_the_venue_does_not_know_is_sent_once_with_poss_resend(self) -> Any:
        return Deferred.fromCoroutine(self._never_sent())

    async def _sent_unanswered(self) -> None:
        self.venue.ask("mood silent")
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        edge.publish(order)
        await until(self.ids_at_venue, "the venue has it")
        edge.kill()
        self.venue.ask("mood calm")
        after = self.edge([an_open(order)])
        await until(lambda: after.edge.is_reconciled, "reconciled")
        assert after.routed() == []
        assert self.ids_at_venue() == [order.cl_ord_id]
        assert after.reports(order.cl_ord_id)[-1].ord_status is OrdStatus.NEW
        await after.stop()

    def test_an_order_that_may_have_been_sent_is_asked_for_not_sent_again(self) -> Any:
        return Deferred.fromCoroutine(self._sent_unanswered())

    async def _silence(self) -> None:
        self.venue.ask("mood silent")
        edge = self.edge(report_timeout_s=0.2)
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        edge.publish(order)
        await until(lambda: edge.edge.router.is_waiting and not edge.edge.is_reconciled, "asked")
        self.venue.ask("mood calm")
        await until(lambda: len(edge.reports(order.cl_ord_id)) >= 2, "report and status answer")
        await until(lambda: edge.edge.is_reconciled, "answered")
        assert self.ids_at_venue() == [order.cl_ord_id]
        assert len(edge.routed()) == 1
        await edge.stop()

    def test_a_silent_venue_is_asked_about_the_order(self) -> Any:
        return Deferred.fromCoroutine(self._silence())

    async def _slow(self) -> None:
        self.venue.ask("mood slow 300")
        edge = self.edge(unanswered_max=20, report_timeout_s=30)
        await until(lambda: edge.edge.is_up, "logon")
        orders = [an_accepted(n) for n in range(1, 61)]
        edge.publish(*orders)
        assert len(edge.routed()) == 20
        await until(lambda: len(edge.of(RecordExecution)) == 60, "all are reported")
        assert self.ids_at_venue() == [o.cl_ord_id for o in orders]
        await edge.stop()

    def test_a_slow_venue_gets_no_more_than_it_may_leave_unanswered(self) -> Any:
        return Deferred.fromCoroutine(self._slow())


class NumberTests(VenueTestCase):
    """Message numbers across crashes of either side."""

    async def _numbers_lost(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        edge.publish(*(an_accepted(n) for n in range(1, 6)))
        await until(lambda: len(edge.of(RecordExecution)) == 5, "five reports")
        last = edge.of(RecordExecution)[-1]
        edge.kill()
        shutil.rmtree(self.folder / "gateway")
        after = self.edge([], {last.fix_session: last.msg_seq_num})
        await until(lambda: after.edge.is_up, "logon after the venue named the number")
        after.publish(an_accepted(6))
        await until(lambda: after.of(RecordExecution), "the next order is reported")
        assert len(self.ids_at_venue()) == 6
        await after.stop()

    def test_a_lost_outgoing_number_is_taken_from_the_venues_logout(self) -> Any:
        return Deferred.fromCoroutine(self._numbers_lost())

    async def _venue_lost(self) -> tuple[str, dict[str, int]]:
        """Return the name of the numbering and what is durable, after the venue forgot it."""
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        edge.publish(*(an_accepted(n) for n in range(1, 31)))  # more than refused logons count up
        await until(lambda: len(edge.of(RecordExecution)) == 30, "thirty reports")
        last = edge.of(RecordExecution)[-1]
        await edge.stop()
        self.venue.stop()
        shutil.rmtree(self.folder / "venue")
        self.start_venue()
        return last.fix_session, {last.fix_session: last.msg_seq_num}

    async def _held(self) -> None:
        before = NUMBER_FAULTS.labels("venue")._value.get()
        _, durable = await self._venue_lost()
        after = self.edge([], durable)
        refused_thrice = before + 3
        await until(
            lambda: NUMBER_FAULTS.labels("venue")._value.get() >= refused_thrice, "refusals"
        )
        assert not after.edge.is_up
        await after.stop()

    def test_a_venue_that_lost_its_numbers_is_refused(self) -> Any:
        return Deferred.fromCoroutine(self._held())

    async def _reset(self) -> None:
        name, durable = await self._venue_lost()
        after = self.edge([], durable, reset_lost_numbers=True)
        await until(lambda: after.edge.is_up, "logon with a reset")
        after.publish(an_accepted(31))
        await until(lambda: after.of(RecordExecution), "a report")
        report = after.of(RecordExecution)[0]
        assert report.fix_session == f"{name}.1"
        assert report.msg_seq_num == 2
        await after.stop()

    def test_both_sides_restart_at_once_where_the_settings_say_so(self) -> Any:
        return Deferred.fromCoroutine(self._reset())

    async def _venue_restart(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        order = an_accepted(1)
        edge.publish(order)
        await until(lambda: edge.of(RecordExecution), "reported")
        self.venue.kill()
        await until(lambda: not edge.edge.is_up, "the link is gone")
        edge.publish(an_accepted(2))
        self.start_venue()
        await until(lambda: edge.reports("261123000002"), "the next order is reported")
        await until(lambda: edge.edge.is_reconciled, "reconciled")
        assert self.ids_at_venue() == ["261123000002"]
        answer = edge.reports(order.cl_ord_id)[-1]
        assert (answer.exec_type, answer.ord_rej_reason) == (ExecType.ORDER_STATUS, 5)
        await edge.stop()

    def test_an_order_a_restarted_venue_has_forgotten_is_not_sent_again(self) -> Any:
        return Deferred.fromCoroutine(self._venue_restart())
