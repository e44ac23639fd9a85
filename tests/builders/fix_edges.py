"""A FIX edge with a recorded book: what it submits is kept, nothing is judged."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater

from fix.edge import FixEdge
from fix.marketdata import Tick
from fix.settings import FixSettings
from risk.domain.commands import Command, RecordExecution, RecordRouted
from risk.domain.enums import Channel, OrdType, Side, TimeInForce
from risk.domain.events import CancelRequested, OrderAccepted
from risk.domain.orders import OpenOrder
from tests.builders.venue_process import open_market_shift_s

C = TypeVar("C")
WAIT_S = 30.0


def an_accepted(number: int = 1, **other: Any) -> OrderAccepted:
    """Return an accepted buy of 100 shares of 600000."""
    values: dict[str, Any] = {
        "at_ns": time.time_ns() + open_market_shift_s() * 1_000_000_000,
        "request_id": f"t:{number}",
        "cl_ord_id": f"261123{number:06d}",
        "order_no": number,
        "account_no": "10000001",
        "symbol": "600000",
        "side": Side.BUY,
        "qty": 100,
        "price_e4": 100_500,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.DAY,
        "reserved_e4": 0,
        "channel": Channel.WEB,
        "branch_code": "",
        "trace_id": "",
        "entered_ns": 0,
        "rules_version": "test",
    }
    return OrderAccepted(**values | other)


def a_cancel_requested(number: int, of: OrderAccepted) -> CancelRequested:
    """Return a cancel request for an order."""
    return CancelRequested(
        at_ns=time.time_ns(),
        request_id=f"t:{number}",
        cl_ord_id=f"261123{number:06d}",
        orig_cl_ord_id=of.cl_ord_id,
        account_no=of.account_no,
        channel=Channel.WEB,
        branch_code="",
        trace_id="",
    )


def an_open(accepted: OrderAccepted, **other: Any) -> OpenOrder:
    """Return an accepted order as the book tells it after a restart."""
    a = accepted
    values: dict[str, Any] = {"is_answered": False, "cancel_ids": ()} | other
    return OpenOrder(
        a.cl_ord_id,
        a.account_no,
        a.symbol,
        a.side,
        a.qty,
        a.price_e4,
        a.ord_type,
        a.time_in_force,
        a.at_ns,
        **values,
    )


class RecordedEdge:
    """An edge, the commands it submitted and the ticks it gave."""

    def __init__(
        self,
        port: int,
        data_folder: Path,
        open_orders: Iterable[OpenOrder] = (),
        last_inbound: dict[str, int] | None = None,
        **settings: Any,
    ) -> None:
        self.commands: list[Command] = []
        self.ticks: list[Tick] = []
        self.on_submit: Callable[[Command], None] = lambda command: None
        shift_ns = open_market_shift_s() * 1_000_000_000
        self._event_seq = 0
        self.edge = FixEdge(
            FixSettings(**{"port": port, "reconnect_s": 1, "report_timeout_s": 1.0} | settings),
            data_folder,
            self._submit,
            open_orders,
            last_inbound or {},
            self.ticks.extend,
            reactor,
            lambda: time.time_ns() + shift_ns,
        )
        self.edge.start()

    def _submit(self, command: Command) -> "Deferred[Any]":
        self.commands.append(command)
        self.on_submit(command)
        return succeed(None)

    def publish(self, *events: Any) -> None:
        """Give durable events to the edge."""
        numbered = [(self._event_seq + i, event) for i, event in enumerate(events, 1)]
        self._event_seq += len(events)
        self.edge.on_events(numbered)

    def of(self, kind: type[C]) -> list[C]:
        """Return the submitted commands of a type."""
        return [command for command in self.commands if isinstance(command, kind)]

    def routed(self) -> list[tuple[str, bool]]:
        """Return what was recorded as sent: ClOrdID(11) and PossResend(97)."""
        return [
            (cl_ord_id, command.poss_resend)
            for command in self.of(RecordRouted)
            for cl_ord_id in (command.cl_ord_id, *command.more_cl_ord_ids)
        ]

    def reports(self, cl_ord_id: str) -> list[RecordExecution]:
        """Return the ExecutionReports about an order."""
        return [r for r in self.of(RecordExecution) if cl_ord_id in (r.cl_ord_id, r.orig_cl_ord_id)]

    async def stop(self) -> None:
        """Stop politely."""
        await self.edge.stop()

    def kill(self) -> None:
        """End it as a SIGKILL would: nothing is said, nothing is given back."""
        self.edge.abandon()


async def until(is_true: Callable[[], Any], what: str = "", wait_s: float = WAIT_S) -> None:
    """Wait until something is true; raise AssertionError naming `what` after `wait_s`."""
    end = time.monotonic() + wait_s
    while not is_true():
        assert time.monotonic() < end, f"waited {wait_s} s in vain: {what}"
        await deferLater(reactor, 0.005)
