"""Snapshots and updates of market data, good and bad."""

import pytest

from fix.fields import FieldProblem
from fix.marketdata import SYMBOLS_MAX, MarketData, QuoteBoard, Tick
from fix.simulator import wire
from fix.simulator.messages import Depth, Level
from risk.domain.enums import Phase

SENT_NS = 1_795_399_200_000_000_000
HEAD = "8=FIX.4.4|9=1|35={kind}|52=20261123-02:00:00|"


def text(kind: str, body: str) -> str:
    return (HEAD.format(kind=kind) + body + "10=000|").replace("|", "\x01")


SNAPSHOT = text(
    "W",
    "55=600000|268=4|269=0|270=10.04|271=300|290=1|269=0|270=10.03|271=900|290=2|"
    "269=1|270=10.06|271=500|290=1|269=2|270=10.05|",
)


def test_a_snapshot_gives_the_best_of_each_side_and_the_last_trade() -> None:
    assert QuoteBoard().apply(SNAPSHOT) == [
        Tick("600000", 100_400, 300, 100_600, 500, 100_500, 0, SENT_NS)
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("268=1|279=1|269=0|55=600000|270=10.05|271=100|290=1|", {"bid_px_e4": 100_500}),
        ("268=1|279=2|269=1|55=600000|290=1|", {"offer_px_e4": 0, "offer_qty": 0}),
        ("268=1|279=1|269=0|55=600000|270=9.99|271=100|290=2|", {"bid_px_e4": 100_400}),
        ("268=1|279=0|269=2|55=600000|270=10.06|271=200|", {"last_px_e4": 100_600}),
        ("268=1|279=0|269=7|55=600000|270=99.00|", {"last_px_e4": 100_500}),
    ],
)
def test_an_update_changes_what_it_names(body: str, expected: dict[str, int]) -> None:
    board = QuoteBoard()
    board.apply(SNAPSHOT)
    (tick,) = board.apply(text("X", body))
    assert {name: getattr(tick, name) for name in expected} == expected


def test_one_update_may_be_about_several_instruments() -> None:
    body = "268=2|279=0|269=0|55=600000|270=1|271=1|279=0|269=0|55=000001|270=2|271=2|"
    assert [tick.symbol for tick in QuoteBoard().apply(text("X", body))] == ["600000", "000001"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("W", "268=1|269=0|270=1|"),
        ("X", "268=1|279=0|269=0|270=1|"),
        ("X", "268=1|279=0|55=600000|270=1|"),
        ("X", "268=1|279=0|269=0|55=600000|270=-1|"),
        ("X", "268=1|279=0|269=0|55=600000|270=1|271=x|"),
        ("X", "52=yesterday|268=0|"),
    ],
)
def test_a_bad_message_changes_nothing(kind: str, body: str) -> None:
    board = QuoteBoard()
    board.apply(SNAPSHOT)
    with pytest.raises(FieldProblem):
        board.apply(text(kind, body))
    (tick,) = board.apply(text("X", "268=1|279=0|269=7|55=600000|"))
    assert (tick.bid_px_e4, tick.offer_px_e4, tick.last_px_e4) == (100_400, 100_600, 100_500)


def test_instruments_are_limited() -> None:
    board = QuoteBoard()
    entries = "".join(f"279=0|269=2|55=S{n}|270=1|" for n in range(1_000))
    for n in range(SYMBOLS_MAX // 1_000):
        board.apply(text("X", f"268=1000|{entries}".replace("=S", f"=S{n}-")))
    with pytest.raises(FieldProblem, match="one too many"):
        board.apply(text("X", "268=1|279=0|269=2|55=600000|270=1|"))


def test_the_session_counts_and_survives_what_it_cannot_read() -> None:
    rows: list[Tick] = []
    quotes = MarketData(rows.extend)
    quotes.session_up("S")
    quotes.received("S", text("X", "268=1|279=0|269=0|55=600000|270=NaN|"))
    quotes.received("S", text("B", "58=news|"))
    quotes.refused("")
    quotes.received("S", SNAPSHOT)
    quotes.session_down()
    assert [tick.symbol for tick in rows] == ["600000"]


def test_what_the_venue_writes_we_read() -> None:
    before = Depth("600000", 0, Phase.CONTINUOUS, (Level(100_000, 100),), (), 0, 100_000, 0, 0)
    bids, asks = (Level(100_100, 200), Level(100_000, 100)), (Level(100_200, 50),)
    after = Depth(
        *("600000", 0, Phase.CONTINUOUS, bids, asks, 100_150, 100_000),
        volume=10**9,
        turnover_e4=0,
        high_e4=100_200,
        low_e4=100_150,
    )
    before = before._replace(volume=10**9 - 300)
    board = QuoteBoard()
    board.apply(wire.snapshot_text(before) + "10=000\x01")
    update = wire.refresh_text(before, after)
    assert update is not None
    assert board.apply(update + "10=000\x01") == [
        Tick(
            *("600000", 100_100, 200, 100_200, 50, 100_150, 300, 0),
            high_px_e4=100_200,
            low_px_e4=100_150,
            volume=10**9,
        )
    ]
    again = QuoteBoard().apply(wire.snapshot_text(after) + "10=000\x01")
    assert again[0][-3:] == (100_200, 100_150, 10**9)
    assert wire.refresh_text(after, after) is None
