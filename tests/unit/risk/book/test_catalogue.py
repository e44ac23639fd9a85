"""Symbols are found whole or by their first digits."""

from risk.book.catalogue import SEARCH_MAX, Instruments
from risk.domain.enums import Board
from risk.domain.instrument import Instrument


def listed(*symbols: str) -> Instruments:
    """Return a catalogue of these symbols."""
    instruments = Instruments()
    for symbol in symbols:
        instruments.put(Instrument(symbol, Board.SSE_MAIN, f"名{symbol}", symbol, 100_000))
    return instruments


def test_an_instrument_comes_back_as_it_was_put() -> None:
    instruments = listed("600000")
    assert instruments.get("600000") == Instrument(
        "600000", Board.SSE_MAIN, "名600000", "600000", 100_000
    )
    assert instruments.get("600001") is None
    assert instruments.row_of("600001") == 0


def test_search_by_prefix_is_in_order_and_sees_new_listings() -> None:
    instruments = listed("600010", "000001", "600000", "601000")
    assert [found.symbol for found in instruments.search("600")] == ["600000", "600010"]
    instruments.put(Instrument("600005", Board.SSE_MAIN, "", "", 1))
    assert [found.symbol for found in instruments.search("600", limit=2)] == ["600000", "600005"]
    assert instruments.search("9") == []
    assert [found.symbol for found in instruments.search("")][:1] == ["000001"]


def test_search_gives_no_more_than_its_limit() -> None:
    instruments = listed(*(f"{number:06d}" for number in range(200)))
    assert len(instruments.search("0", limit=10_000)) == SEARCH_MAX


def test_new_static_data_changes_the_version() -> None:
    instruments = listed("600000")
    before = instruments.version
    assert instruments.put(Instrument("600000", Board.SSE_MAIN, "", "", 5)) == 1
    assert instruments.version > before
