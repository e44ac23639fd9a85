"""The FIX edge alone: durable OrderAccepted events in, NewOrderSingle(D) received at an acceptor.

The limit is a bare QuickFIX sender of the same messages to the same kind of acceptor. Not here:
doors, checks and journal (branch_to_venue has them).
"""

import tempfile
import time
from pathlib import Path

from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from fix.edge import FixEdge
from fix.settings import FixSettings
from fix.simulator.acceptor import free_port
from tests.bench import quickfix_bare
from tests.bench.bench import Row, benchmark
from tests.builders.fix_edges import an_accepted

MESSAGES = 40_000
BATCH = 256  # events of one turn of the heart
ROUNDS = 3


@benchmark("fix_edge")
def fix_edge() -> Row:
    """Return the best of a few rounds of each, so that both had a quiet moment."""
    bare = max(quickfix_bare.measure(MESSAGES).messages_per_s for _ in range(ROUNDS))
    ours, cpu_us = max(_round() for _ in range(ROUNDS))
    return Row("fix_edge", ours, "orders/s", bare, ours / bare, {"cpu_us": cpu_us})


def _round() -> tuple[float, float]:
    """Return orders/s at the acceptor and the edge's CPU per order in us."""
    port = free_port()
    with (
        quickfix_bare.bare_acceptor(port, MESSAGES) as acceptor,
        tempfile.TemporaryDirectory() as folder,
    ):
        clock = Clock()
        events = [(n, an_accepted(n)) for n in range(1, MESSAGES + 1)]
        settings = FixSettings(
            port=port,
            sender_comp_id="BARE",
            market_data_comp_id="",
            unanswered_max=MESSAGES + 1,
            report_timeout_s=600,
        )
        edge = FixEdge(
            settings,
            Path(folder),
            lambda command: succeed(None),  # type: ignore[arg-type,return-value]
            [],
            {},
            lambda ticks: None,
            clock,
            lambda: events[0][1].at_ns,  # the day of the orders: none goes out on another day
        )
        edge.start()
        while not edge.is_up:
            clock.advance(0.01)
        cpu_s = time.process_time()
        for start in range(0, MESSAGES, BATCH):
            edge.on_events(events[start : start + BATCH])
            clock.advance(0.001)
        cpu_s = time.process_time() - cpu_s
        per_s = quickfix_bare.received_per_s(acceptor, MESSAGES)
        edge.abandon()
        return per_s, cpu_s / MESSAGES * 1e6
