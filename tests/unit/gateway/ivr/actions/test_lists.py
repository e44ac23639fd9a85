"""Orders, fills, holdings, quotes and indices as callers hear them listed."""

from pathlib import Path

import pytest

from gateway.core.ports import AcceptanceStopped
from gateway.ivr.actions.asking import Answer
from gateway.ivr.actions.items import state_word
from gateway.ivr.actions.positions import PositionActions
from gateway.ivr.actions.quotes import QuoteActions, moved, rate_bp
from gateway.ivr.actions.security import SecurityActions
from gateway.ivr.actions.today import TodayActions
from gateway.ivr.wishes import BRINGS, OUTCOMES, Action
from gateway.media.speech import Qty
from risk.book.prices import Quote
from risk.book.views import FillOfDay, PositionView
from risk.domain.enums import Board, OrdStatus, Side
from risk.domain.ids import NS
from risk.domain.instrument import Instrument
from tests.builders.asked import CALLER, ENGLISH, NOW_NS, a_wish, answer_of, spoken_names
from tests.builders.phone import BOND, PUFA, FakeQueries, an_order_view

INDEX = Instrument("SH000001", Board.SSE_INDEX, "上证指数", "SSE Composite", 32_000_000)


@pytest.fixture
def queries() -> FakeQueries:
    return FakeQueries()


def today(queries: FakeQueries, folder: Path) -> TodayActions:
    return TodayActions(queries, spoken_names(folder))


def brings_what_it_says(action: Action, answer: Answer) -> None:
    """The outcome and the values are those the flows count on, also of each item."""
    outcome, values = answer
    assert outcome in OUTCOMES[action]
    known = set(BRINGS[action])
    assert values.keys() <= known
    items = values.get("items", ())
    assert isinstance(items, tuple)
    for item in items:
        assert item.keys() <= known


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({}, "open"),
        ({"is_reported": False}, "sent"),
        ({"cum_qty": 2, "leaves_qty": 18}, "part"),
        ({"cum_qty": 2, "leaves_qty": 18, "cancel_cl_ord_id": "261123000043"}, "canceling"),
        ({"ord_status": OrdStatus.FILLED, "cum_qty": 20, "leaves_qty": 0}, "filled"),
        ({"ord_status": OrdStatus.CANCELED, "leaves_qty": 0}, "ended"),
        ({"ord_status": OrdStatus.EXPIRED, "cum_qty": 2, "leaves_qty": 0}, "part_ended"),
        ({"ord_status": OrdStatus.REJECTED, "leaves_qty": 0}, "rejected"),
    ],
)
def test_how_an_order_stands_has_a_word(changed: dict[str, object], word: str) -> None:
    assert state_word(an_order_view(**changed)) == word


def test_orders_are_told_with_what_traded_and_what_is_left(
    queries: FakeQueries, tmp_path: Path
) -> None:
    queries.today = [an_order_view(cum_qty=2, leaves_qty=18)]
    answer = answer_of(today(queries, tmp_path).read_orders(ENGLISH, a_wish(Action.READ_ORDERS)))
    brings_what_it_says(Action.READ_ORDERS, answer)
    assert answer == (
        "some",
        {
            "item_count": 1,
            "items": (
                {
                    "item_id": "261123000042",
                    "item_no": 42,
                    "item_side": "sell",
                    "item_security": "BOC Convertible",
                    "item_symbol": "113001",
                    "item_qty": Qty(20, "bond"),
                    "item_price": 1_005_000,
                    "item_filled": Qty(2, "bond"),
                    "item_left": Qty(18, "bond"),
                    "item_state": "part",
                },
            ),
        },
    )


def test_only_open_orders_are_offered_for_cancelling(queries: FakeQueries, tmp_path: Path) -> None:
    ended = an_order_view(order_no=43, leaves_qty=0, ord_status=OrdStatus.CANCELED)
    queries.today = [ended, an_order_view()]
    asked = today(queries, tmp_path)
    outcome, values = answer_of(asked.read_open_orders(CALLER, a_wish(Action.READ_OPEN_ORDERS)))
    items = values["items"]
    assert isinstance(items, tuple)
    assert (outcome, [item["item_no"] for item in items]) == ("some", [42])
    queries.today = [ended]
    wish = a_wish(Action.READ_OPEN_ORDERS)
    assert answer_of(asked.read_open_orders(CALLER, wish)) == ("none", {})


