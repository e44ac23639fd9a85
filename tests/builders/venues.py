"""A simulated exchange with a few instruments, and its day by the clock."""

from datetime import datetime

from fix.simulator.flow import Flow
from fix.simulator.messages import Report, VenueCancel, VenueOrder
from fix.simulator.venue import Venue
from risk.domain.enums import Board, Side
from risk.domain.ids import NS
from risk.domain.instrument import Instrument
from tests.builders.rulebooks import the_rulebook

GW = "GATEWAY"
SPDB, SMIC, ETF, BOND = "600000", "688981", "510300", "113001"
INSTRUMENTS = (
    Instrument(SPDB, Board.SSE_MAIN, "浦发银行", "SPD Bank", 100_000),
    Instrument(SMIC, Board.SSE_STAR, "中芯国际", "SMIC", 500_000),
    Instrument(ETF, Board.SSE_FUND, "沪深300ETF", "CSI 300 ETF", 40_000),
    Instrument(BOND, Board.SSE_CONVERTIBLE, "中行转债", "BOC convertible", 1_100_000, is_t0=True),
)


def at(clock: str, day: str = "2026-11-20") -> int:
    """Return the ns of a time of day in China on a trading day: "09:30" or "09:30:01.5"."""
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    moment = datetime.fromisoformat(f"{day}T{clock}+08:00")
    return round(moment.timestamp() * 1_000) * (NS // 1_000)


def a_venue(clock: str = "09:30", flow: Flow | None = None) -> Venue:
    """Return a venue that opens at a time of a trading day, without background flow."""
    return Venue(the_rulebook(), INSTRUMENTS, at(clock), flow)


def an_order(cl_ord_id: str = "1", **changes: object) -> VenueOrder:
    """Return a buy of 100 SPD Bank at 10.00."""
    return VenueOrder(GW, cl_ord_id, SPDB, Side.BUY, 100, 100_000)._replace(**changes)


def a_sell(cl_ord_id: str = "2", **changes: object) -> VenueOrder:
    """Return a sell of 100 SPD Bank at 10.00."""
    return an_order(cl_ord_id, side=Side.SELL)._replace(**changes)


def a_cancel(cl_ord_id: str = "C1", orig_cl_ord_id: str = "1") -> VenueCancel:
    """Return a cancel request for the order of `an_order`."""
    return VenueCancel(GW, cl_ord_id, orig_cl_ord_id)


def short(reports: list[Report]) -> list[tuple[str, str, str, int, int, int]]:
    """Return (cl_ord_id, ExecType, OrdStatus, last_qty, cum_qty, leaves_qty) of each report."""
    return [
        (r.cl_ord_id, r.exec_type.name, r.ord_status.name, r.last_qty, r.cum_qty, r.leaves_qty)
        for r in reports
    ]
