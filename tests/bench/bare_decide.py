"""The bare pass beside `decide_n`: the same gathers and comparisons, no rules, no reasons.

Once in NumPy and once in C, compiled with `cc` when there is one. Only good orders pass through
it: it answers with one yes or no for the whole batch.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from risk.book.account_book import AccountBook
from risk.book.pair_index import INSTRUMENT_BITS
from risk.checks.moment import Moment

Columns = Mapping[str, np.ndarray]

SOURCE = r"""
#include <stdint.h>
typedef int64_t i64; typedef int32_t i32;
static const uint64_t FIB = 0x9E3779B97F4A7C15ULL;
i64 pass(i64 n, const i64 *side, const i64 *qty, const i64 *price, const i64 *type,
         const i64 *tif, const i64 *acc, const i64 *ins, const i64 *board_of, const i64 *down,
         const i64 *up, const i64 *close, const i64 *bid, const i64 *ask, const char *halted,
         const char *killed_i, const i64 *cash, const i64 *frozen, const i32 *branch,
         const char *killed_a, const char *killed_b, const i64 *paced, const i64 *keys,
         const i32 *rows, i64 shift, i64 mask, const i64 *sellable, const i64 *high,
         const i64 *low, const i32 *newest, const i64 *tick, const i64 *lot, const i64 *least,
         const i64 *most, const i64 *ppm, const i64 *cage_bp, i64 now) {
  i64 ok = 0;
  for (i64 k = 0; k < n; k++) {
    i64 a = acc[k], i = ins[k], q = qty[k], p = price[k], b = board_of[i], buy = side[k] == 1;
    i64 key = a << 24 | i, row = 0;
    uint64_t slot = ((uint64_t)key * FIB) >> shift;
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & mask;
    if (keys[slot]) row = rows[slot];
    i64 turnover = p * q, fees = turnover / 1000000 * ppm[b] / 100 + 50000;
    i64 base = buy ? ask[i] : bid[i], edge = base + (buy ? 1 : -1) * base * cage_bp[b] / 10000;
    i64 good = (buy || side[k] == 2) & (type[k] == 2) & (tif[k] == 0) & (q > 0) & (p > 0);
    good &= a > 0 && i > 0 && !halted[i] && !killed_i[i] && !killed_a[a] && !killed_b[branch[a]];
    good &= p % tick[b] == 0 && p <= up[i] && p >= down[i] && q <= most[b] && q >= least[b];
    good &= q % lot[b] == 0 && (buy ? p <= edge || !cage_bp[b] : p >= edge || !cage_bp[b]);
    good &= buy ? turnover + fees <= cash[a] - frozen[a] : q <= sellable[row];
    good &= buy ? !low[row] || p < low[row] : p > high[row];
    good &= paced[a] <= now && newest[row] == 0 && close[i] > 0;
    ok += good;
  }
  return ok == n;
}
"""


def bare_numpy(book: AccountBook, moment: Moment, columns: Columns) -> bool:
    """Return whether all orders are good."""
    rules, listing = moment.rules, moment.listing
    assert rules is not None
    a, i = columns["account_row"], columns["instrument_row"]
    side, q, p = columns["side"], columns["qty"], columns["price_e4"]
    board, buy = listing.board[i], side == 1
    row = book.positions.index.find(a << INSTRUMENT_BITS | i)
    cash, positions, listed = book.accounts, book.positions, book.instruments
    turnover = p * q
    fees = turnover // 1_000_000 * rules.commission_ppm[board] // 100 + 50_000
    base = np.where(buy, book.prices.ask_e4[i], book.prices.bid_e4[i])
    width = base * rules.cage_bp[board] // 10_000
    good = (buy | (side == 2)) & (columns["ord_type"] == 2) & (columns["time_in_force"] == 0)
    good &= (q > 0) & (p > 0) & (a > 0) & (i > 0)
    good &= ~listed.is_halted[i] & ~listed.is_killed[i] & ~cash.is_killed[a]
    good &= ~book.branches.is_killed[cash.branch_row[a]]
    good &= (p % rules.tick_e4[board] == 0) & (p <= listing.limit_up_e4[i])
    good &= (p >= listing.limit_down_e4[i]) & (q <= rules.max_qty[board])
    good &= (q >= rules.min_qty[board]) & (q % rules.lot_qty[board] == 0)
    good &= (width == 0) | np.where(buy, p <= base + width, p >= base - width)
    free = cash.cash_e4[a] - cash.frozen_e4[a]
    good &= np.where(buy, turnover + fees <= free, q <= positions.sellable_qty[row])
    low, high = positions.lowest_sell_e4[row], positions.highest_buy_e4[row]
    good &= np.where(buy, (low == 0) | (p < low), p > high)
    good &= cash.paced_until_ns[a] <= moment.now_ns
    good &= (positions.newest_order[row] == 0) & (listed.prev_close_e4[i] > 0)
    return bool(good.all())


def bare_c(
    book: AccountBook, moment: Moment, batches: Sequence[Columns]
) -> Callable[[], None] | None:
    """Return a function that passes over all batches in C, None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "pass.c"), Path(folder, "pass.so")
        source.write_text(SOURCE, encoding="ascii")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
        subprocess.run(command, check=True, timeout=60)
        run = ctypes.CDLL(str(library))["pass"]
    run.restype = ctypes.c_int64
    calls = [_arguments(book, moment, columns) for columns in batches]

    def all_batches() -> None:
        for arguments in calls:
            assert run(*arguments) == 1

    return all_batches


def _arguments(book: AccountBook, moment: Moment, columns: Columns) -> list[object]:
    rules, listing, index = moment.rules, moment.listing, book.positions.index
    assert rules is not None
    cash, positions, listed, prices = book.accounts, book.positions, book.instruments, book.prices
    names = ("side", "qty", "price_e4", "ord_type", "time_in_force", "account_row")
    arrays = [
        *(columns[name] for name in (*names, "instrument_row")),
        *(listing.board, listing.limit_down_e4, listing.limit_up_e4, listed.prev_close_e4),
        *(prices.bid_e4, prices.ask_e4, listed.is_halted, listed.is_killed),
        *(cash.cash_e4, cash.frozen_e4, cash.branch_row, cash.is_killed),
        *(book.branches.is_killed, cash.paced_until_ns),
    ]
    key_column, row_column, shift, mask = index.columns()
    later = [
        *(positions.sellable_qty, positions.highest_buy_e4, positions.lowest_sell_e4),
        *(positions.newest_order, rules.tick_e4, rules.lot_qty, rules.min_qty, rules.max_qty),
        *(rules.commission_ppm, rules.cage_bp),
    ]
    pointers: list[object] = [_pointer(array) for array in arrays]
    pointers += [_pointer(key_column), _pointer(row_column)]
    pointers += [ctypes.c_int64(shift), ctypes.c_int64(mask)]
    pointers += [_pointer(array) for array in later]
    return [ctypes.c_int64(len(columns["qty"])), *pointers, ctypes.c_int64(moment.now_ns)]


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
