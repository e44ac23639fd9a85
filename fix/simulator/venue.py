"""The simulated exchange as its members see it: orders, cancels and queries in, answers out.

Pure: every call brings the time. A ClOrdID(11) of a member names one order for ever; a member may
trade with itself. Orders live for a day, their state can be asked until the next trading day ends.
Sources: FIX 4.4 volume 4 (ExecutionReport, OrderCancelReject and their state matrices).
Not here: FIX itself (acceptor), phases and trades (market.py), moods (temper.py).
"""

from collections.abc import Iterable
from typing import Final

from fix.simulator.flow import Flow
from fix.simulator.listing import Refusal
from fix.simulator.market import Market
from fix.simulator.member_orders import MemberOrder, ReportDesk
from fix.simulator.messages import (
    Answer,
    Depth,
    OrderState,
    Report,
    StatusQuery,
    VenueCancel,
    VenueOrder,
)
from risk.domain.enums import ExecType, OrdStatus, Side
from risk.domain.instrument import Instrument
from risk.domain.reasons import ReasonCode
from risk.market.phases import CANCEL_PHASES
from risk.market.rulebook import Rulebook

ORDERS_PER_DAY_MAX: Final = 1_000_000
TOO_LATE, UNKNOWN_ORDER, NOT_NOW, DUPLICATE = 0, 1, 2, 6  # CxlRejReason(102)
_Key = tuple[str, str]  # sender and ClOrdID(11)