@pytest.mark.parametrize(
    ("number", "outcome"),
    [(42, "open"), (43, "closed"), (44, "none"), (0, "none"), (45, "none"), (1_000_042, "none")],
)
def test_an_order_is_found_by_the_number_its_caller_was_told(
    number: int, outcome: str, queries: FakeQueries, tmp_path: Path
) -> None:
    queries.today = [
        an_order_view(order_no=43, cl_ord_id="261123000043", leaves_qty=0),
        an_order_view(),
        an_order_view(order_no=45, cl_ord_id="261123000045", account_no="100200301"),
    ]
    wish = a_wish(Action.FIND_ORDER, {"order_no_keyed": number})
    answer = answer_of(today(queries, tmp_path).find_order(CALLER, wish))
    brings_what_it_says(Action.FIND_ORDER, answer)
    assert answer[0] == outcome


def test_fills_are_told_with_their_time(queries: FakeQueries, tmp_path: Path) -> None:
    fill = FillOfDay("c", 7, PUFA.symbol, Side.BUY, 200, 100_500, 0, NOW_NS + 5 * 60 * NS, "E1")
    queries.fills = [fill]
    answer = answer_of(today(queries, tmp_path).read_fills(CALLER, a_wish(Action.READ_FILLS)))
    brings_what_it_says(Action.READ_FILLS, answer)
    items = answer[1]["items"]
    assert isinstance(items, tuple)
    assert items[0] | {"item_security": ""} == {
        "item_no": 7,
        "item_side": "buy",
        "item_security": "",
        "item_symbol": "600000",
        "item_qty": Qty(200),
        "item_price": 100_500,
        "item_at": "1005",
    }


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (None, {"item_value": "unpriced"}),
        (Quote(0, 0, 0, 0, 0, 0, 0), {"item_value": "unpriced"}),
        (
            Quote(0, 0, 100_500, NOW_NS - 60 * NS, 0, 0, 0),
            {"item_value": "gain", "item_gain": 750_000, "item_last": 100_500},
        ),
        (
            Quote(0, 0, 97_000, NOW_NS - 61 * NS, 0, 0, 0),
            {"item_value": "loss_old", "item_gain": 300_000, "as_of": "0958"},
        ),
        (Quote(0, 0, 98_000, NOW_NS, 0, 0, 0), {"item_value": "gain", "item_gain": 0}),
    ],
)
def test_a_holding_is_worth_what_its_last_price_says_and_when(
    quote: Quote | None, expected: dict[str, object], queries: FakeQueries, tmp_path: Path
) -> None:
    queries.held = [PositionView(PUFA.symbol, 300, 200, 0, 100, 29_400_000)]
    queries.quotes = {} if quote is None else {PUFA.symbol: quote}
    asked = PositionActions(queries, spoken_names(tmp_path), lambda: NOW_NS)
    answer = answer_of(asked.read(CALLER, a_wish(Action.READ_POSITIONS)))
    brings_what_it_says(Action.READ_POSITIONS, answer)
    items = answer[1]["items"]
    assert isinstance(items, tuple)
    assert items[0]["item_cost"] == 98_000
    assert items[0]["item_sellable"] == Qty(200)
    assert expected.items() <= items[0].items()


@pytest.mark.parametrize(
    ("last_e4", "age_s", "outcome", "expected"),
    [
        (100_500, 60, "fresh", {"moved": "up", "change": 500, "change_rate": 50}),
        (99_500, 61, "old", {"moved": "down", "change": 500, "as_of": "0958"}),
        (100_000, 0, "fresh", {"moved": "flat", "change": 0, "change_rate": 0}),
        (0, 0, "no_trade", {"prev_close": 100_000}),
    ],
)
def test_a_quote_is_told_with_its_change_and_its_age(
    last_e4: int,
    age_s: int,
    outcome: str,
    expected: dict[str, object],
    queries: FakeQueries,
    tmp_path: Path,
) -> None:
    at_ns = NOW_NS - age_s * NS
    queries.quotes = {PUFA.symbol: Quote(0, 0, last_e4, at_ns, 101_000, 99_000, 12_300)}
    asked = QuoteActions(queries, spoken_names(tmp_path), lambda: NOW_NS)
    answer = answer_of(asked.read(CALLER, a_wish(Action.READ_QUOTE, {"symbol": PUFA.symbol})))
    brings_what_it_says(Action.READ_QUOTE, answer)
    assert answer[0] == outcome
    assert expected.items() <= answer[1].items()
    if outcome != "no_trade":
        known = {"range_known": "known", "high": 101_000, "volume": Qty(12_300)}
        assert known.items() <= answer[1].items()


