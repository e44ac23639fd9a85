"""The FIX edge against the simulated exchange: two processes, real QuickFIX on both sides."""

import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from risk.domain.commands import RecordRouted
from risk.domain.enums import ExecType
from tests.builders.fix_edges import RecordedEdge, an_accepted, until
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


class OrderRoundTripTests(VenueTestCase):
    """One order out and its reports back."""

    def test_an_accepted_order_reaches_the_venue_and_its_fills_come_back(self) -> "Deferred[None]":
        return Deferred.fromCoroutine(self._round_trip())

    async def _round_trip(self) -> None:
        edge = self.edge()
        await until(lambda: edge.edge.is_up, "logon")
        buy, sell = an_accepted(1), an_accepted(2, side=2)
        edge.publish(buy)
        await until(lambda: edge.reports(buy.cl_ord_id), "the buy is opened")
        edge.publish(sell)
        await until(lambda: len(edge.reports(sell.cl_ord_id)) == 2, "the sell is filled")
        trades = [r for r in edge.reports(buy.cl_ord_id) if r.exec_type is ExecType.TRADE]
        assert [(t.last_qty, t.last_px_e4, t.leaves_qty) for t in trades] == [(100, 100_500, 0)]
        assert len(edge.of(RecordRouted)) == 2
        assert len(self.venue.orders()) == 2
        await edge.stop()
