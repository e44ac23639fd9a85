"""One instrument at the simulated exchange: its rules of the day, its book and its market data.

The figures come from the rulebook once a day, so that judging an order is a handful of integer
comparisons. Not here: orders' owners and reports (venue.py).
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from fix.simulator.auction import uncross
from fix.simulator.messages import Depth, Level, VenueOrder, limit_side
from fix.simulator.order_book import LEVELS_SHOWN, OrderBook
from risk.domain.enums import Board, OrdType, Phase, Side, TimeInForce
from risk.domain.fixedpoint import I64, format_e4
from risk.domain.instrument import Instrument
from risk.domain.reasons import REASONS, ReasonCode
from risk.market.phases import CALL_PHASES, ENTRY_PHASES
from risk.market.price_bands import cage_bounds
from risk.market.rulebook import DayRules


def _row(*values: int) -> list[I64]:
    """Return each value as an array of one row, as the market rules want them."""
    return [np.array([value], np.int64) for value in values]


def _best(levels: Iterator[Level]) -> tuple[Level, ...]:
    return tuple(islice(levels, LEVELS_SHOWN))


class Refusal(NamedTuple):
    """Why the venue will not have an order."""

    reason: ReasonCode
    text: str

    @property
    def ord_rej_reason(self) -> int:
        """OrdRejReason(103)."""
        return REASONS[self.reason].ord_rej_reason


class Listing:
    """An instrument, its order book and what has been traded today."""

    def __init__(self, instrument: Instrument) -> None:
        """Begin closed and without rules; `start_day` brings them."""
        self.symbol = instrument.symbol
        self.board = Board(instrument.board)
        self.status = instrument.status
        self.is_halted = instrument.is_halted
        self.prev_close_e4 = instrument.prev_close_e4
        self.phase = Phase.CLOSED
        self.book = OrderBook()
        self.last_e4 = self.high_e4 = self.low_e4 = self.volume = self.turnover_e4 = 0
        self._rules: DayRules | None = None
        self._limits_e4 = self._call_limits_e4 = (0, 0)
        self.tick_e4 = self.lot_qty = self.min_qty = self.max_qty = 1

    @property
    def fair_e4(self) -> int:
        """Last price of the day, before the first trade the previous close."""
        return self.last_e4 or self.prev_close_e4

    @property
    def is_call(self) -> bool:
        """Whether orders are collected for an auction now."""
        return self.phase in CALL_PHASES

    def close_day(self) -> None:
        """End the day: the last price becomes the previous close; no rules until the next."""
        self.prev_close_e4 = self.fair_e4
        self.last_e4 = self.high_e4 = self.low_e4 = self.volume = self.turnover_e4 = 0
        self._rules = None

    def start_day(
        self, rules: DayRules, limits_e4: tuple[int, int], call_limits_e4: tuple[int, int]
    ) -> None:
        """Take the rules of a new day and its (lowest, highest) prices, in and out of auctions."""
        self._rules = rules
        self._limits_e4, self._call_limits_e4 = limits_e4, call_limits_e4
        self.tick_e4 = int(rules.tick_e4[self.board])
        self.lot_qty = int(rules.lot_qty[self.board])
        self.min_qty = int(rules.min_qty[self.board])
        self.max_qty = int(rules.max_qty[self.board])

    @property
    def limits_e4(self) -> tuple[int, int]:
        """Lowest and highest price of the moment."""
        return self._call_limits_e4 if self.is_call else self._limits_e4

    def traded(self, qty: int, price_e4: int) -> None:
        """Count a trade."""
        self.last_e4 = price_e4
        self.high_e4 = max(self.high_e4, price_e4)
        self.low_e4 = min(self.low_e4 or price_e4, price_e4)
        self.volume += qty
        self.turnover_e4 += qty * price_e4

    def refusal(self, order: VenueOrder) -> Refusal | None:
        """Return why the order may not be entered now, None when it may."""
        code = ReasonCode
        if self._rules is None:
            return Refusal(code.NO_RULES_FOR_DAY, "no rules for this day")
        side = limit_side(order.side)
        if side is None:
            return Refusal(code.SIDE_UNKNOWN, f"Side(54) must be 1 or 2, was {order.side}")
        if order.ord_type != OrdType.LIMIT:
            return Refusal(code.ORD_TYPE_NOT_ALLOWED, "only limit orders are taken: OrdType(40)=2")
        if order.time_in_force != TimeInForce.DAY:
            return Refusal(code.TIME_IN_FORCE_NOT_ALLOWED, "only day orders: TimeInForce(59)=0")
        if self.is_halted:
            return Refusal(code.INSTRUMENT_HALTED, f"{self.symbol} is halted")
        if self.phase not in ENTRY_PHASES:
            return Refusal(code.MARKET_CLOSED, f"no orders in phase {self.phase.name}")
        return self._wrong_qty(side, order.qty) or self._wrong_price(side, order.price_e4)

    def _wrong_qty(self, side: Side, qty: int) -> Refusal | None:
        """Holdings are the depository's: an odd lot of a sell is the member's to check."""
        if qty <= 0:
            return Refusal(ReasonCode.QTY_NOT_POSITIVE, f"quantity must be positive, was {qty}")
        if qty > self.max_qty:
            return Refusal(ReasonCode.ABOVE_MAX_QTY, f"at most {self.max_qty}, was {qty}")
        if side == Side.BUY and qty % self.lot_qty:
            return Refusal(ReasonCode.OFF_LOT, f"multiple of {self.lot_qty}, was {qty}")
        if side == Side.BUY and qty < self.min_qty:
            return Refusal(ReasonCode.BELOW_MIN_QTY, f"at least {self.min_qty}, was {qty}")
        return None

    def _wrong_price(self, side: Side, price_e4: int) -> Refusal | None:
        price = format_e4(price_e4)
        if price_e4 <= 0:
            return Refusal(ReasonCode.PRICE_NOT_POSITIVE, f"price must be positive, was {price}")
        if price_e4 % self.tick_e4:
            return Refusal(
                ReasonCode.OFF_TICK, f"multiple of {format_e4(self.tick_e4)}, was {price}"
            )
        down_e4, up_e4 = self.limits_e4
        if price_e4 > up_e4:
            return Refusal(ReasonCode.ABOVE_LIMIT_UP, f"at most {format_e4(up_e4)}, was {price}")
        if price_e4 < down_e4:
            return Refusal(
                ReasonCode.BELOW_LIMIT_DOWN, f"at least {format_e4(down_e4)}, was {price}"
            )
        bound_e4 = 0 if self.is_call else self._cage_e4(side, price_e4)
        if bound_e4:
            bound = format_e4(bound_e4)
            return Refusal(ReasonCode.OUTSIDE_PRICE_CAGE, f"bound is {bound}, was {price}")
        return None

    def _cage_e4(self, side: Side, price_e4: int) -> int:
        """Return the bound of the price cage when the price is beyond it, else 0.

        A price that does not pass the base is always inside, which spares most orders the sum.
        """
        bid_e4, ask_e4 = self.book.bids.best_e4, self.book.asks.best_e4
        is_buy = side == Side.BUY
        base_e4 = (ask_e4 or bid_e4) if is_buy else (bid_e4 or ask_e4)
        base_e4 = base_e4 or self.fair_e4
        if price_e4 <= base_e4 if is_buy else price_e4 >= base_e4:
            return 0
        assert self._rules is not None, "refusal() asked for the rules first"
        row = _row(self.board, side, bid_e4, ask_e4, self.last_e4, self.prev_close_e4)
        board, sides, bid, ask, last, prev = row
        bound_e4 = int(cage_bounds(board, sides, bid, ask, last, prev, self._rules)[0])
        is_outside = price_e4 > bound_e4 if is_buy else price_e4 < bound_e4
        return bound_e4 if is_outside else 0

    def depth(self, at_ns: int) -> Depth:
        """Return the market data of the moment."""
        bids, asks = self.book.bids, self.book.asks
        shown = _best(bids.levels()), _best(asks.levels())
        if self.is_call:
            found = uncross(bids.levels(), asks.levels(), self.fair_e4, self.tick_e4)
            if found is not None:
                shown = ((Level(*found),), (Level(*found),))
        return Depth(
            self.symbol,
            at_ns,
            self.phase,
            *shown,
            self.last_e4,
            self.prev_close_e4,
            self.volume,
            self.turnover_e4,
            self.high_e4,
            self.low_e4,
        )