def test_indices_without_a_level_are_left_out(queries: FakeQueries, tmp_path: Path) -> None:
    silent = INDEX._replace(symbol="SZ399001", name_zh="深证成指")
    queries.index_list = [INDEX, silent]
    asked = QuoteActions(queries, spoken_names(tmp_path), lambda: NOW_NS)
    wish = a_wish(Action.READ_INDICES)
    assert answer_of(asked.read_indices(CALLER, wish)) == ("none", {})
    queries.quotes = {INDEX.symbol: Quote(0, 0, 31_680_000, NOW_NS - 99 * NS, 0, 0, 0)}
    answer = answer_of(asked.read_indices(CALLER, wish))
    brings_what_it_says(Action.READ_INDICES, answer)
    items = answer[1]["items"]
    assert isinstance(items, tuple)
    told = {"item_moved": "down_old", "item_change": 320_000, "item_rate": 100}
    assert [told.items() <= item.items() for item in items] == [True]


@pytest.mark.parametrize(
    ("change_e4", "base_e4", "bp", "word"),
    [
        (10_000, 100_000, 1_000, "up"),
        (-10_000, 100_000, -1_000, "down"),
        (1, 30_000, 0, "up"),
        (2, 30_000, 1, "up"),  # 0.67 of a basis point
        (-3, 20_000, -2, "down"),  # a half goes away from zero
        (5, 0, 0, "up"),  # no previous close
        (0, 100_000, 0, "flat"),
    ],
)
def test_a_change_is_rounded_to_basis_points(
    change_e4: int, base_e4: int, bp: int, word: str
) -> None:
    assert rate_bp(change_e4, base_e4) == bp
    assert moved(change_e4) == word


@pytest.mark.parametrize(
    ("found", "outcome"),
    [([], "none"), ([PUFA], "one"), ([PUFA, BOND], "some")],
)
def test_initials_find_none_one_or_some(
    found: list[Instrument], outcome: str, queries: FakeQueries, tmp_path: Path
) -> None:
    queries.found = found
    asked = SecurityActions(queries, spoken_names(tmp_path))
    answer = answer_of(asked.search(CALLER, a_wish(Action.SEARCH_INITIALS, {"initials": "7394"})))
    brings_what_it_says(Action.SEARCH_INITIALS, answer)
    assert answer[0] == outcome
    if outcome == "one":
        assert answer[1] == {"symbol": "600000", "security": "浦发银行", "measure": "share"}


def test_after_a_failure_of_the_heart_every_list_is_unknown(
    queries: FakeQueries, tmp_path: Path
) -> None:
    queries.failed = AcceptanceStopped("stopped")
    names = spoken_names(tmp_path)
    lists, quotes = TodayActions(queries, names), QuoteActions(queries, names, lambda: NOW_NS)
    holdings = PositionActions(queries, names, lambda: NOW_NS)
    known = {"order_no_keyed": 1, "symbol": "600000", "initials": "73"}
    for asked, outcome in (
        (lists.read_orders, "unknown"),
        (lists.read_open_orders, "unknown"),
        (lists.read_fills, "unknown"),
        (lists.find_order, "unknown"),
        (holdings.read, "unknown"),
        (quotes.read, "not_now"),
        (quotes.read_indices, "not_now"),
        (SecurityActions(queries, names).search, "not_now"),
        (SecurityActions(queries, names).find, "not_now"),
    ):
        assert answer_of(asked(CALLER, a_wish(Action.READ_ORDERS, known))) == (outcome, {})
