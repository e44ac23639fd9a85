import copy
import tomllib
from datetime import date

import numpy as np
import pytest

from risk.domain.enums import Board, ListingStatus
from risk.domain.errors import ConfigError
from risk.domain.instrument import INDEX_BOARDS
from risk.market.rulebook import NO_LIMIT, Rulebook
from tests.builders.rulebooks import CONFIG, rules_of, the_rulebook

BEFORE, SINCE = date(2026, 7, 3), date(2026, 7, 6)
ST = ListingStatus.RISK_WARNING


def documents(kind: str) -> dict[str, dict[str, object]]:
    return {
        path.name: tomllib.loads(path.read_text("utf-8")) for path in (CONFIG / kind).glob("*.toml")
    }


def test_the_limit_of_a_main_board_st_share_can_be_asked_for_any_day_with_its_source():
    book = the_rulebook()

    before = book.entry_on("limit", Board.SSE_MAIN, BEFORE, ST)
    since = book.entry_on("limit", Board.SSE_MAIN, SINCE, ST)
    assert (before.values, since.values) == ({"limit_bp": 500}, {"limit_bp": 1000})
    assert "2026〕41" in since.source
    for board in (Board.SSE_MAIN, Board.SZSE_MAIN):
        assert rules_of(BEFORE).limit_bp[board, ST] == 500
        assert rules_of(SINCE).limit_bp[board, ST] == 1000


def test_a_day_outside_the_horizon_has_no_rules():
    book = the_rulebook()

    assert (book.first, book.last) == (date(2023, 1, 1), date(2026, 12, 31))
    assert book.on(date(2022, 12, 31)) is None
    assert book.on(date(2027, 1, 1)) is None
    assert book.on(book.first) is not None
    assert book.on(book.last) is not None


def test_the_version_changes_exactly_when_a_rule_does():
    version = {day: rules_of(day).version for day in (date(2026, 1, 5), BEFORE, SINCE)}

    assert version[date(2026, 1, 5)] == version[BEFORE] != version[SINCE]
    assert version[BEFORE].startswith("20230828-")
    assert version[SINCE].startswith("20260706-")


def test_a_changed_figure_changes_the_version():
    markets = documents("markets")
    markets["sse.toml"]["tick"][0]["tick_e4"] = 200

    changed = Rulebook(markets, documents("calendars")).on(SINCE)
    assert changed.version != rules_of(SINCE).version


def test_every_board_has_rules_on_every_day_of_the_horizon():
    book = the_rulebook()

    assert book.boards == set(Board) - INDEX_BOARDS
    for day in (book.first, BEFORE, SINCE, book.last):
        rules = book.on(day)
        assert (rules.limit_bp[sorted(book.boards), :3] > 0).all()
        assert (rules.limit_bp[:, ListingStatus.NO_LIMIT_DAY] == NO_LIMIT).all()
        assert (rules.max_qty[sorted(book.boards)] > 0).all()


def test_the_rules_of_a_day_cannot_be_changed_by_a_reader():
    rules = rules_of()

    with pytest.raises(ValueError, match="read-only"):
        rules.tick_e4[Board.SSE_MAIN] = 1


def test_a_board_that_the_book_does_not_name_is_closed_all_day():
    markets = documents("markets")
    del markets["bse.toml"]
    for entries in markets["fees.toml"].values():
        for entry in entries:
            entry["boards"] = [board for board in entry["boards"] if board != "BSE_STOCK"]

    rules = Rulebook(markets, documents("calendars")).on(SINCE)
    assert not np.any(rules.phase_code[Board.BSE_STOCK])
    assert rules.lot_qty[Board.BSE_STOCK] == 1


@pytest.mark.parametrize(
    ("name", "kind", "change", "path", "problem"),
    [
        ("sse.toml", "tikc", lambda d: d.update(tikc=[]), "sse.toml.tikc", "unknown kind"),
        ("sse.toml", "tick", lambda d: d.update(tick={}), "sse.toml.tick", "[[tick]]"),
        ("sse.toml", "tick", lambda d: d.update(tick=[1]), "sse.toml.tick[0]", "[[tick]]"),
        *(
            ("sse.toml", kind, change, f"sse.toml.{kind}[0]{where}", problem)
            for kind, where, problem, change in [
                ("tick", ".tik_e4", "unknown key", lambda e: e.update(tik_e4=1)),
                ("tick", ".tick_e4", "is missing", lambda e: e.pop("tick_e4")),
                ("tick", ".tick_e4", "was 0", lambda e: e.update(tick_e4=0)),
                ("tick", ".tick_e4", "was 1.5", lambda e: e.update(tick_e4=1.5)),
                ("tick", ".tick_e4", "was True", lambda e: e.update(tick_e4=True)),
                ("tick", ".from", "was '2026'", lambda e: e.update({"from": "2026"})),
                ("tick", ".source", "must name", lambda e: e.update(source="")),
                ("tick", ".source", "must be a text", lambda e: e.update(source=3)),
                ("tick", ".boards", "was 'MAIN'", lambda e: e.update(boards=["MAIN"])),
                ("tick", ".boards", "distinct", lambda e: e.update(boards=["SSE_STAR"] * 2)),
                (
                    "limit",
                    ".statuses",
                    "no_limit_day",
                    lambda e: e.update(statuses=["NO_LIMIT_DAY"]),
                ),
                ("quantity", "", "lot_qty <= min_qty", lambda e: e.update(min_qty=1)),
                ("phases", ".steps", "list of 1 to", lambda e: e.update(steps=[])),
                ("phases", ".steps[0]", "must be like", lambda e: e.update(steps=[{}])),
                ("phases", ".steps", "must rise", lambda e: e["steps"].reverse()),
                ("phases", ".steps[0].at", "was 9", lambda e: e["steps"][0].update(at=9)),
                (
                    "phases",
                    ".steps[0].phase",
                    "was 'TEA'",
                    lambda e: e["steps"][0].update(phase="TEA"),
                ),
            ]
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place_and_remedy(name, kind, change, path, problem):
    markets = copy.deepcopy(documents("markets"))
    change(markets[name][kind][0] if "[0]" in path and problem != "[[tick]]" else markets[name])

    with pytest.raises(ConfigError) as caught:
        Rulebook(markets, documents("calendars"))
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_two_entries_for_the_same_day_are_refused():
    markets = documents("markets")
    markets["sse.toml"]["tick"].append(markets["sse.toml"]["tick"][0])

    with pytest.raises(ConfigError, match=r"tick\[2\]: SSE_MAIN has an entry for 2023-01-01"):
        Rulebook(markets, documents("calendars"))


def test_a_board_without_one_kind_of_rule_is_refused():
    markets = documents("markets")
    del markets["szse.toml"]["cage"]

    with pytest.raises(ConfigError, match=r"markets\.cage: SZSE_MAIN NORMAL has no entry"):
        Rulebook(markets, documents("calendars"))


def test_a_board_without_a_calendar_is_refused():
    calendars = documents("calendars")
    for calendar in calendars.values():
        calendar["venues"] = ["SSE", "SZSE"]

    with pytest.raises(ConfigError, match="BSE_STOCK needs a calendar of BSE"):
        Rulebook(documents("markets"), calendars)
    with pytest.raises(ConfigError, match="at least one calendar"):
        Rulebook(documents("markets"), {})
