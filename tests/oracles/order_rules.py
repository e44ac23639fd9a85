"""Pre-trade rules one order at a time in Decimal yuan, written from the rule texts alone.

Reads figures of the rulebook's entries, never its arrays or functions. `World` is what the rules
may ask about the state.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from risk.domain.commands import SubmitOrder
from risk.domain.enums import Board, ListingStatus, Phase
from risk.market.rulebook import Rulebook
from tests.oracles.fees_decimal import Schedule, owed
from tests.oracles.price_limits_decimal import cage, limits

YUAN = Decimal(10_000)  # e4 units of one yuan
ENTRY = {
    Phase.OPENING_CALL,
    Phase.OPENING_CALL_NO_CANCEL,
    Phase.CONTINUOUS,
    Phase.CLOSING_CALL,
}
CALLS = ENTRY - {Phase.CONTINUOUS}
CANCEL = {Phase.OPENING_CALL, Phase.CONTINUOUS}
BUY, SELL, LIMIT, DAY = 1, 2, 2, 0
QTY_MAX, PRICE_MAX = 10**8, 10**10


class Listing(NamedTuple):
    """One instrument of the day and its prices in e4 units, 0 = none."""

    board: Board
    status: ListingStatus
    prev_close: int
    is_t0: bool
    is_halted: bool
    is_killed: bool
    bid: int
    ask: int
    last: int


class Asked(NamedTuple):
    """What an order's account has and does, in e4 units."""

    is_firm_killed: bool
    is_branch_killed: bool
    is_account_killed: bool
    free: Decimal
    sellable_qty: int
    own_buys: list[int]  # prices of live buys in the instrument
    own_sells: list[int]
    equal_age_ns: int | None  # of the newest equal order that still counts
    account_tokens: Decimal
    window_ns: int


@cache
def figure(book: Rulebook, day: date, kind: str, key: str, board: Board) -> int:
    """Return one figure of the entry that holds on a day."""
    entry = book.entry_on(kind, board, day)
    assert entry is not None, (kind, board, day)
    return entry.values[key]


@cache
def schedule(book: Rulebook, day: date, board: Board) -> Schedule:
    """Return the fee rates of a board."""
    million = Decimal(1_000_000)
    return Schedule(
        figure(book, day, "commission", "commission_ppm", board) / million,
        figure(book, day, "commission", "commission_min_e4", board) / YUAN,
        figure(book, day, "stamp_duty", "sell_ppm", board) / million,
        figure(book, day, "transfer_fee", "both_ppm", board) / million,
    )


def fees(
    book: Rulebook, day: date, board: Board, is_sell: bool, turnover_e4: int
) -> tuple[int, int, int]:
    """Return commission, stamp duty and transfer fee in e4 units for a turnover."""
    fills = [(1, turnover_e4 / YUAN)] if turnover_e4 else []
    paid = owed(schedule(book, day, board), is_sell, fills)
    return int(paid[0] * YUAN), int(paid[1] * YUAN), int(paid[2] * YUAN)


def phase_at(book: Rulebook, day: date, board: Board, second: int) -> Phase:
    """Return the board's phase at a second of the day."""
    entry = book.entry_on("phases", board, day)
    assert entry is not None
    found = Phase.CLOSED
    for start_s, phase in entry.steps:
        if start_s <= second:
            found = phase
    return found


@cache
def daily_limits(
    book: Rulebook, day: date, board: Board, status: ListingStatus, prev_close: int, is_call: bool
) -> tuple[Decimal, Decimal]:
    """Return lowest and highest price of the day in yuan."""
    tick = figure(book, day, "tick", "tick_e4", board) / YUAN
    prev = prev_close / YUAN
    if status != ListingStatus.NO_LIMIT_DAY:
        entry = book.entry_on("limit", board, day, status)
        assert entry is not None
        return limits(prev, entry.values["limit_bp"] / YUAN, tick)
    if not is_call:
        return tick, Decimal(PRICE_MAX) / YUAN
    up = figure(book, day, "no_limit_day", "call_up_bp", board) / YUAN
    down = figure(book, day, "no_limit_day", "call_down_bp", board) / YUAN
    return limits_of_call(prev, down, up, tick)


def limits_of_call(
    prev: Decimal, down: Decimal, up: Decimal, tick: Decimal
) -> tuple[Decimal, Decimal]:
    """Return the range of a call auction on a day without limits."""
    low, _ = limits(prev, 1 - down, tick) if down else (tick, prev)
    _, high = limits(prev, up - 1, tick)
    return low, min(high, Decimal(PRICE_MAX) / YUAN)


def quantity_problems(lot: int, least: int, is_buy: bool, qty: int, holding: int) -> list[str]:
    """Return what is wrong with a quantity: a sell is told one thing, a buy all."""
    if is_buy:
        off_lot = ["OFF_LOT"] if qty % lot else []
        return off_lot + (["BELOW_MIN_QTY"] if qty < least else [])
    if lot > 1:
        odd = holding % lot
        is_fine = (qty % lot == 0 and qty >= least) or (odd > 0 and qty % lot == odd)
    else:
        odd = holding if holding < least else 0
        is_fine = qty >= least or (odd > 0 and qty == odd)
    if is_fine:
        return []
    if odd > 0:
        return ["ODD_LOT_SPLIT"]
    return ["OFF_LOT"] if qty % lot else ["BELOW_MIN_QTY"]


