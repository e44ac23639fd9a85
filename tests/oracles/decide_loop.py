"""The order path as a plain Python loop over dictionaries: slow, obvious, independent.

Takes the same commands as risk.core.step, one at a time, and answers with plain tuples. It knows
nothing of columns, waves or events. Money in e4 units, exact; rates in Decimal.
"""

from datetime import date
from decimal import Decimal

from risk.checks.moment import HouseLimits
from risk.domain import commands as c
from risk.domain.enums import ExecType, KillScope
from risk.domain.ids import second_of_day, trading_day
from risk.domain.instrument import INDEX_BOARDS
from risk.market.rulebook import Rulebook
from tests.oracles.decide_state import Account, Bucket, Order
from tests.oracles.order_rules import (
    BUY,
    CANCEL,
    SELL,
    Asked,
    Listing,
    fees,
    figure,
    form_problems,
    phase_at,
    reservation,
    rule_problems,
)
from tests.oracles.watchlist_loop import ServiceLoop

Answer = tuple[object, ...]
BEFORE_ALL_PHASES = -1  # a second at which every board is closed


class DecideLoop(ServiceLoop):
    """The state of the firm and what each command does to it."""

    def __init__(self, rulebook: Rulebook, house: HouseLimits) -> None:
        super().__init__()
        self.rulebook, self.house = rulebook, house
        self.day: date | None = None
        self.accounts: dict[str, Account] = {}
        self.listings: dict[str, Listing] = {}
        self.branches: dict[str, Bucket] = {}
        self.killed_branches: set[str] = set()
        self.is_firm_killed = False
        self.by_id: dict[str, Order] = {}  # ClOrdIDs of orders and cancel requests
        self.old_ids: dict[str, Order] = {}
        self.number = 0

    def decide(self, command: c.Command, now_ns: int) -> list[Answer]:
        """Carry a command out and return what happened."""
        return getattr(self, f"_{type(command).__name__}")(command, now_ns)

    def _OpenAccount(self, command: c.OpenAccount, now_ns: int) -> list[Answer]:
        if command.account_no in self.accounts:
            return [("denied", "ACCOUNT_EXISTS")]
        self.branches.setdefault(command.branch_code, Bucket(self.house.branch_per_s))
        bucket = Bucket(self.house.account_per_s)
        self.accounts[command.account_no] = Account(command.branch_code, bucket)
        return [("opened account",)]

    def _ListInstrument(self, command: c.ListInstrument, now_ns: int) -> list[Answer]:
        old = self.listings.get(command.symbol)
        self.listings[command.symbol] = Listing(
            command.board,
            command.status,
            command.prev_close_e4,
            command.is_t0,
            command.is_halted,
            old.is_killed if old else False,
            *((old.bid, old.ask, old.last) if old else (0, 0, 0)),
        )
        return [("listed",)]

    def quote(self, symbol: str, bid: int, ask: int, last: int) -> None:
        """Take a tick."""
        self.listings[symbol] = self.listings[symbol]._replace(bid=bid, ask=ask, last=last)

    def _MoveCash(self, command: c.MoveCash, now_ns: int) -> list[Answer]:
        account = self.accounts.get(command.account_no)
        if account is None:
            return [("denied", "ACCOUNT_UNKNOWN")]
        withdrawable = max(0, account.free - account.unsettled)
        if command.amount_e4 < 0 and -command.amount_e4 > withdrawable:
            return [("denied", "WITHDRAWABLE_CASH")]
        account.cash += command.amount_e4
        return [("cash", command.amount_e4)]

    def _MoveShares(self, command: c.MoveShares, now_ns: int) -> list[Answer]:
        if self.listings[command.symbol].board in INDEX_BOARDS:
            return [("denied", "SYMBOL_UNKNOWN")]
        holding = self.accounts[command.account_no].holding(command.symbol)
        if command.qty < 0 and -command.qty > holding.sellable:
            return [("denied", "SELLABLE_QTY")]
        holding.sellable += command.qty
        return [("shares", command.qty)]

    def _StartDay(self, command: c.StartDay, now_ns: int) -> list[Answer]:
        self.day = date(command.day // 10_000, command.day // 100 % 100, command.day % 100)
        self.old_ids, self.by_id, self.number = self.by_id, {}, 0
        answers: list[Answer] = [("day", command.day)]
        for account in self.accounts.values():
            account.unsettled = 0
            for holding in account.holdings.values():
                holding.sellable, holding.today = holding.sellable + holding.today, 0
        still_open = [o for account in self.accounts.values() for o in account.orders if o.is_open]
        for order in sorted(still_open, key=lambda order: order.no):
            answers.append(self._end(order, "expired"))
        for account in self.accounts.values():
            account.orders = []
        return answers

    def _SetKillSwitch(self, command: c.SetKillSwitch, now_ns: int) -> list[Answer]:
        if command.scope == KillScope.FIRM:
            self.is_firm_killed = command.is_on
        elif command.scope == KillScope.BRANCH:
            (self.killed_branches.add if command.is_on else self.killed_branches.discard)(
                command.key
            )
        elif command.scope == KillScope.ACCOUNT:
            self.accounts[command.key].is_killed = command.is_on
        else:
            listing = self.listings[command.key]
            self.listings[command.key] = listing._replace(is_killed=command.is_on)
        return [("switch", command.is_on)]

    def _is_of(self, today: date) -> bool:
        """Whether the book is on today, or today has no trading that it could be on."""
        book = self.rulebook
        is_known = book.first <= today <= book.last
        trades = any(days.is_trading_day(today) for days in book.calendars.values() if is_known)
        return self.day == today or (is_known and not trades)

    def _SubmitOrder(self, command: c.SubmitOrder, now_ns: int) -> list[Answer]:
        account = self.accounts.get(command.account_no)
        listing = self.listings.get(command.symbol)
        door = command.branch_code
        form = list(
            form_problems(
                command,
                is_account=account is not None,
                is_own_branch=not door or (account is not None and door == account.branch),
                is_symbol=listing is not None and listing.board not in INDEX_BOARDS,
                is_day=self._is_of(trading_day(now_ns)),
                has_rules=self.day is not None,
            )
        )
        if form:
            return [("denied order", form[0], frozenset(form), {})]
        assert account is not None
        assert listing is not None
        assert self.day is not None
        asked = self._asked(account, command, now_ns)
        is_today = self.day == trading_day(now_ns)
        second = second_of_day(now_ns) if is_today else BEFORE_ALL_PHASES
        found = list(rule_problems(self.rulebook, self.day, second, command, listing, asked))
        if found:
            details = {"PACE_ACCOUNT": {"per_s": self.house.account_per_s}}
            detail = details.get(found[0][0], found[0][1])
            return [("denied order", found[0][0], frozenset(name for name, _ in found), detail)]
        branch = self.branches[account.branch]
        if branch.level(now_ns) < 1:
            detail = {"per_s": self.house.branch_per_s}
            return [("denied order", "PACE_BRANCH", frozenset({"PACE_BRANCH"}), detail)]
        return [self._accept(account, command, now_ns, listing)]

    def _accept(
        self, account: Account, command: c.SubmitOrder, now_ns: int, listing: Listing
    ) -> Answer:
        assert self.day is not None
        order = Order(
            self._next_number(),
            command.account_no,
            command.symbol,
            command.side,
            command.qty,
            command.price_e4,
            now_ns,
            self.day,
        )
        if order.side == BUY:
            turnover = order.qty * order.price
            order.frozen = reservation(self.rulebook, self.day, listing.board, turnover)
        else:
            holding = account.holding(order.symbol)
            holding.sellable, holding.frozen = (
                holding.sellable - order.qty,
                holding.frozen + order.qty,
            )
        account.orders.append(order)
        account.bucket.take(now_ns)
        self.branches[account.branch].take(now_ns)
        self.by_id[self._cl_ord_id(order.no)] = order
        return "accepted", order.no, order.frozen

    def _asked(self, account: Account, command: c.SubmitOrder, now_ns: int) -> Asked:
        same = [order for order in account.orders if order.symbol == command.symbol]
        wish = command.side, command.qty, command.price_e4
        equal = [
            now_ns - order.at_ns
            for order in same
            if (order.side, order.qty, order.price) == wish
            and order.status not in ("canceled", "rejected", "expired")
        ]
        return Asked(
            self.is_firm_killed,
            account.branch in self.killed_branches,
            account.is_killed,
            Decimal(account.free),
            account.holding(command.symbol).sellable,
            [order.price for order in same if order.is_open and order.side == BUY],
            [order.price for order in same if order.is_open and order.side == SELL],
            min(equal, default=None),
            account.bucket.level(now_ns),
            self.house.duplicate_window_s * 10**9,
        )

    def _CancelOrder(self, command: c.CancelOrder, now_ns: int) -> list[Answer]:
        reason = self._cancel_problem(command, now_ns)
        if reason:
            return [("denied cancel", reason)]
        account = self.accounts[command.account_no]
        order = self.by_id[command.cl_ord_id]
        order.cancel_no = self._next_number()
        self.by_id[self._cl_ord_id(order.cancel_no)] = order
        account.bucket.take(now_ns)
        self.branches[account.branch].take(now_ns)
        return [("cancel", order.no, order.cancel_no)]

    def _cancel_problem(self, command: c.CancelOrder, now_ns: int) -> str:
        account = self.accounts.get(command.account_no)
        if account is None:
            return "ACCOUNT_UNKNOWN"
        if command.branch_code and command.branch_code != account.branch:
            return "NOT_YOUR_ACCOUNT"
        order = self._find(command.cl_ord_id)
        is_own = order is not None and order.account_no == command.account_no
        if order is None or not is_own or self._cl_ord_id(order.no, order.day) != command.cl_ord_id:
            return "ORDER_UNKNOWN"
        if not order.is_open:
            return "ORDER_CLOSED"
        if order.cancel_no:
            return "CANCEL_PENDING"
        board = self.listings[order.symbol].board
        today = trading_day(now_ns)
        second = second_of_day(now_ns)
        if today != self.day or phase_at(self.rulebook, today, board, second) not in CANCEL:
            return "CANCEL_FORBIDDEN_NOW"
        if account.bucket.level(now_ns) < 1:
            return "PACE_ACCOUNT"
        return "PACE_BRANCH" if self.branches[account.branch].level(now_ns) < 1 else ""

    def _RecordExecution(self, command: c.RecordExecution, now_ns: int) -> list[Answer]:
        order = self._find(command.cl_ord_id) or self._find(command.orig_cl_ord_id)
        if order is None:
            return [("ignored", "unknown_order")]
        if command.side != order.side or command.symbol not in ("", order.symbol):
            return [("ignored", "mismatch")]
        is_about_cancel = self._cl_ord_id(order.no, order.day) != command.cl_ord_id
        if is_about_cancel and command.exec_type == ExecType.REJECTED:
            return [self._cancel_rejected(order, command.cl_ord_id)]
        if command.exec_type == ExecType.TRADE:
            return [self._trade(order, command)]
        if not order.is_open:
            return [("ignored", "closed_order")]
        if command.exec_type == ExecType.NEW:
            is_new, order.status = order.status == "pending", "open"
            return [("venue has it", order.no) if is_new else ("ignored", "no_effect")]
        ends = {
            ExecType.CANCELED: "canceled",
            ExecType.EXPIRED: "expired",
            ExecType.DONE_FOR_DAY: "expired",
        }
        if command.exec_type == ExecType.REJECTED and not order.cum:
            return [self._end(order, "rejected")]
        return [self._end(order, ends.get(command.exec_type, "canceled"))]

    def _RecordCancelReject(self, command: c.RecordCancelReject, now_ns: int) -> list[Answer]:
        order = self._find(command.cl_ord_id) or self._find(command.orig_cl_ord_id)
        if order is None:
            return [("ignored", "unknown_order")]
        return [self._cancel_rejected(order, command.cl_ord_id)]

    def _cancel_rejected(self, order: Order, cl_ord_id: str) -> Answer:
        if not order.cancel_no or self._cl_ord_id(order.cancel_no, order.day) != cl_ord_id:
            return "ignored", "no_effect"
        order.cancel_no = 0
        return "cancel rejected", order.no

    def _trade(self, order: Order, said: c.RecordExecution) -> Answer:
        if said.exec_id in order.exec_ids:
            return "ignored", "duplicate_exec_id"
        if order.cum + said.last_qty > order.qty:
            return "ignored", "overfill"
        if not order.is_open and not said.last_qty <= said.cum_qty <= order.qty:
            return "ignored", "closed_order"
        order.exec_ids.add(said.exec_id)
        was_open, account = order.is_open, self.accounts[order.account_no]
        order.cum += said.last_qty
        value = said.last_qty * said.last_px_e4
        order.turnover += value
        listing = self.listings[order.symbol]
        is_sell = order.side == SELL
        owed = fees(self.rulebook, order.day, listing.board, is_sell, order.turnover)
        paid = tuple(new - old for new, old in zip(owed, order.charged, strict=True))
        order.charged = owed
        if order.cum == order.qty:
            order.status = "filled"
        elif was_open:
            order.status = "open"
        unfrozen = self._move(account, order, said.last_qty, value, sum(paid), was_open)
        return "filled", order.no, said.last_qty, order.cum, order.leaves, *paid, unfrozen

    def _move(
        self, account: Account, order: Order, qty: int, value: int, paid: int, was_open: bool
    ) -> int:
        """Move cash and shares of a fill; return the cash released from the reservation."""
        holding, listing = account.holding(order.symbol), self.listings[order.symbol]
        if order.side == SELL:
            account.cash += value - paid
            account.unsettled += max(0, value - paid)
            if was_open:
                holding.frozen -= qty
            else:
                holding.sellable -= qty
            return 0
        account.cash -= value + paid
        is_t0 = figure(self.rulebook, order.day, "settlement", "is_t0", listing.board)
        if listing.is_t0 or is_t0 or order.day != self.day:  # a late fill is of the day before
            holding.sellable += qty
        else:
            holding.today += qty
        before = order.frozen
        order.frozen = 0
        if order.leaves:
            rest = order.leaves * order.price
            whole = reservation(self.rulebook, order.day, listing.board, order.turnover + rest)
            order.frozen = whole - order.turnover - sum(order.charged)
        return before - order.frozen

    def _end(self, order: Order, status: str) -> Answer:
        left, frozen = order.leaves, order.frozen
        if order.side == SELL:
            holding = self.accounts[order.account_no].holding(order.symbol)
            holding.frozen, holding.sellable = holding.frozen - left, holding.sellable + left
        order.status, order.frozen = status, 0
        if status != "rejected":
            order.cancel_no = 0
        return status, order.no, left, frozen

    def _find(self, cl_ord_id: str) -> Order | None:
        return self.by_id.get(cl_ord_id) or self.old_ids.get(cl_ord_id)

    def _next_number(self) -> int:
        self.number += 1
        return self.number

    def _cl_ord_id(self, number: int, day: date | None = None) -> str:
        day = day or self.day
        assert day is not None
        return f"{day:%y%m%d}{number:06d}"
