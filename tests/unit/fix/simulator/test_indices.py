"""Indices move with the listings of their market and are never traded."""

from fix.simulator.venue import Venue
from risk.domain.enums import Board, OrdStatus
from risk.domain.instrument import Instrument
from tests.builders.rulebooks import the_rulebook
from tests.builders.venues import a_sell, an_order, at

SHARES = (
    Instrument("600000", Board.SSE_MAIN, "", "", 100_000),
    Instrument("600001", Board.SSE_MAIN, "", "", 200_000),
    Instrument("000001", Board.SZSE_MAIN, "", "", 100_000),
)
SSE = Instrument("SH000001", Board.SSE_INDEX, "", "", 30_000_000)
SZSE = Instrument("SZ399001", Board.SZSE_INDEX, "", "", 100_000_000)
BSE = Instrument("BJ899050", Board.BSE_INDEX, "", "", 10_000_000)  # no listing of its market


def test_an_index_moves_by_the_average_of_its_market_and_no_other() -> None:
    now_ns = at("10:00")
    venue = Venue(the_rulebook(), (*SHARES, SSE, SZSE, BSE), now_ns)
    assert venue.depth("BJ899050") is None
    before = venue.depth("SH000001")
    assert before is not None
    assert before.last_e4 == 0

    venue.submit(a_sell("A", qty=100, price_e4=101_000), now_ns)
    venue.submit(an_order("B", qty=100, price_e4=101_000), now_ns)
    _, depths = venue.advance(now_ns + 1_000_000_000)

    (moved,) = [depth for depth in depths if depth.symbol in ("SH000001", "SZ399001")]
    # 600000 rose 1 %, 600001 stayed: half a per cent
    assert (moved.symbol, moved.last_e4, moved.volume) == ("SH000001", 30_150_000, 100)
    assert (moved.high_e4, moved.low_e4) == (30_150_000, 30_150_000)
    _, depths = venue.advance(now_ns + 3_000_000_000)
    assert [depth.symbol for depth in depths if depth.symbol.startswith("SH")] == []


def test_the_close_of_an_index_is_the_base_of_its_next_day() -> None:
    now_ns = at("10:00")
    venue = Venue(the_rulebook(), (*SHARES, SSE), now_ns)
    venue.submit(a_sell("A", qty=100, price_e4=102_000), now_ns)
    venue.submit(an_order("B", qty=100, price_e4=102_000), now_ns)
    day_ns = 86_400 * 1_000_000_000

    venue.advance(now_ns + day_ns)

    depth = venue.depth("SH000001")
    assert depth is not None
    assert (depth.prev_close_e4, depth.last_e4) == (30_300_000, 0)


def test_an_order_for_an_index_is_rejected() -> None:
    venue = Venue(the_rulebook(), (*SHARES, SSE), at("10:00"))

    (report,) = venue.submit(an_order("A", symbol="SH000001"), at("10:00"))

    assert report.ord_status == OrdStatus.REJECTED
    assert "not listed" in report.text
