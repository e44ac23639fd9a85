"""A seeded day's noise: orders, cancels, reports, cash, switches; most of it right, much of it not.

`Noise.batch` draws the next batch of commands from what an oracle (tests.oracles.decide_loop)
knows; the same seed draws the same noise.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from risk.domain import commands as c
from risk.domain.enums import (
    AlertKind,
    Board,
    Channel,
    ExecType,
    KillScope,
    ListingStatus,
    OrdStatus,
    OrdType,
    Side,
    StatementForm,
    TimeInForce,
)
from risk.domain.ids import NS
from risk.domain.instrument import INDEX_BOARDS
from tests.builders.books import moment_ns
from tests.oracles.decide_loop import DecideLoop
from tests.oracles.decide_state import Order

ACCOUNTS: Final = tuple(f"{10_000 + i}" for i in range(60))
BRANCHES: Final = ("00001", "00002", "00003")
STATUSES: Final = (
    ListingStatus.NORMAL,
    ListingStatus.NORMAL,
    ListingStatus.RISK_WARNING,
    ListingStatus.NO_LIMIT_DAY,
)
DAYS: Final = (
    20260702,
    20260703,
    *range(20260706, 20260711),
    *range(20260713, 20260718),
    *range(20260720, 20260725),
)
SESSION: Final = "FIX"
ENDS: Final = (ExecType.CANCELED, ExecType.EXPIRED, ExecType.DONE_FOR_DAY, ExecType.REJECTED)
STEPS_NS: Final = (
    *(0, 10**6, 10**8, NS, NS, 10 * NS) * 2,
    120 * NS,
    900 * NS,
    1_200 * NS,
    1_500 * NS,
)
LUNCH_NS: Final = 95 * 60 * NS


class Noise:
    """Draws commands. `at_ns` is the time of the last batch."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.symbols = {
            f"{600_000 + 10 * board + i}": (board, status)
            for board in Board
            for i, status in enumerate(STATUSES[:1] if board in INDEX_BOARDS else STATUSES)
        }
        self.closes: dict[str, int] = {}
        self.count = 0
        self.day = 0
        self.at_ns = 0
        self.submitted: list[c.SubmitOrder] = []
        self.switched_on: list[tuple[KillScope, str]] = []

    def setup(self) -> list[c.Command]:
        """Return the commands that open accounts and bring the first day."""
        random = self.random
        commands: list[c.Command] = []
        for i, account_no in enumerate(ACCOUNTS):
            branch_code = BRANCHES[i % len(BRANCHES)]
            commands.append(c.OpenAccount(self._id(), account_no, branch_code))
            amount_e4 = random.choice((10**7, 10**9, 10**11, 10**12)) + random.randrange(10**4)
            commands.append(c.MoveCash(self._id(), account_no, amount_e4))
        commands += self.next_day()
        for account_no in ACCOUNTS:
            for symbol in random.sample(list(self.symbols), 12):
                qty = random.choice((99, 100, 150, 299, 1_000, 10_000, 33))
                commands.append(c.MoveShares(self._id(), account_no, symbol, qty, qty * 50_000))
        return commands

    @property
    def is_over(self) -> bool:
        """Whether the day is over."""
        return self.at_ns > moment_ns(15, 1, day=self.day)

    def next_day(self) -> list[c.Command]:
        """Return the commands that start the next day; its time is early in the morning."""
        self.day = DAYS[DAYS.index(self.day) + 1] if self.day else DAYS[0]
        self.at_ns = moment_ns(9, 10, day=self.day)
        commands: list[c.Command] = [c.StartDay(self._id(), self.day)]
        for symbol, (board, status) in self.symbols.items():
            self.closes[symbol] = self.random.randrange(100, 40_000) * 100
            is_t0, is_halted = self.random.random() < 0.2, self.random.random() < 0.05
            commands.append(
                c.ListInstrument(
                    self._id(), symbol, board, "", "", self.closes[symbol], status, is_t0, is_halted
                )
            )
        return commands

    def quotes(self) -> dict[str, tuple[int, int, int]]:
        """Return some ticks: bid, ask and last by symbol, 0 = none."""
        found = {}
        for symbol in self.random.sample(list(self.symbols), 4):
            middle = int(self.closes[symbol] * self.random.uniform(0.93, 1.07)) // 100 * 100
            prices = (max(100, middle - 100), middle + 100, max(100, middle))
            found[symbol] = tuple(p if self.random.random() < 0.8 else 0 for p in prices)
        return found  # type: ignore[return-value]  # three prices each

    def batch(self, oracle: DecideLoop, size: int) -> list[c.Command]:
        """Return the next commands, all of one moment."""
        self.at_ns += self.random.choice(STEPS_NS)
        if moment_ns(11, 32, day=self.day) < self.at_ns < moment_ns(12, 55, day=self.day):
            self.at_ns += LUNCH_NS
        orders = [*list(oracle.old_ids.values())[-40:], *oracle.by_id.values()]
        draws: dict[Callable[[DecideLoop, list[Order]], c.Command], float] = {
            self._order: 64,
            self._cancel: 8,
            self._fill: 12,
            self._venue_has_it: 4,
            self._end: 6,
            self._cancel_reject: 2,
            self._cash: 2,
            self._switch: 0.3,
            self._set_alert: 3,
            self._remove_alert: 0.5,
            self._cross_alert: 3,
            self._statement: 1,
        }
        if self.switched_on:
            draws[self._switch] = 10  # off again soon
        kinds = self.random.choices(list(draws), list(draws.values()), k=size)
        return [draw(oracle, orders) for draw in kinds]

    def _order(self, oracle: DecideLoop, orders: list[Order]) -> c.SubmitOrder:
        random = self.random
        if self.submitted and random.random() < 0.04:
            again = random.choice(self.submitted[-20:])._replace(request_id=self._id())
            return again
        account_no = random.choice(ACCOUNTS[:3] if random.random() < 0.25 else ACCOUNTS)
        symbol = random.choice(list(self.symbols))
        holding = oracle.accounts[account_no].holdings.get(symbol)
        side = random.choice((Side.BUY, Side.SELL))
        if holding is None or not holding.sellable:
            side = Side.BUY if random.random() < 0.9 else side
        held = holding.sellable if holding else 0
        door = random.random()
        own = oracle.accounts[account_no].branch
        order = c.SubmitOrder(
            self._id(),
            account_no if random.random() < 0.996 else "99999999",
            symbol if random.random() < 0.996 else "999999",
            side if random.random() < 0.997 else 3,  # type: ignore[arg-type]  # as a door may send
            self._qty(side, held),
            self._price(oracle, symbol),
            random.choice(list(Channel)),
            OrdType.LIMIT if random.random() < 0.997 else OrdType.MARKET,
            TimeInForce.DAY,
            "" if door < 0.7 else own if door < 0.99 else random.choice((*BRANCHES, "77777")),
        )
        self.submitted.append(order)
        return order

    def _qty(self, side: Side, held: int) -> int:
        random, kind = self.random, self.random.random()
        if kind < 0.75:
            return random.randrange(1, 10) * 100
        if kind < 0.9 and side == Side.SELL:
            return random.choice((held, held % 100, held // 100 * 100, held + 1))
        if kind < 0.98:
            return random.choice((200, 300, 250, 10, 99, 1, 10_000))
        return random.choice((0, -5, 10**8, 10**8 + 1, 2**63, 10**19, 10**6, 10**6 + 1, 2_000_100))

    def _price(self, oracle: DecideLoop, symbol: str) -> int:
        random, kind, close = self.random, self.random.random(), self.closes[symbol]
        listing = oracle.listings[symbol]
        if kind < 0.65:
            return close + random.randrange(-5, 6) * 100
        if kind < 0.85:
            near = random.choice([p for p in (listing.bid, listing.ask, listing.last, close) if p])
            return near + random.randrange(-15, 16) * 100
        if kind < 0.98:
            edge = random.choice((0.9, 1.1, 0.95, 1.05, 0.8, 1.2, 1.3, 0.7, 1.02, 0.98, 0.5, 9))
            return int(close * edge) // 100 * 100 + random.randrange(-1, 2) * 100
        return random.choice((0, -100, close + 7, close + 10, 10**10, 10**10 + 100, 2**64))

    def _cancel(self, oracle: DecideLoop, orders: list[Order]) -> c.CancelOrder:
        order = self._some_order(orders)
        account_no, cl_ord_id = ACCOUNTS[0], "260706000099"
        if order is not None:
            account_no, cl_ord_id = order.account_no, f"{order.day:%y%m%d}{order.no:06d}"
        if self.random.random() < 0.05:
            account_no = self.random.choice((*ACCOUNTS, "99999999"))
        if self.random.random() < 0.05:
            cl_ord_id = self.random.choice(("", "x", f"{cl_ord_id[:6]}000001", cl_ord_id + "0"))
        door = "" if self.random.random() < 0.9 else self.random.choice(BRANCHES)
        return c.CancelOrder(self._id(), account_no, cl_ord_id, Channel.PHONE, door)

    def _fill(self, oracle: DecideLoop, orders: list[Order]) -> c.RecordExecution:
        order = self._some_order(orders)
        if order is None:
            return self._report(oracle, None, ExecType.TRADE, last_qty=100, last_px_e4=100)
        random = self.random
        left = max(1, order.qty - order.cum)
        last_qty = random.choice((left, random.randint(1, left), random.randint(1, left), 100))
        worse = random.randrange(3) * 100
        px = order.price - worse if order.side == Side.BUY else order.price + worse
        cum = order.cum + last_qty if random.random() < 0.95 else random.randrange(2_000)
        return self._report(
            oracle,
            order,
            ExecType.TRADE,
            last_qty=last_qty,
            last_px_e4=max(100, px),
            cum_qty=cum,
        )

    def _venue_has_it(self, oracle: DecideLoop, orders: list[Order]) -> c.RecordExecution:
        return self._report(oracle, self._some_order(orders), ExecType.NEW)

    def _end(self, oracle: DecideLoop, orders: list[Order]) -> c.RecordExecution:
        return self._report(oracle, self._some_order(orders), self.random.choice(ENDS))

    def _report(
        self,
        oracle: DecideLoop,
        order: Order | None,
        exec_type: ExecType,
        last_qty: int = 0,
        last_px_e4: int = 0,
        cum_qty: int = 0,
    ) -> c.RecordExecution:
        """Return a report about an order, or about one this batch may be making."""
        self.count += 1
        number = oracle.number + self.random.randint(1, 8)
        cl_ord_id, symbol, side = f"{self.day % 10**6:06d}{number:06d}", "", Side.BUY
        exec_id = f"E{self.count}"
        if order is not None:
            cl_ord_id, symbol = f"{order.day:%y%m%d}{order.no:06d}", order.symbol
            side = Side(order.side)
            if order.exec_ids and self.random.random() < 0.1:
                exec_id = self.random.choice(sorted(order.exec_ids))
        return c.RecordExecution(
            self._id(),
            SESSION,
            self.count,
            cl_ord_id,
            "",
            f"V{cl_ord_id}",
            exec_id,
            exec_type,
            OrdStatus.NEW,
            symbol,
            side,
            last_qty,
            last_px_e4,
            cum_qty,
        )

    def _cancel_reject(self, oracle: DecideLoop, orders: list[Order]) -> c.RecordCancelReject:
        order = self._some_order([order for order in orders if order.cancel_no])
        self.count += 1
        cl_ord_id, orig_cl_ord_id = "nobody's", "nobody's"
        if order is not None:
            number = order.cancel_no if self.random.random() < 0.8 else order.no
            cl_ord_id = f"{order.day:%y%m%d}{number:06d}"
            orig_cl_ord_id = f"{order.day:%y%m%d}{order.no:06d}"
        ids = (cl_ord_id, orig_cl_ord_id, "")
        return c.RecordCancelReject(self._id(), SESSION, self.count, *ids, OrdStatus.NEW)

    def _cash(self, oracle: DecideLoop, orders: list[Order]) -> c.MoveCash:
        amount_e4 = self.random.choice((10**6, 10**8, -(10**6), -(10**8), -(10**10)))
        account_no = self.random.choice((*ACCOUNTS, "99999999"))
        return c.MoveCash(self._id(), account_no, amount_e4)

    def _switch(self, oracle: DecideLoop, orders: list[Order]) -> c.SetKillSwitch:
        if self.switched_on:
            scope, key = self.switched_on.pop()
            return c.SetKillSwitch(self._id(), scope, key, False, "t", "t")
        scope = self.random.choice(list(KillScope))
        keys = {
            KillScope.FIRM: ("",),
            KillScope.BRANCH: BRANCHES,
            KillScope.ACCOUNT: ACCOUNTS,
            KillScope.INSTRUMENT: tuple(self.symbols),
        }
        self.switched_on.append((scope, self.random.choice(keys[scope])))
        return c.SetKillSwitch(self._id(), *self.switched_on[-1], True, "t", "t")

    def _set_alert(self, oracle: DecideLoop, orders: list[Order]) -> c.SetAlert:
        random = self.random
        symbol = random.choice(list(self.symbols)) if random.random() < 0.98 else "999999"
        near = self.closes.get(symbol, 100_000)
        if oracle.alerts and random.random() < 0.03:
            old = random.choice(oracle.alerts)
            wish = old.account_no, old.symbol, AlertKind(old.kind), old.threshold
            return c.SetAlert(self._id(), *wish, Channel.WEB)
        return c.SetAlert(
            self._id(),
            random.choice(ACCOUNTS[:20] if random.random() < 0.97 else ("99999999",)),
            symbol,
            random.choice((1, 1, 1, 2, 2, 2, 3)),  # type: ignore[arg-type]  # as a door may send
            random.choice((int(near * random.uniform(0.9, 1.1)), near // 10_000 * 10_000, 60, 0)),
            random.choice(list(Channel)),
            random.random() < 0.4,
            random.choice(("", "", "", *BRANCHES)),
        )

    def _remove_alert(self, oracle: DecideLoop, orders: list[Order]) -> c.RemoveAlert:
        account_no, alert_no, _ = self._some_alert(oracle)
        door = self.random.choice(("", "", "", *BRANCHES))
        return c.RemoveAlert(self._id(), account_no, alert_no, Channel.PHONE, door)

    def _cross_alert(self, oracle: DecideLoop, orders: list[Order]) -> c.FireAlert | c.RearmAlert:
        account_no, alert_no, level = self._some_alert(oracle)
        kind = self.random.choice((c.FireAlert, c.FireAlert, c.RearmAlert))
        price = max(0, level + self.random.randrange(-300, 301))
        return kind(self._id(), account_no, alert_no, price, self.at_ns)

    def _some_alert(self, oracle: DecideLoop) -> tuple[str, int, int]:
        """Return account, number and level of an alert, or of none at all."""
        if not oracle.alerts or self.random.random() < 0.1:
            return self.random.choice((*ACCOUNTS, "99999999")), self.random.randrange(1_000), 100
        alert = self.random.choice(oracle.alerts)
        level = alert.threshold if alert.is_armed else alert.rearm
        return alert.account_no, alert.no, level

    def _statement(self, oracle: DecideLoop, orders: list[Order]) -> c.RequestStatement:
        account_no = self.random.choice((*ACCOUNTS[:5], "99999999"))
        form, door = self.random.choice(list(StatementForm)), self.random.choice(("", *BRANCHES))
        return c.RequestStatement(self._id(), account_no, form, Channel.PHONE, door)

    def _some_order(self, orders: list[Order]) -> Order | None:
        live = [order for order in orders[-200:] if order.is_open]
        if live and self.random.random() < 0.8:
            return self.random.choice(live)
        return self.random.choice(orders) if orders and self.random.random() < 0.9 else None

    def _id(self) -> str:
        self.count += 1
        return f"r{self.count}"
