"""Deciding orders at 1,000,000 accounts and 5,000 instruments, in batches of 1, 64 and 512.

`decide_n`: every check and its reason on given columns. The limit is a bare NumPy pass that
gathers the same columns and makes the same comparisons; `c_us` is that pass in C.
`step_512`: the whole way, commands in, applied events out; its limit is making the same commands'
events alone. Orders are good ones: fresh account rows for every batch, so caches stay cold.
"""

import gc
from functools import cache
from time import thread_time

import numpy as np

from risk.book.account_book import AccountBook
from risk.checks.batch import columns_batch
from risk.checks.check import run
from risk.checks.moment import HouseLimits, TradingRules
from risk.checks.rulesets import FORM_CHECKS, RULE_CHECKS
from risk.core.step import step
from risk.domain.commands import SubmitOrder
from risk.domain.enums import Channel, OrdType, Side
from risk.domain.events import OrderAccepted
from tests.bench.bare_decide import bare_c, bare_numpy
from tests.bench.bench import Row, benchmark, best_of
from tests.builders.books import DAY, large_book, moment_ns, trading_rules

ACCOUNTS = 1_000_000
INSTRUMENTS = 5_000
POSITIONS = 3_000_000
BATCHES = 40
GOALS_US = {1: 150.0, 64: 3.0, 512: 1.0}
NOW_NS = moment_ns(10)
SCATTER = 618_033  # no divisor of the number of accounts: every order has an account of its own


@cache
def the_book() -> tuple[AccountBook, TradingRules]:
    """Return the large book, made once for all benchmarks of this file."""
    rules = trading_rules(HouseLimits(branch_per_s=1_000_000))
    return large_book(ACCOUNTS, INSTRUMENTS, POSITIONS), rules


def order_columns(book: AccountBook, size: int, seed: int) -> dict[str, np.ndarray]:
    """Return good orders of different accounts: buys, and sells of what is held."""
    random = np.random.default_rng(seed)
    account_row = 1 + (seed * size + np.arange(size)) * SCATTER % (book.accounts.count - 1)
    position_row = book.accounts.newest_position[account_row].astype(np.int64)
    sells = (position_row > 0) & (random.random(size) < 0.5)
    instrument_row = random.integers(1, book.instruments.count, size)
    instrument_row[sells] = book.positions.instrument_row[position_row[sells]]
    return {
        "side": np.where(sells, Side.SELL, Side.BUY).astype(np.int64),
        "qty": np.full(size, 200, np.int64),
        "price_e4": book.instruments.prev_close_e4[instrument_row],
        "ord_type": np.full(size, OrdType.LIMIT, np.int64),
        "time_in_force": np.zeros(size, np.int64),
        "account_row": account_row.astype(np.int64),
        "door_branch_row": np.zeros(size, np.int64),
        "instrument_row": instrument_row.astype(np.int64),
    }


def decide(size: int) -> Row:
    """Return the figure of one batch size."""
    book, rules = the_book()
    batches = [order_columns(book, size, seed) for seed in range(BATCHES)]
    moment = rules.moment(book, NOW_NS)

    def ours() -> None:
        for columns in batches:
            batch = columns_batch(book, rules.moment(book, NOW_NS), **columns)
            assert run(FORM_CHECKS, RULE_CHECKS, batch, book, moment).is_clean

    def numpy_pass() -> None:
        for columns in batches:
            assert bare_numpy(book, moment, columns)

    per_order = 1e6 / (size * BATCHES)
    value = best_of(ours, rounds=7, clock=thread_time) * per_order
    limit = best_of(numpy_pass, rounds=7, clock=thread_time) * per_order
    extras: dict[str, float | int | str] = {"accounts": ACCOUNTS, "goal": GOALS_US[size]}
    c_pass = bare_c(book, moment, batches)
    if c_pass is not None:
        extras["c_us"] = round(best_of(c_pass, rounds=7, clock=thread_time) * per_order, 4)
    return Row(f"decide_{size}", value, "us/order", limit, limit / value, extras)


@benchmark("decide_1")
def decide_1() -> Row:
    """One order alone."""
    return decide(1)


@benchmark("decide_64")
def decide_64() -> Row:
    """A batch of 64."""
    return decide(64)


@benchmark("decide_512")
def decide_512() -> Row:
    """A batch of 512."""
    return decide(512)


@benchmark("step_512")
def step_512() -> Row:
    """Commands in, applied events out, in batches of 512."""
    book, rules = the_book()
    book.orders.reserve(2 * 512 * BATCHES)
    size, symbols = 512, book.instruments.symbol
    batches = []
    for seed in range(BATCHES):
        columns = order_columns(book, size, 1_000 + seed)
        rows = zip(*(columns[name].tolist() for name in COMMAND_COLUMNS), strict=True)
        batches.append(
            [
                SubmitOrder(
                    f"{seed}.{i}",
                    book.accounts.account_no[account_row],
                    symbols[instrument_row],
                    Side(side),
                    qty,
                    price_e4,
                    Channel.BRANCH,
                )
                for i, (account_row, instrument_row, side, qty, price_e4) in enumerate(rows)
            ]
        )
    events: list[OrderAccepted] = []

    def ours() -> None:
        for batch in batches:
            for caused in step(book, rules, batch, NOW_NS):
                event = caused[0]
                assert type(event) is OrderAccepted, event
                events.append(event)

    def bare() -> None:
        for event in events:
            OrderAccepted(*event)

    gc.collect()
    per_order = 1e6 / (size * BATCHES)
    value = (
        best_of(ours, rounds=1, clock=thread_time) * per_order
    )  # a second round would place the same orders again
    limit = best_of(bare, rounds=5, clock=thread_time) * per_order
    assert book.day == DAY
    the_book.cache_clear()  # half a gigabyte that the benchmarks after this one need not carry
    return Row("step_512", value, "us/order", limit, limit / value)


COMMAND_COLUMNS = ("account_row", "instrument_row", "side", "qty", "price_e4")
