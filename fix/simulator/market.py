"""All listings of the simulated exchange through the day: phases, auctions, trades, the close.

Time comes with every call and phases change exactly when it passes them, in order, however far it
jumps. The background flow enters its orders like any member. Not here: members' requests and
their identifiers (venue.py), what an order may look like (listing.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Final

import numpy as np

from fix.simulator.auction import cross, uncross
from fix.simulator.flow import Flow, MarketView, Wish
from fix.simulator.indices import Indices
from fix.simulator.listing import Listing
from fix.simulator.member_orders import FLOW, MemberOrder, ReportDesk
from fix.simulator.messages import Depth, Report, VenueOrder
from risk.domain.enums import ExecType, OrdStatus, Phase
from risk.domain.ids import NS, second_of_day, trading_day
from risk.domain.instrument import Instrument
from risk.market.phases import CALL_PHASES, CANCEL_PHASES, ENTRY_PHASES, phases_at
from risk.market.price_bands import price_limits
from risk.market.rulebook import BOARDS, DayRules, Rulebook

DEPTHS_MAX: Final = 1_000  # told at once; the rest follow
FLOW_INTERVAL_NS: Final = 200_000_000
FLOW_STEPS_MAX: Final = 5  # steps of the flow made up for after a pause
FLOW_LISTINGS_MAX: Final = 32  # listings that move in one step
FLOW_HOT_MAX: Final = 24  # of them with members' orders
FLOW_QUOTES_MAX: Final = 200  # listings that get their first quotes in one call
_DAY_S: Final = 86_400


class Market:
    """The listings, their common clock and the background flow."""

    def __init__(
        self,
        rulebook: Rulebook,
        instruments: Iterable[Instrument],
        desk: ReportDesk,
        flow: Flow | None,
    ) -> None:
        """Open at `desk.now_ns` in whatever phase that is."""
        listed = list(instruments)
        self.listings = {each.symbol: Listing(each) for each in listed if not each.is_index}
        self.indices = Indices(listed, self.listings)
        self.trading_day: date | None = None  # the last day on which any venue traded
        self._symbols = list(self.listings)
        self._rulebook, self._desk, self._flow = rulebook, desk, flow
        self._rules: DayRules | None = None
        self._day: date | None = None
        self._live: Counter[str] = Counter()  # members' open orders by symbol
        self._quotes: dict[str, list[MemberOrder]] = {}  # the flow's orders by symbol
        self._unquoted: dict[str, None] = {}  # symbols that wait for the flow's first quotes
        self._changed: dict[str, None] = {}  # symbols whose depth is to be told, in order
        self._turn, self._flow_ns = 0, desk.now_ns
        self._change(desk.now_ns, [])

    def pass_time(self, now_ns: int) -> list[Report]:
        """Go to `now_ns` through every phase change on the way; time never runs back."""
        reports: list[Report] = []
        while self._next_change_ns <= now_ns:
            self._change(self._next_change_ns, reports)
        self._desk.now_ns = max(self._desk.now_ns, now_ns)
        return reports

    def enter(self, listing: Listing, order: MemberOrder) -> list[Report]:
        """Put an order that was not refused into the book: NEW, then its trades."""
        reports: list[Report] = []
        if order.asked.sender != FLOW:
            self._live[listing.symbol] += 1
            reports.append(self._desk.report(order, ExecType.NEW))
        if listing.is_call:
            listing.book.stand(order)
        else:
            for standing, qty, price_e4 in listing.book.enter(order):
                assert isinstance(standing, MemberOrder), "only such orders are entered"
                listing.traded(qty, price_e4)
                self._fill(standing, qty, price_e4, reports)
                self._fill(order, qty, price_e4, reports)
        self._changed[listing.symbol] = None
        return reports

    def remove(self, order: MemberOrder, ord_status: OrdStatus) -> None:
        """Take an open order out of its book and close it."""
        symbol = order.asked.symbol
        self.listings[symbol].book.remove(order)
        self._changed[symbol] = None
        order.end(ord_status)
        self._count_out(order)

    def quote(self, listing: Listing) -> list[Report]:
        """Let the flow quote a listing that it does not quote yet."""
        self._unquoted.pop(listing.symbol, None)
        if self._flow is None or listing.phase not in ENTRY_PHASES:
            return []
        if any(not order.is_done for order in self._quotes.get(listing.symbol, ())):
            return []
        return self._enter_wishes(listing, self._flow.ladder(_view(listing)))

    def run_flow(self) -> list[Report]:
        """Let the background flow act for the time since its last step."""
        reports: list[Report] = []
        if self._flow is None:
            return reports
        for symbol in list(islice(self._unquoted, FLOW_QUOTES_MAX)):
            reports += self.quote(self.listings[symbol])
        steps = (self._desk.now_ns - self._flow_ns) // FLOW_INTERVAL_NS
        self._flow_ns += steps * FLOW_INTERVAL_NS
        for _ in range(min(steps, FLOW_STEPS_MAX)):
            for listing in self._moving():
                if listing.phase in ENTRY_PHASES and not listing.is_halted:
                    reports += self._move(listing, self._flow)
        return reports

    def take_changed(self) -> list[Depth]:
        """Return the depth of listings that changed since the last call, DEPTHS_MAX at most."""
        symbols = list(islice(self._changed, DEPTHS_MAX))
        for symbol in symbols:
            del self._changed[symbol]
        return [self.listings[symbol].depth(self._desk.now_ns) for symbol in symbols]

    def halt(self, symbol: str, is_halted: bool) -> None:
        """Halt a listing or let it trade again; standing orders stay and may be cancelled."""
        self.listings[symbol].is_halted = is_halted
        self._changed[symbol] = None

    # Phases.

    def _change(self, at_ns: int, reports: list[Report]) -> None:
        self._desk.now_ns = at_ns
        day, second = trading_day(at_ns), second_of_day(at_ns)
        if day != self._day:
            self._start_day(day)
        rules = self._rules
        phases = np.zeros(BOARDS, np.int64) if rules is None else phases_at(rules, second)
        for listing in self.listings.values():
            if listing.phase != phases[listing.board]:
                self._enter_phase(listing, Phase(int(phases[listing.board])), reports)
        starts = np.array([_DAY_S]) if rules is None else rules.phase_start_s
        next_s = int(starts[starts > second].min())
        self._next_change_ns = at_ns - at_ns % NS + (next_s - second) * NS

    def _start_day(self, day: date) -> None:
        self._day, self._rules = day, self._rulebook.on(day)
        if self._rules is not None and self._rules.is_trading_day.any():
            self.trading_day = day
        self.indices.close_day()
        listings = list(self.listings.values())
        for listing in listings:
            listing.close_day()
        if self._rules is None or not listings:
            return
        prev = np.array([listing.prev_close_e4 for listing in listings])
        board = np.array([listing.board for listing in listings])
        status = np.array([listing.status for listing in listings])
        bands = [
            price_limits(prev, board, status, self._rules, is_call) for is_call in (False, True)
        ]
        columns = (limit.tolist() for band in bands for limit in band)
        for listing, down, up, call_down, call_up in zip(listings, *columns, strict=True):
            listing.start_day(self._rules, (down, up), (call_down, call_up))

    def _enter_phase(self, listing: Listing, phase: Phase, reports: list[Report]) -> None:
        if listing.is_call and phase not in CALL_PHASES:
            self._uncross(listing, reports)
        listing.phase = phase
        if phase == Phase.CLOSED:
            self._expire(listing, reports)
        elif phase in ENTRY_PHASES and self._flow is not None:
            self._unquoted[listing.symbol] = None
        self._changed[listing.symbol] = None

    def _uncross(self, listing: Listing, reports: list[Report]) -> None:
        book = listing.book
        found = uncross(book.bids.levels(), book.asks.levels(), listing.fair_e4, listing.tick_e4)
        for buy, sell, qty in cross(book, found) if found is not None else ():
            assert found is not None, "trades come from a found price"
            listing.traded(qty, found.price_e4)
            for order in (buy, sell):
                assert isinstance(order, MemberOrder), "only such orders are entered"
                self._fill(order, qty, found.price_e4, reports)

    def _expire(self, listing: Listing, reports: list[Report]) -> None:
        for side in (listing.book.bids, listing.book.asks):
            for order in list(side.orders()):
                assert isinstance(order, MemberOrder), "only such orders are entered"
                self.remove(order, OrdStatus.EXPIRED)
                if order.asked.sender != FLOW:
                    reports.append(self._desk.report(order, ExecType.EXPIRED))
        self._quotes.pop(listing.symbol, None)

    # Trades.

    def _fill(self, order: MemberOrder, qty: int, price_e4: int, reports: list[Report]) -> None:
        order.fill(qty, price_e4)
        if order.asked.sender != FLOW:
            reports.append(self._desk.report(order, ExecType.TRADE, qty, price_e4))
        if order.is_done:
            self._count_out(order)

    def _count_out(self, order: MemberOrder) -> None:
        symbol = order.asked.symbol
        if order.asked.sender != FLOW:
            self._live[symbol] -= 1
            if not self._live[symbol]:
                del self._live[symbol]

    # Background flow.

    def _moving(self) -> Iterator[Listing]:
        """Yield the listings of one step: some with members' orders first, then others."""
        hot = _some(list(self._live), self._turn, FLOW_HOT_MAX)
        others = _some(self._symbols, self._turn, FLOW_LISTINGS_MAX - len(hot))
        self._turn += FLOW_LISTINGS_MAX
        for symbol in dict.fromkeys(hot + others):
            yield self.listings[symbol]

    def _move(self, listing: Listing, flow: Flow) -> list[Report]:
        reports = self.quote(listing)
        if listing.phase in CANCEL_PHASES and flow.wants_requote():
            for order in self._quotes.pop(listing.symbol, ()):
                if not order.is_done:
                    self.remove(order, OrdStatus.CANCELED)
            reports += self.quote(listing)
        wish = flow.trade(_view(listing))
        return reports + self._enter_wishes(listing, [wish] if wish else [])

    def _enter_wishes(self, listing: Listing, wishes: list[Wish]) -> list[Report]:
        reports: list[Report] = []
        for side, price_e4, qty in wishes:
            asked = VenueOrder(FLOW, "", listing.symbol, side, qty, price_e4)
            if listing.refusal(asked) is None:
                order = self._desk.open(asked, side)
                reports += self.enter(listing, order)
                if not order.is_done:
                    self._quotes.setdefault(listing.symbol, []).append(order)
        return reports


def _some(symbols: list[str], turn: int, count: int) -> list[str]:
    """Return up to `count` symbols, going round from turn to turn."""
    taken = range(min(count, len(symbols)))
    return [symbols[(turn + i) % len(symbols)] for i in taken]


def _view(listing: Listing) -> MarketView:
    return MarketView(
        fair_e4=listing.fair_e4,
        prev_close_e4=listing.prev_close_e4,
        bid_e4=listing.book.bids.best_e4,
        ask_e4=listing.book.asks.best_e4,
        tick_e4=listing.tick_e4,
        lot_qty=max(listing.lot_qty, listing.min_qty),
        is_call=listing.is_call,
    )
