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


def named(*listings: tuple[str, str, Board]) -> Instruments:
    """Return a catalogue of (symbol, initials, board)."""
    instruments = Instruments()
    for symbol, initials, board in listings:
        instruments.put(Instrument(symbol, board, "名", "", 100_000, initials=initials))
    return instruments


def found(instruments: Instruments, digits: str) -> list[str]:
    """Return the symbols that the keys find."""
    return [instrument.symbol for instrument in instruments.search_keypad(digits)]


def test_initials_are_found_by_the_keys_of_a_telephone() -> None:
    instruments = named(
        ("600000", "PFYH", Board.SSE_MAIN),
        ("600008", "SDYHZ", Board.SSE_MAIN),  # S and P share a key, D and F too
        ("600036", "ZSYH", Board.SSE_MAIN),
        ("510300", "HS300ETF", Board.SSE_FUND),
        ("600009", "", Board.SSE_MAIN),
    )
    assert found(instruments, "7394") == ["600000", "600008"]  # the exact one first
    assert found(instruments, "73") == ["600000", "600008"]
    assert found(instruments, "73949") == ["600008"]
    assert found(instruments, "473") == ["510300"]
    assert found(instruments, "47300383") == ["510300"]
    assert found(instruments, "5") == []
    assert found(instruments, "") == []


def test_new_initials_are_found_and_old_ones_are_not() -> None:
    instruments = named(("600000", "PFYH", Board.SSE_MAIN))
    assert found(instruments, "7394") == ["600000"]
    instruments.put(Instrument("600000", Board.SSE_MAIN, "", "", 1, initials="ABC"))
    assert found(instruments, "7394") == []
    assert found(instruments, "222") == ["600000"]


def test_an_index_is_listed_by_itself_and_never_found_among_securities() -> None:
    instruments = named(
        ("SZ399001", "SZCZ", Board.SZSE_INDEX),
        ("SH000001", "SZZS", Board.SSE_INDEX),
        ("000001", "PAYH", Board.SZSE_MAIN),
    )
    assert [index.symbol for index in instruments.indices()] == ["SH000001", "SZ399001"]
    assert [share.symbol for share in instruments.search("")] == ["000001"]
    assert found(instruments, "7") == ["000001"]
    assert found(instruments, "7997") == []