class Venue:
    """One exchange with all its instruments.

    Every answer names its `sender`: a call may also answer members other than the one who called
    (the other side of a trade, expiries at the close). `advance` wants to be called every few
    hundred milliseconds.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        instruments: Iterable[Instrument],
        now_ns: int,
        flow: Flow | None = None,
    ) -> None:
        """Open at `now_ns` in whatever phase that is; without `flow` only members trade."""
        self._desk = ReportDesk(now_ns)
        self._market = Market(rulebook, instruments, self._desk, flow)
        self._orders: dict[_Key, MemberOrder] = {}
        self._cancels: set[_Key] = set()
        self._orders_before: dict[_Key, MemberOrder] = {}  # of the trading day before
        self._day = self._market.trading_day

    def submit(self, order: VenueOrder, now_ns: int) -> list[Report]:
        """Enter an order: NEW and its fills, or REJECTED with OrdRejReason(103).

        A ClOrdID(11) that this sender used before makes no second order: it is rejected as a
        duplicate (6), or with PossResend(97) answered with the state of the first.
        """
        reports = self._pass_time(now_ns)
        repeated = self._repeated(order)
        if repeated is not None:
            return [*reports, repeated]
        listing = self._market.listings.get(order.symbol)
        if listing is None:
            text = f"Symbol(55) {order.symbol!r:.40} is not listed"
            return [*reports, self._refused(order, Refusal(ReasonCode.SYMBOL_UNKNOWN, text))]
        if len(self._orders) >= ORDERS_PER_DAY_MAX:
            text = f"at most {ORDERS_PER_DAY_MAX} orders a day"
            return [*reports, self._refused(order, Refusal(ReasonCode.NOT_ACCEPTING, text))]
        reports += self._market.quote(listing)
        refusal = listing.refusal(order)
        if refusal is not None:
            return [*reports, self._refused(order, refusal)]
        entered = self._desk.open(order, Side(order.side))
        self._orders[order.sender, order.cl_ord_id] = entered
        return reports + self._market.enter(listing, entered)

    def refuse(self, order: VenueOrder, text: str, now_ns: int) -> list[Report]:
        """Reject an order unseen (Mood.REJECT)."""
        reports = self._pass_time(now_ns)
        refusal = Refusal(ReasonCode.NOT_ACCEPTING, text)
        return [*reports, self._repeated(order) or self._refused(order, refusal)]

    def cancel(self, wish: VenueCancel, now_ns: int) -> list[Answer]:
        """Cancel what is left of an order: CANCELED, or a CancelReject that says why not."""
        answers: list[Answer] = [*self._pass_time(now_ns)]
        key = wish.sender, wish.cl_ord_id
        order = self._find(wish.sender, wish.orig_cl_ord_id)
        reject = self._desk.cancel_reject
        if key in self._cancels or self._find(*key) is not None:
            text = f"ClOrdID(11) {wish.cl_ord_id!r:.40} was used before"
            return [*answers, reject(wish, order, DUPLICATE, text)]
        self._cancels.add(key)
        if order is None:
            return [*answers, reject(wish, None, UNKNOWN_ORDER, "unknown order")]
        if order.is_done:
            text = f"the order has ended: {order.ord_status.name}"
            return [*answers, reject(wish, order, TOO_LATE, text)]
        phase = self._market.listings[order.asked.symbol].phase
        if phase not in CANCEL_PHASES:
            return [*answers, reject(wish, order, NOT_NOW, f"no cancels in phase {phase.name}")]
        self._market.remove(order, OrdStatus.CANCELED)
        report = self._desk.report(order, ExecType.CANCELED)
        told = report._replace(cl_ord_id=wish.cl_ord_id, orig_cl_ord_id=wish.orig_cl_ord_id)
        return [*answers, told]

    def status(self, query: StatusQuery, now_ns: int) -> list[Report]:
        """Tell an order's state; unknown: OrdStatus(39) REJECTED and OrdRejReason(103) 5."""
        reports = self._pass_time(now_ns)
        order = self._find(query.sender, query.cl_ord_id)
        if order is None:
            asked = VenueOrder(query.sender, query.cl_ord_id, query.symbol, query.side, 0, 0)
            order = self._desk.rejected(asked, Refusal(ReasonCode.ORDER_UNKNOWN, "unknown order"))
        return [*reports, self._desk.report(order, ExecType.ORDER_STATUS)]

    def mass_status(self, sender: str, now_ns: int) -> list[Report]:
        """Tell the state of every open order of a member, in the order of entry."""
        reports = self._pass_time(now_ns)
        for key, order in self._orders.items():
            if key[0] == sender and not order.is_done:
                reports.append(self._desk.report(order, ExecType.ORDER_STATUS))
        return reports

    def advance(self, now_ns: int) -> tuple[list[Report], list[Depth]]:
        """Let time pass: phases, auctions, the close, the flow.

        Returns reports, and the depth of instruments that changed since the last call.
        """
        reports = self._pass_time(now_ns) + self._market.run_flow()
        market = self._market
        return reports, market.take_changed() + market.indices.changed(self._desk.now_ns)

    def depth(self, symbol: str) -> Depth | None:
        """Return an instrument's market data, None when it is not listed."""
        listing = self._market.listings.get(symbol)
        if listing is None:
            return self._market.indices.depth(symbol, self._desk.now_ns)
        return listing.depth(self._desk.now_ns)

    def halt(self, symbol: str, is_halted: bool) -> None:
        """Halt a listed symbol or let it trade again."""
        self._market.halt(symbol, is_halted)

    def orders(self, sender: str | None = None) -> list[OrderState]:
        """Return every order of the day, also rejected ones, of one member or of all."""
        mine = (order for key, order in self._orders.items() if sender in (None, key[0]))
        return [order.state() for order in mine]

    def _pass_time(self, now_ns: int) -> list[Report]:
        reports = self._market.pass_time(now_ns)
        if self._day != self._market.trading_day:
            self._day = self._market.trading_day
            self._orders_before, self._orders = self._orders, {}
            self._cancels = set()
        return reports

    def _find(self, sender: str, cl_ord_id: str) -> MemberOrder | None:
        key = sender, cl_ord_id
        return self._orders.get(key) or self._orders_before.get(key)

    def _repeated(self, order: VenueOrder) -> Report | None:
        """Return the answer to a ClOrdID(11) that was used before, None for a new one."""
        known = self._find(order.sender, order.cl_ord_id)
        if known is not None and order.poss_resend:
            return self._desk.report(known, ExecType.ORDER_STATUS)
        if known is None and (order.sender, order.cl_ord_id) not in self._cancels:
            return None
        text = f"ClOrdID(11) {order.cl_ord_id!r:.40} was used before"
        refused = self._desk.rejected(order, Refusal(ReasonCode.DUPLICATE_ORDER, text))
        return self._desk.report(refused, ExecType.REJECTED)

    def _refused(self, order: VenueOrder, refusal: Refusal) -> Report:
        """Remember and report a refused order: its ClOrdID(11) is used up."""
        refused = self._desk.rejected(order, refusal)
        if len(self._orders) < 2 * ORDERS_PER_DAY_MAX:
            self._orders[order.sender, order.cl_ord_id] = refused
        return self._desk.report(refused, ExecType.REJECTED)
