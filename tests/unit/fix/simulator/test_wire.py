"""The venue's side of the wire: what members may say and how it is refused."""

from typing import Any

import pytest

from fix import encode
from fix.encode import OrderTicket
from fix.fields import FieldProblem, split
from fix.simulator import wire
from fix.simulator.messages import Depth, Level, Report, VenueOrder
from risk.domain.enums import ExecType, OrdStatus, OrdType, Phase, Side, TimeInForce

TICKET = OrderTicket(
    "C1", "10000001", "600000", Side.SELL, 300, 100_500, OrdType.LIMIT, TimeInForce.DAY
)
ORDER = split(encode.new_order_single(TICKET, 0))


def test_an_order_is_read_as_the_member_said_it() -> None:
    expected = VenueOrder("HOTLINE", "C1", "600000", Side.SELL, 300, 100_500, "10000001")
    assert wire.order("HOTLINE", ORDER) == expected


@pytest.mark.parametrize(("tag", "value", "field"), [("54", "9", "side"), ("40", "P", "ord_type")])
def test_an_unknown_code_is_left_for_the_venue_to_reject(tag: str, value: str, field: str) -> None:
    assert getattr(wire.order("HOTLINE", ORDER | {tag: value}), field) == int(value, 36)


@pytest.mark.parametrize(
    "changes", [{"11": ""}, {"55": ""}, {"54": ""}, {"38": "1.5"}, {"44": "x"}, {"11": "a" * 65}]
)
def test_an_order_that_cannot_be_read_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(FieldProblem):
        wire.order("HOTLINE", ORDER | changes)


def a_venue_report(**other: Any) -> Report:
    values: dict[str, Any] = {
        "sender": "HOTLINE",
        "cl_ord_id": "C1",
        "orig_cl_ord_id": "",
        "order_id": "V1",
        "exec_id": "E1",
        "exec_type": ExecType.NEW,
        "ord_status": OrdStatus.NEW,
        "symbol": "600000",
        "side": 1,
        "order_qty": 100,
        "price_e4": 100_500,
        "last_qty": 0,
        "last_px_e4": 0,
        "cum_qty": 0,
        "leaves_qty": 100,
        "avg_px_e4": 0,
        "ord_rej_reason": 0,
        "text": "",
        "transact_ns": 1_795_399_200_000_000_000,
    }
    return Report(**values | other)


def test_a_report_leaves_out_what_it_does_not_know() -> None:
    assert wire.report_text(a_venue_report()).replace("\x01", "|") == (
        "8=FIX.4.4|35=8|6=0.00|11=C1|14=0|17=E1|37=V1|38=100|39=0|44=10.05|54=1|55=600000|"
        "60=20261123-02:00:00.000|150=0|151=100|"
    )


def test_only_a_trade_has_a_last_price() -> None:
    traded = a_venue_report(exec_type=ExecType.TRADE, last_qty=100, last_px_e4=100_400)
    assert "\x0131=10.04\x0132=100\x01" in wire.report_text(traded)


def depth(**other: Any) -> Depth:
    values: dict[str, Any] = {
        "symbol": "600000",
        "at_ns": 0,
        "phase": Phase.CONTINUOUS,
        "bids": (Level(100_000, 100), Level(99_900, 200)),
        "asks": (),
        "last_e4": 0,
        "prev_close_e4": 100_000,
        "volume": 0,
        "turnover_e4": 0,
    }
    return Depth(**values | other)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"bids": (Level(100_000, 300), Level(99_900, 200))}, ["279=1|269=0|270=10.00|271=300"]),
        ({"bids": (Level(100_000, 100),)}, ["279=2|269=0"]),
        ({"asks": (Level(100_100, 5),)}, ["279=0|269=1|270=10.01|271=5"]),
    ],
)
def test_an_update_tells_only_what_changed(after: dict[str, Any], expected: list[str]) -> None:
    text = wire.refresh_text(depth(), depth(**after))
    assert text is not None
    shown = text.replace("55=600000\x01", "").replace("\x01", "|")
    assert shown.startswith("8=FIX.4.4|35=X|268=1|")
    assert all(part in shown for part in expected)


def test_a_trade_brings_the_figures_of_the_day_that_it_changed() -> None:
    traded = {"last_e4": 100_000, "volume": 50, "high_e4": 100_000, "low_e4": 100_000}
    first = wire.refresh_text(depth(), depth(**traded))
    assert first is not None
    assert first.replace("55=600000\x01", "").replace("\x01", "|") == (
        "8=FIX.4.4|35=X|268=4|279=0|269=2|270=10.00|271=50|"
        "279=1|269=7|270=10.00|279=1|269=8|270=10.00|279=1|269=B|271=50|"
    )
    second = wire.refresh_text(
        depth(**traded), depth(**traded | {"last_e4": 99_900, "volume": 60, "low_e4": 99_900})
    )
    assert second is not None
    assert "269=7" not in second
    assert (
        second.replace("55=600000\x01", "")
        .replace("\x01", "|")
        .endswith("279=1|269=8|270=9.99|279=1|269=B|271=60|")
    )
