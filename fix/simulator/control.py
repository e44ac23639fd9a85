"""A line protocol on loopback to steer a running exchange and look into it.

    mood calm|slow|partial|reject|duplicate|out_of_order|silent|drop_link [DELAY_MS]
    drop                close every order session's connection now
    halt SYMBOL         and `resume SYMBOL`
    orders              the day's orders
    depth SYMBOL        market data
    stop                log out and end the process

One line in, one JSON line out: {"ok": ...} or {"error": "what was wrong and what is wanted"}.
Not here: FIX; a member cannot do any of this.
"""

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as Connection
from twisted.protocols.basic import LineReceiver

from fix.simulator.messages import Depth, OrderState
from fix.simulator.temper import DELAY_NS_MAX, Mood

LINE_BYTES_MAX: Final = 256
_MS_NS: Final = 1_000_000


class Steered(Protocol):
    """What the control needs of an exchange."""

    def set_mood(self, mood: Mood, delay_ns: int) -> None:
        """Change how answers reach the members."""

    def drop_links(self) -> None:
        """Close every order session's connection."""

    def halt(self, symbol: str, is_halted: bool) -> None:
        """Halt an instrument or let it trade again. Raises KeyError when it is not listed."""

    def orders(self) -> list[OrderState]:
        """Return every order of the day."""

    def depth(self, symbol: str) -> Depth | None:
        """Return an instrument's market data, None when it is not listed."""


class ControlError(ValueError):
    """The line cannot be carried out; the text says what is wanted."""


def answer(exchange: Steered, on_stop: Callable[[], None], line: str) -> str:
    """Carry out one line and return the JSON answer."""
    try:
        return json.dumps({"ok": _carry_out(exchange, on_stop, line.split())})
    except ControlError as e:
        return json.dumps({"error": str(e)})


def _carry_out(exchange: Steered, on_stop: Callable[[], None], words: list[str]) -> object:
    match words:
        case ["mood", name]:
            exchange.set_mood(_mood(name), 0)
        case ["mood", name, delay_ms]:
            exchange.set_mood(_mood(name), _delay_ns(delay_ms))
        case ["drop"]:
            exchange.drop_links()
        case ["halt" | "resume" as word, symbol]:
            try:
                exchange.halt(symbol, word == "halt")
            except KeyError:
                raise ControlError(f"{symbol} is not listed") from None
        case ["orders"]:
            return [_plain(order) for order in exchange.orders()]
        case ["depth", symbol]:
            depth = exchange.depth(symbol)
            if depth is None:
                raise ControlError(f"{symbol} is not listed")
            return _plain(depth)
        case ["stop"]:
            on_stop()
        case _:
            raise ControlError(
                f"unknown command {' '.join(words)[:40]!r}: mood, drop, halt, resume, orders,"
                " depth or stop"
            )
    return True


def _mood(name: str) -> Mood:
    try:
        return Mood(name)
    except ValueError:
        raise ControlError(f"mood must be one of {', '.join(Mood)}, was {name[:40]!r}") from None


def _delay_ns(text: str) -> int:
    if not text.isdecimal() or int(text) * _MS_NS > DELAY_NS_MAX:
        raise ControlError(
            f"delay must be a whole number of 0..{DELAY_NS_MAX // _MS_NS} ms, was {text[:40]!r}"
        )
    return int(text) * _MS_NS


def _plain(value: OrderState | Depth) -> dict[str, Any]:
    return value._asdict()


class ControlConnection(LineReceiver):
    """One connection of the control port."""

    delimiter = b"\n"
    MAX_LENGTH = LINE_BYTES_MAX

    def __init__(self, exchange: Steered, on_stop: Callable[[], None]) -> None:
        self._exchange = exchange
        self._on_stop = on_stop

    def lineReceived(self, line: bytes) -> None:
        """Answer a line."""
        text = line.decode("ascii", "replace")
        assert self.transport is not None, "a line came over it"
        self.transport.write(answer(self._exchange, self._on_stop, text).encode() + b"\n")


class ControlFactory(Factory):
    """Serves the control port; listen on loopback only."""

    noisy = False

    def __init__(self, exchange: Steered, on_stop: Callable[[], None]) -> None:
        self._exchange = exchange
        self._on_stop = on_stop

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """Return a connection."""
        return ControlConnection(self._exchange, self._on_stop)
