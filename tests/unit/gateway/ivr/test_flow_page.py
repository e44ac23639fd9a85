"""The page of the flows: drawn from what callers walk through, with nothing left out."""

from gateway.ivr.dialplan import FLOWS
from gateway.ivr.flow import RESUME
from gateway.ivr.flow_page import flow_page, ways
from gateway.ivr.lint import exits
from tests.builders.voice import a_book


def test_every_state_stands_on_the_page_with_its_words() -> None:
    page = flow_page(FLOWS, a_book())
    for flow in FLOWS.values():
        for name in flow.states:
            assert f"| `{name}` |" in page
    assert "买入,请按一。 / To buy, press one." in page
    assert "The price is {last}." in page
    assert "现价{last}。" in page
    assert RESUME not in page


def test_the_ways_drawn_are_all_the_ways_there_are() -> None:
    for flow in FLOWS.values():
        for state in flow.states.values():
            assert {then for _, then in ways(state)} == set(exits(state)), state.name


def test_a_diagram_never_shows_a_key_that_its_language_reads_as_its_own() -> None:
    diagrams = flow_page(FLOWS, a_book()).split("```mermaid")[1:]
    drawn = "".join(each.partition("```")[0] for each in diagrams)
    assert not set(drawn) & set("#{};<")
