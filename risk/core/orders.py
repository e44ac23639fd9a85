"""What a submitted order or cancel request leads to.

Not here: the checks (risk.checks), the venue's answers (risk.core.reports), other commands
(risk.core.upkeep).
"""

from collections.abc import Callable, Sequence
from typing import Final

from risk.book.account_book import AccountBook
from risk.book.columns import NOBODY
from risk.checks.batch import order_batch
from risk.checks.check import run
from risk.checks.moment import Moment
from risk.checks.pace import after_token_ns, is_too_fast
from risk.checks.rulesets import CHECKS, FORM_CHECKS, PACE_BRANCH_BIT, RULE_CHECKS
from risk.core.members import SIDE
from risk.domain.commands import CancelOrder, SubmitOrder
from risk.domain.enums import Channel, OrdType, TimeInForce
from risk.domain.events import CancelDenied, CancelRequested, OrderAccepted, OrderDenied
from risk.domain.reasons import ReasonCode

OrderOutcome = OrderAccepted | OrderDenied
_LIMIT: Final = OrdType.LIMIT
_DAY: Final = TimeInForce.DAY


def decide_orders(
    book: AccountBook, moment: Moment, orders: Sequence[SubmitOrder], account_rows: Sequence[int]
) -> Callable[[int], OrderOutcome]:
    """Check orders of different accounts against the book as it stands.

    The function returned makes the outcome of order `i`. It is to be called in the order of the
    commands, each outcome applied before the next call: numbers and the branch's pace are shared.
    """
    batch = order_batch(book, moment, orders, account_rows)
    verdict = run(FORM_CHECKS, RULE_CHECKS, batch, book, moment)
    need_e4 = batch.need_e4.tolist()
    is_clean, first, bits = verdict

    def outcome(i: int) -> OrderOutcome:
        if is_clean or first[i] < 0:
            return _accepted(book, moment, orders[i], account_rows[i], need_e4[i])
        check = CHECKS[first[i]]
        detail = check.detail(batch, book, moment, i)
        return _denied(moment, orders[i], check.reason, bits[i], detail)

    return outcome


def _accepted(
    book: AccountBook, moment: Moment, order: SubmitOrder, account_row: int, need_e4: int
) -> OrderOutcome:
    now_ns, branch_pace = moment.now_ns, moment.branch_pace
    accounts = book.accounts.at
    branch_until_ns = book.branches.at.paced_until_ns[accounts.branch_row[account_row]]
    if is_too_fast(branch_until_ns, branch_pace):
        detail = {"per_s": branch_pace.per_s}
        return _denied(moment, order, ReasonCode.PACE_BRANCH, 1 << PACE_BRANCH_BIT, detail)
    number = book.orders.next_number
    return OrderAccepted(
        now_ns,
        order.request_id,
        book.orders.cl_ord_id(number),
        number,
        order.account_no,
        order.symbol,
        SIDE[order.side],
        order.qty,
        order.price_e4,
        _LIMIT,
        _DAY,
        need_e4,
        order.channel,
        order.branch_code,
        order.trace_id,
        order.entered_ns,
        moment.version,
        after_token_ns(accounts.paced_until_ns[account_row], now_ns, moment.account_pace),
        after_token_ns(branch_until_ns, now_ns, branch_pace),
    )


def _denied(
    moment: Moment, order: SubmitOrder, reason: ReasonCode, broken: int, detail: dict[str, int]
) -> OrderDenied:
    return OrderDenied(
        moment.now_ns,
        order.request_id,
        order.account_no,
        order.symbol,
        order.side,
        order.qty,
        order.price_e4,
        order.channel,
        order.branch_code,
        order.trace_id,
        reason,
        broken,
        detail,
        moment.version,
    )


def decide_cancel(
    book: AccountBook, moment: Moment, command: CancelOrder
) -> CancelRequested | CancelDenied:
    """Return whether the venue will be asked to cancel what is left of an order."""
    account_row = book.accounts.row_of(command.account_no)
    place = book.find_order(command.cl_ord_id)
    now_ns = moment.now_ns

    def denied(reason: ReasonCode, detail: dict[str, int] | None = None) -> CancelDenied:
        return CancelDenied(
            now_ns,
            command.request_id,
            command.cl_ord_id,
            command.account_no,
            Channel(command.channel),
            reason,
            detail or {},
        )

    if account_row == NOBODY:
        return denied(ReasonCode.ACCOUNT_UNKNOWN)
    branch_row = book.accounts.at.branch_row[account_row]
    if command.branch_code and book.branches.rows.get(command.branch_code) != branch_row:
        return denied(ReasonCode.NOT_YOUR_ACCOUNT)
    if place is None or place.is_cancel or place.orders.at.account_row[place.row] != account_row:
        return denied(ReasonCode.ORDER_UNKNOWN)
    own, row = place.orders.at, place.row
    if not own.leaves_qty[row]:
        return denied(ReasonCode.ORDER_CLOSED)
    if own.cancel_no[row]:
        return denied(ReasonCode.CANCEL_PENDING)
    board = book.instruments.at.board[own.instrument_row[row]]
    if not moment.may_cancel[board]:
        return denied(ReasonCode.CANCEL_FORBIDDEN_NOW)
    account_until_ns = book.accounts.at.paced_until_ns[account_row]
    if is_too_fast(account_until_ns, moment.account_pace):
        return denied(ReasonCode.PACE_ACCOUNT, {"per_s": moment.account_pace.per_s})
    branch_until_ns = book.branches.at.paced_until_ns[branch_row]
    if is_too_fast(branch_until_ns, moment.branch_pace):
        return denied(ReasonCode.PACE_BRANCH, {"per_s": moment.branch_pace.per_s})
    return CancelRequested(
        now_ns,
        command.request_id,
        book.orders.cl_ord_id(book.orders.next_number),
        command.cl_ord_id,
        command.account_no,
        Channel(command.channel),
        command.branch_code,
        command.trace_id,
        after_token_ns(account_until_ns, now_ns, moment.account_pace),
        after_token_ns(branch_until_ns, now_ns, moment.branch_pace),
    )
