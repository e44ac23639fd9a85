"""The control lines of a running exchange."""

import json

import pytest

from fix.simulator.control import LINE_BYTES_MAX, ControlFactory, answer
from fix.simulator.messages import Depth, OrderState
from fix.simulator.temper import Mood
from risk.domain.enums import OrdStatus, Phase


class KeptExchange:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def set_mood(self, mood: Mood, delay_ns: int) -> None:
        self.told.append((mood, delay_ns))

    def drop_links(self) -> None:
        self.told.append("drop")

    def halt(self, symbol: str, is_halted: bool) -> None:
        if symbol != "600000":
            raise KeyError(symbol)
        self.told.append((symbol, is_halted))

    def orders(self) -> list[OrderState]:
        return [OrderState("HOTLINE", "C1", "V1", "600000", 1, 100, 1, 0, 100, 0, OrdStatus.NEW)]

    def depth(self, symbol: str) -> Depth | None:
        known = Depth(symbol, 0, Phase.CLOSED, (), (), 0, 100_000, 0, 0)
        return known if symbol == "600000" else None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mood silent", (Mood.SILENT, 0)),
        ("mood slow 250", (Mood.SLOW, 250_000_000)),
        ("drop", "drop"),
        ("halt 600000", ("600000", True)),
        ("  resume   600000 ", ("600000", False)),
        ("stop", "stop"),
    ],
)
def test_a_line_is_carried_out(line: str, told: object) -> None:
    exchange = KeptExchange()
    said = answer(exchange, lambda: exchange.told.append("stop"), line)
    assert json.loads(said) == {"ok": True}
    assert exchange.told == [told]


def test_the_orders_are_told_as_json() -> None:
    (order,) = json.loads(answer(KeptExchange(), lambda: None, "orders"))["ok"]
    assert (order["cl_ord_id"], order["leaves_qty"], order["ord_status"]) == ("C1", 100, 0)


def test_market_data_is_told_as_json() -> None:
    depth = json.loads(answer(KeptExchange(), lambda: None, "depth 600000"))["ok"]
    assert (depth["symbol"], depth["prev_close_e4"]) == ("600000", 100_000)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "unknown command ''"),
        ("dance", "unknown command 'dance'"),
        ("mood angry", "mood must be one of calm"),
        ("mood slow -1", "delay must be a whole number"),
        ("mood slow ²", "delay must be a whole number"),
        ("mood slow 99999999999", "delay must be a whole number"),
        ("halt 999999", "999999 is not listed"),
        ("depth 999999", "999999 is not listed"),
    ],
)
def test_a_line_that_makes_no_sense_says_what_is_wanted(line: str, problem: str) -> None:
    exchange = KeptExchange()
    assert problem in json.loads(answer(exchange, lambda: None, line))["error"]
    assert exchange.told == []


def test_a_connection_answers_each_line_and_ends_at_a_line_too_long() -> None:
    from twisted.internet.testing import StringTransport

    exchange = KeptExchange()
    link = ControlFactory(exchange, lambda: None).buildProtocol(None)
    transport = StringTransport()
    link.makeConnection(transport)
    link.dataReceived(b"drop\ndr")
    link.dataReceived(b"op\n\xff\xfe\n")
    lines = [json.loads(line) for line in transport.value().splitlines()]
    assert [sorted(line) for line in lines] == [["ok"], ["ok"], ["error"]]
    link.dataReceived(b"x" * (LINE_BYTES_MAX + 1))
    assert transport.disconnecting