def form_problems(
    order: SubmitOrder,
    is_account: bool,
    is_own_branch: bool,
    is_symbol: bool,
    is_day: bool,
    has_rules: bool,
) -> Iterator[str]:
    """Yield what keeps an order from being an order at all, in the order of telling."""
    if order.side not in (BUY, SELL):
        yield "SIDE_UNKNOWN"
    if order.ord_type != LIMIT:
        yield "ORD_TYPE_NOT_ALLOWED"
    if order.time_in_force != DAY:
        yield "TIME_IN_FORCE_NOT_ALLOWED"
    if order.qty <= 0:
        yield "QTY_NOT_POSITIVE"
    if order.qty > QTY_MAX:
        yield "QTY_TOO_LARGE"
    if order.price_e4 <= 0:
        yield "PRICE_NOT_POSITIVE"
    if order.price_e4 > PRICE_MAX:
        yield "PRICE_TOO_LARGE"
    if not is_account:
        yield "ACCOUNT_UNKNOWN"
    if not is_own_branch:
        yield "NOT_YOUR_ACCOUNT"
    if not is_symbol:
        yield "SYMBOL_UNKNOWN"
    if not is_day:
        yield "DAY_NOT_STARTED"
    if not has_rules:
        yield "NO_RULES_FOR_DAY"


def rule_problems(
    book: Rulebook, day: date, second: int, order: SubmitOrder, listing: Listing, asked: Asked
) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield each rule an order breaks with the figures its text names, in the order of telling."""
    board, is_buy = listing.board, order.side == BUY
    if asked.is_firm_killed:
        yield "KILL_SWITCH_FIRM", {}
    if asked.is_branch_killed:
        yield "KILL_SWITCH_BRANCH", {}
    if asked.is_account_killed:
        yield "KILL_SWITCH_ACCOUNT", {}
    if listing.is_killed:
        yield "KILL_SWITCH_INSTRUMENT", {}
    if listing.is_halted:
        yield "INSTRUMENT_HALTED", {}
    phase = phase_at(book, day, board, second)
    if phase not in ENTRY:
        yield "MARKET_CLOSED", {}
    yield from price_problems(book, day, order, listing, phase)
    lot, least, most = (
        figure(book, day, "quantity", key, board) for key in ("lot_qty", "min_qty", "max_qty")
    )
    if order.qty > most:
        yield "ABOVE_MAX_QTY", {"max_qty": most}
    problems = quantity_problems(lot, least, is_buy, order.qty, asked.sellable_qty)
    odd = asked.sellable_qty % lot if lot > 1 else asked.sellable_qty
    details = {"OFF_LOT": {"lot": lot}, "BELOW_MIN_QTY": {"min_qty": least}}
    for problem in problems:
        yield problem, details.get(problem, {"odd_qty": odd})
    need = reservation(book, day, board, order.qty * order.price_e4)
    if is_buy and need > asked.free:
        yield "BUYING_POWER", {"need_e4": need, "free_e4": max(0, int(asked.free))}
    if not is_buy and order.qty > asked.sellable_qty:
        yield "SELLABLE_QTY", {"sellable_qty": max(0, asked.sellable_qty)}
    if any(order.price_e4 >= sell for sell in asked.own_sells if is_buy) or any(
        order.price_e4 <= buy for buy in asked.own_buys if not is_buy
    ):
        yield "OWN_ORDER_CROSSING", {}
    if asked.equal_age_ns is not None and asked.equal_age_ns < asked.window_ns:
        left_ns = asked.window_ns - asked.equal_age_ns
        yield "DUPLICATE_ORDER", {"wait_s": -(-left_ns // 10**9)}
    if asked.account_tokens < 1:
        yield "PACE_ACCOUNT", {}


def price_problems(
    book: Rulebook, day: date, order: SubmitOrder, listing: Listing, phase: Phase
) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield what is wrong with a price: tick, daily limits, price cage."""
    board = listing.board
    tick = figure(book, day, "tick", "tick_e4", board)
    if order.price_e4 % tick:
        yield "OFF_TICK", {"tick_e4": tick}
    price = order.price_e4 / YUAN
    down, up = daily_limits(book, day, board, listing.status, listing.prev_close, phase in CALLS)
    if price > up:
        yield "ABOVE_LIMIT_UP", {"limit_up_e4": int(up * YUAN)}
    if price < down:
        yield "BELOW_LIMIT_DOWN", {"limit_down_e4": int(down * YUAN)}
    rate = figure(book, day, "cage", "cage_bp", board) / YUAN
    if not rate or phase != Phase.CONTINUOUS:
        return
    bound = cage(
        order.side == BUY,
        listing.bid / YUAN,
        listing.ask / YUAN,
        listing.last / YUAN,
        listing.prev_close / YUAN,
        rate,
        figure(book, day, "cage", "cage_ticks", board),
        tick / YUAN,
    )
    if price > bound if order.side == BUY else price < bound:
        yield "OUTSIDE_PRICE_CAGE", {"cage_e4": int(bound * YUAN)}


def reservation(book: Rulebook, day: date, board: Board, turnover_e4: int) -> int:
    """Return what a buy of this turnover costs in all."""
    return turnover_e4 + sum(fees(book, day, board, False, turnover_e4))
