"""Market data: MarketDataSnapshotFullRefresh(W) and MarketDataIncrementalRefresh(X) -> Tick rows.

A tick is the whole best state of an instrument after the message, so whoever conflates ticks may
keep the last one only. Its session has a dictionary of its own (market_data.xml), since QuickFIX
keeps the order of repeating groups only when it knows them, and restarts at number 1 with each
logon: ticks are never resent and never journalled. Not here: depth beyond the best, staleness.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from fix import fields as f
from fix import metrics
from fix.application import msg_type

log = structlog.get_logger("fix")

DICTIONARY: Final = str(Path(__file__).with_name("market_data.xml"))
SYMBOLS_MAX: Final = 20_000
VOLUME_MAX: Final = 10**15  # shares of a day

_ENTRY_TYPE: Final = "269"  # 0 bid, 1 offer, 2 trade, 7 high, 8 low, B volume; no others
_VOLUME: Final = "B"
_ENTRY_PX: Final = "270"
_ENTRY_SIZE: Final = "271"
_POSITION: Final = "290"  # MDEntryPositionNo: 1 is the best, absent too
_ACTION: Final = "279"  # 0 new, 1 change, 2 delete
_SENDING_TIME: Final = "52"
_ENTRY_COUNT: Final = "268"


class Tick(NamedTuple):
    """The best bid and offer, the last trade and the day's figures; 0 where there is none."""

    symbol: str
    bid_px_e4: int = 0
    bid_qty: int = 0
    offer_px_e4: int = 0
    offer_qty: int = 0
    last_px_e4: int = 0
    last_qty: int = 0
    sent_ns: int = 0
    high_px_e4: int = 0  # of the day
    low_px_e4: int = 0
    volume: int = 0  # shares traded on the day


class QuoteBoard:
    """Keeps the last tick of each instrument and applies W and X to it."""

    def __init__(self) -> None:
        self._ticks: dict[str, Tick] = {}

    def clear(self) -> None:
        """Forget all: after a logon the venue sends snapshots again."""
        self._ticks.clear()

    def apply(self, text: str) -> list[Tick]:
        """Return the rows that a W or X changed. Raises FieldProblem; then nothing changed."""
        head = f.split(text)
        sent_ns = f.timestamp_ns(head, _SENDING_TIME)
        changed: dict[str, Tick] = {}
        if msg_type(text) == "W":
            symbol = f.identifier(head, f.SYMBOL, is_required=True)
            changed[symbol] = Tick(symbol)
        for entry in _entries(text):
            symbol = f.identifier(entry, f.SYMBOL) or next(iter(changed), "")
            if not symbol:
                raise f.FieldProblem(f.SYMBOL, "is missing", reason=5)
            tick = changed.get(symbol) or self._ticks.get(symbol) or Tick(symbol)
            changed[symbol] = _updated(tick, entry)
        if len(self._ticks) + len(changed) > SYMBOLS_MAX:
            raise f.FieldProblem(f.SYMBOL, f"is one too many, at most {SYMBOLS_MAX} are kept")
        rows = [tick._replace(sent_ns=sent_ns) for tick in changed.values()]
        self._ticks.update((tick.symbol, tick) for tick in rows)
        return rows


class MarketData:
    """The user of the market data session (fix.sessions.SessionUser)."""

    def __init__(self, on_ticks: Callable[[list[Tick]], None]) -> None:
        self._on_ticks = on_ticks
        self._board = QuoteBoard()

    def session_up(self, fix_session: str) -> None:
        """Wait for snapshots."""
        self._board.clear()

    def session_down(self) -> None:
        """Nothing to do: who keeps ticks sees their age."""

    def received(self, fix_session: str, text: str) -> None:
        """Apply W and X, count what else comes."""
        kind = msg_type(text)
        metrics.RECEIVED.labels(metrics.label(kind)).inc()
        if kind not in ("W", "X"):
            return
        try:
            rows = self._board.apply(text)
        except f.FieldProblem as e:
            metrics.UNREADABLE.labels(kind).inc()
            log.warning("fix.tick_unreadable", msg_type=kind, problem=str(e))
            return
        if rows:
            self._on_ticks(rows)

    def refused(self, text: str) -> None:
        """Count what QuickFIX refused."""
        metrics.UNREADABLE.labels("other").inc()


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Yield the entries of the group NoMDEntries(268); each begins with the group's first tag."""
    parts = iter(text.split(f.SOH))
    for part in parts:
        if part.startswith(f"{_ENTRY_COUNT}="):
            break
    first = ""
    entry: dict[str, str] = {}
    for part in parts:
        tag, _, value = part.partition("=")
        if tag in ("10", ""):
            break
        first = first or tag
        if tag == first and entry:
            yield entry
            entry = {}
        entry[tag] = value
    if entry:
        yield entry


def _updated(tick: Tick, entry: f.Fields) -> Tick:
    kind = f.required(entry, _ENTRY_TYPE)
    if entry.get(_POSITION, "1") != "1":
        return tick
    is_deleted = entry.get(_ACTION) == "2"
    if kind == _VOLUME:
        volume = 0 if is_deleted else f.whole(entry, _ENTRY_SIZE, VOLUME_MAX)
        return tick._replace(volume=volume)
    px_e4 = 0 if is_deleted else f.price_e4(entry, _ENTRY_PX)
    qty = 0 if is_deleted else f.quantity(entry, _ENTRY_SIZE)
    match kind:
        case "0":
            return tick._replace(bid_px_e4=px_e4, bid_qty=qty)
        case "1":
            return tick._replace(offer_px_e4=px_e4, offer_qty=qty)
        case "2":
            return tick._replace(last_px_e4=px_e4, last_qty=qty)
        case "7":
            return tick._replace(high_px_e4=px_e4)
        case "8":
            return tick._replace(low_px_e4=px_e4)
        case _:
            return tick
