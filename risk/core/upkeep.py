"""What the other commands lead to: accounts, listings, cash, shares, days, switches, places.

Not here: orders and cancels (risk.core.orders), what venues say (risk.core.reports).
"""

from collections.abc import Iterator

from risk.book.account_book import SCHEMA, AccountBook, OrderPlace
from risk.checks.moment import day_of
from risk.core.endings import ignored, order_canceled
from risk.domain import commands as c
from risk.domain import events as e
from risk.domain.enums import Board, Channel, KillScope, ListingStatus
from risk.domain.fixedpoint import MONEY_E4_MAX, PRICE_E4_MAX, QTY_MAX
from risk.domain.instrument import INDEX_BOARDS
from risk.domain.reasons import ReasonCode
from risk.domain.service_events import CallRecorded, PinChanged

_Denial = e.CommandDenied


def open_account(book: AccountBook, command: c.OpenAccount, at_ns: int) -> Iterator[e.Event]:
    """An account number is used once."""
    if book.accounts.row_of(command.account_no):
        yield _denied(command, at_ns, ReasonCode.ACCOUNT_EXISTS)
    else:
        yield e.AccountOpened(at_ns, command.account_no, command.branch_code)


def list_instrument(book: AccountBook, command: c.ListInstrument, at_ns: int) -> Iterator[e.Event]:
    """A listing needs a previous close, the base of its price limits."""
    if command.prev_close_e4 <= 0:
        yield _denied(command, at_ns, ReasonCode.PRICE_NOT_POSITIVE)
    elif command.prev_close_e4 > PRICE_E4_MAX:
        yield _denied(command, at_ns, ReasonCode.PRICE_TOO_LARGE)
    else:
        yield e.InstrumentListed(
            at_ns,
            command.symbol,
            Board(command.board),
            command.name_zh,
            command.name_en,
            command.prev_close_e4,
            ListingStatus(command.status),
            command.is_t0,
            command.is_halted,
            command.initials,
        )


def move_cash(book: AccountBook, command: c.MoveCash, at_ns: int) -> Iterator[e.Event]:
    """Cash leaves only when it is settled and free."""
    row, amount_e4 = book.accounts.row_of(command.account_no), command.amount_e4
    withdrawable_e4 = book.accounts.withdrawable_e4(row)
    if not row:
        yield _denied(command, at_ns, ReasonCode.ACCOUNT_UNKNOWN)
    elif amount_e4 < 0 and -amount_e4 > withdrawable_e4:
        detail = {"withdrawable_e4": withdrawable_e4}
        yield _denied(command, at_ns, ReasonCode.WITHDRAWABLE_CASH, detail)
    elif book.accounts.at.cash_e4[row] + amount_e4 > MONEY_E4_MAX // 2:
        yield _denied(command, at_ns, ReasonCode.AMOUNT_TOO_LARGE)
    else:
        yield e.CashMoved(at_ns, command.account_no, amount_e4, command.reason)


def move_shares(book: AccountBook, command: c.MoveShares, at_ns: int) -> Iterator[e.Event]:
    """Shares leave only when they are sellable, and take their part of the cost along."""
    account_row = book.accounts.row_of(command.account_no)
    instrument_row = book.instruments.row_of(command.symbol)
    row = book.positions.row_of(account_row, instrument_row)
    at, qty = book.positions.at, command.qty
    cost_e4 = command.cost_e4
    if not account_row:
        yield _denied(command, at_ns, ReasonCode.ACCOUNT_UNKNOWN)
    elif not instrument_row or book.instruments.at.board[instrument_row] in INDEX_BOARDS:
        yield _denied(command, at_ns, ReasonCode.SYMBOL_UNKNOWN)
    elif abs(qty) > QTY_MAX:
        yield _denied(command, at_ns, ReasonCode.QTY_TOO_LARGE)
    elif not 0 <= cost_e4 <= MONEY_E4_MAX // 2 - at.cost_e4[row]:
        yield _denied(command, at_ns, ReasonCode.AMOUNT_TOO_LARGE)
    elif qty < 0 and -qty > at.sellable_qty[row]:
        detail = {"sellable_qty": max(0, at.sellable_qty[row])}
        yield _denied(command, at_ns, ReasonCode.SELLABLE_QTY, detail)
    else:
        if qty < 0:
            cost_e4 = -(at.cost_e4[row] * -qty // at.qty[row])
        yield e.SharesMoved(at_ns, command.account_no, command.symbol, qty, cost_e4)


def start_day(book: AccountBook, command: c.StartDay, at_ns: int) -> Iterator[e.Event]:
    """Begin a later day; then end what the venues left open on the day before."""
    try:
        day_of(command.day)
    except ValueError:
        is_later = False
    else:
        is_later = command.day > book.day
    if not is_later:
        yield _denied(command, at_ns, ReasonCode.DAY_NOT_LATER, {"day": book.day})
        return
    yield e.DayStarted(at_ns, command.day)
    orders = book.orders_before
    for row in orders.open_rows():
        place = OrderPlace(orders, row, is_cancel=False)
        yield order_canceled(book, place, at_ns, is_expired=True)


def record_routed(book: AccountBook, command: c.RecordRouted, at_ns: int) -> Iterator[e.Event]:
    """Remember which messages of ours went out."""
    sent = (command.cl_ord_id, *command.more_cl_ord_ids)
    known = tuple(cl_ord_id for cl_ord_id in sent if book.find_order(cl_ord_id) is not None)
    if known:
        session, sent_ns, poss_resend = command[2:5]
        yield e.OrderRouted(at_ns, known[0], session, sent_ns, poss_resend, known[1:])
    if len(known) < len(sent):
        yield _denied(command, at_ns, ReasonCode.ORDER_UNKNOWN)


def record_inbound(book: AccountBook, command: c.RecordInbound, at_ns: int) -> Iterator[e.Event]:
    """Remember the place of a message without effect."""
    yield ignored(at_ns, command, "no_effect")


def set_kill_switch(book: AccountBook, command: c.SetKillSwitch, at_ns: int) -> Iterator[e.Event]:
    """Set a switch of something that exists; a branch exists once it is named."""
    scope = KillScope(command.scope)
    if scope == KillScope.ACCOUNT and not book.accounts.row_of(command.key):
        yield _denied(command, at_ns, ReasonCode.ACCOUNT_UNKNOWN)
    elif scope == KillScope.INSTRUMENT and not book.instruments.row_of(command.key):
        yield _denied(command, at_ns, ReasonCode.SYMBOL_UNKNOWN)
    else:
        yield e.KillSwitchSet(at_ns, scope, command.key, command.is_on, command.by, command.reason)


def take_fingerprint(
    book: AccountBook, command: c.TakeFingerprint, at_ns: int
) -> Iterator[e.Event]:
    """Write the fingerprint down."""
    yield e.FingerprintTaken(at_ns, book.fingerprint(), SCHEMA)


def record_call(book: AccountBook, command: c.RecordCall, at_ns: int) -> Iterator[e.Event]:
    """Write the digests down; the account may be one that nobody has."""
    yield CallRecorded(at_ns, *command[1:])


def record_pin_change(
    book: AccountBook, command: c.RecordPinChange, at_ns: int
) -> Iterator[e.Event]:
    """Write it down, so that the customer is told."""
    yield PinChanged(at_ns, *command[:2], Channel(command.channel), *command[3:])


def _denied(
    command: c.Command, at_ns: int, reason: ReasonCode, detail: dict[str, int] | None = None
) -> e.CommandDenied:
    return e.CommandDenied(at_ns, command.request_id, reason, detail or {})
