"""Has the account what the order needs: cash for a buy, sellable shares for a sell.

T+1 is in the columns: what was bought today is not sellable, what was sold today may buy.
"""

from risk.book.account_book import AccountBook
from risk.checks.batch import OrderBatch
from risk.checks.moment import Moment
from risk.domain.fixedpoint import I64, BoolArray


def over_buying_power(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """A buy needs more than the free cash, highest possible fees included."""
    return batch.is_buy & (batch.need_e4 > _free_e4(batch, book))


def buying_power_detail(
    batch: OrderBatch, book: AccountBook, moment: Moment, i: int
) -> dict[str, int]:
    """Return what is needed and what is free (never below 0)."""
    free_e4 = max(0, int(_free_e4(batch, book)[i]))
    return {"need_e4": int(batch.need_e4[i]), "free_e4": free_e4}


def over_sellable_qty(batch: OrderBatch, book: AccountBook, moment: Moment) -> BoolArray:
    """A sell of more shares than may be sold now."""
    return ~batch.is_buy & (batch.qty > batch.sellable_qty)


def sellable_qty_detail(
    batch: OrderBatch, book: AccountBook, moment: Moment, i: int
) -> dict[str, int]:
    """Return what may be sold (never below 0)."""
    return {"sellable_qty": max(0, int(batch.sellable_qty[i]))}


def _free_e4(batch: OrderBatch, book: AccountBook) -> I64:
    accounts, row = book.accounts, batch.account_row
    free_e4: I64 = accounts.cash_e4[row] - accounts.frozen_e4[row]
    return free_e4
