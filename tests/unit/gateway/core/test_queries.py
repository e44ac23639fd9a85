"""The read side over the real heart: what a phone asks of it."""

import pytest

from gateway.core.ports import AcceptanceStopped
from gateway.core.queries import Queries
from risk.book.account_book import AccountBook
from risk.book.prices import Quote
from risk.book.views import take_quote
from risk.domain.commands import ListInstrument, SetAlert
from risk.domain.enums import AlertKind, Board, Channel
from risk.domain.errors import InvariantBroken
from tests.builders.core import Heart
from tests.builders.heart import MORNING_NS, SETUP, a_buy, a_fill, step_of

NS = 1_000_000_000
ACCOUNT = "10000001"


class Asked:
    """A book, its sequencer and the questions to it."""

    def __init__(self) -> None:
        self.book = AccountBook()
        take = step_of(self.book)
        self.heart = Heart(step=lambda commands, _: take(commands, MORNING_NS))
        self.queries = Queries(self.book, self.heart.sequencer)
        for command in (
            *SETUP,
            ListInstrument(
                "l", "600036", Board.SSE_MAIN, "招商银行", "CMB", 410_000, initials="ZSYH"
            ),
            ListInstrument("i", "SH000001", Board.SSE_INDEX, "上证指数", "SSE", 30_000_000),
        ):
            self.heart.sequencer.submit(command)
        self.heart.settle()


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_fills_of_the_day_are_told_with_their_order(asked: Asked) -> None:
    accepted = asked.heart.sequencer.submit(a_buy("web:1", qty=300))
    asked.heart.settle()
    asked.heart.sequencer.submit(a_fill(accepted.result, 2))
    asked.heart.settle()

    (fill,) = asked.queries.fills_today(ACCOUNT)
    assert (fill.order_no, fill.symbol, fill.last_qty, fill.last_px_e4) == (
        *(1, "600000", 300),
        100_000,
    )
    assert fill.fees_e4 > 0
    assert asked.queries.fills_today(ACCOUNT, 0) == []


def test_names_and_indices_are_found(asked: Asked) -> None:
    assert [found.symbol for found in asked.queries.search_keypad("9794")] == ["600036"]
    assert asked.queries.search_keypad("2") == []
    assert [index.symbol for index in asked.queries.indices()] == ["SH000001"]


def test_alerts_are_told_newest_first(asked: Asked) -> None:
    for n, kind in enumerate(AlertKind):
        asked.heart.sequencer.submit(
            SetAlert(f"a{n}", ACCOUNT, "600000", kind, 100_000, Channel.PHONE)
        )
    asked.heart.settle()

    alerts = asked.queries.alerts(ACCOUNT)
    assert [(alert.alert_no, alert.kind) for alert in alerts] == [
        (2, AlertKind.AT_OR_BELOW),
        (1, AlertKind.AT_OR_ABOVE),
    ]


def test_the_age_of_a_quote_is_told_and_so_is_that_there_is_none(asked: Asked) -> None:
    assert asked.queries.quote_age_s("600000", 9 * NS) == -1
    assert asked.queries.quote_age_s("999999", 9 * NS) == -1
    take_quote(asked.book, "600000", Quote(1, 2, 3, 4 * NS))
    assert asked.queries.quote_age_s("600000", 9 * NS) == 5


def test_nothing_is_answered_after_a_failure(asked: Asked) -> None:
    asked.heart.sequencer.submit(a_buy("web:1"))
    asked.heart.turn()
    asked.heart.journal.break_down(InvariantBroken("disk"))
    for ask in (
        lambda: asked.queries.fills_today(ACCOUNT),
        lambda: asked.queries.alerts(ACCOUNT),
        lambda: asked.queries.search_keypad("2"),
        asked.queries.indices,
    ):
        with pytest.raises(AcceptanceStopped):
            ask()
