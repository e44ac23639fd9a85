"""What has happened: one NamedTuple per fact, the only thing that changes the book.

An event carries its consequences in figures (cash frozen, fees of this fill), so that applying it
needs no rule: a rule may change between releases, a recorded event does not. `at_ns` is the
gateway's wall clock (Unix ns). New fields go to the end with a default.
Not here: wishes (risk.domain.commands), alerts, statements, PINs and calls (service_events).
"""

from typing import NamedTuple

from risk.domain.enums import (
    Board,
    Channel,
    KillScope,
    ListingStatus,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from risk.domain.reasons import ReasonCode
from risk.domain.service_events import SERVICE_EVENT_TYPES, ServiceEvent


class AccountOpened(NamedTuple):
    """A cash account exists."""

    at_ns: int
    account_no: str
    branch_code: str


class InstrumentListed(NamedTuple):
    """An instrument has this static data from now on."""

    at_ns: int
    symbol: str
    board: Board
    name_zh: str
    name_en: str
    prev_close_e4: int
    status: ListingStatus
    is_t0: bool
    is_halted: bool
    initials: str = ""


class CashMoved(NamedTuple):
    """Cash came in, or left when negative. A withdrawal takes settled cash only."""

    at_ns: int
    account_no: str
    amount_e4: int
    reason: str


class SharesMoved(NamedTuple):
    """Shares came in sellable, or left when negative."""

    at_ns: int
    account_no: str
    symbol: str
    qty: int
    cost_e4: int


class DayStarted(NamedTuple):
    """A trading day (yyyymmdd) began: T+1 shares and sale proceeds are released."""

    at_ns: int
    day: int


class OrderAccepted(NamedTuple):
    """We accepted an order: the reservation is made and it will be routed.

    `reserved_e4` is the cash frozen for a buy (notional and highest fees), 0 for a sell, which
    reserves `qty` sellable shares instead. `order_no` is the number spoken to the customer.
    """

    at_ns: int
    request_id: str
    cl_ord_id: str
    order_no: int
    account_no: str
    symbol: str
    side: Side
    qty: int
    price_e4: int
    ord_type: OrdType
    time_in_force: TimeInForce
    reserved_e4: int
    channel: Channel
    branch_code: str
    trace_id: str
    entered_ns: int
    rules_version: str
    account_paced_ns: int = 0  # the account's pace is used up to then (risk.checks.pace)
    branch_paced_ns: int = 0


class OrderDenied(NamedTuple):
    """We said no. `reason` is the first broken rule, `broken` the bits of all of them.

    Bit i of `broken` is the i-th check of the rule list in force. `detail` holds the figures
    that the reason's text names (for example limit_up_e4).
    """

    at_ns: int
    request_id: str
    account_no: str
    symbol: str
    side: int  # as asked: may be no Side
    qty: int
    price_e4: int
    channel: Channel
    branch_code: str
    trace_id: str
    reason: ReasonCode
    broken: int
    detail: dict[str, int]
    rules_version: str


class CancelRequested(NamedTuple):
    """We accepted a cancel request; `cl_ord_id` is the request's own ClOrdID(11)."""

    at_ns: int
    request_id: str
    cl_ord_id: str
    orig_cl_ord_id: str
    account_no: str
    channel: Channel
    branch_code: str
    trace_id: str
    account_paced_ns: int = 0
    branch_paced_ns: int = 0


class CancelDenied(NamedTuple):
    """We would not ask the venue to cancel."""

    at_ns: int
    request_id: str
    orig_cl_ord_id: str
    account_no: str
    channel: Channel
    reason: ReasonCode
    detail: dict[str, int]


class OrderRouted(NamedTuple):
    """Messages left on a FIX session. Its absence means "ask", never "send again"."""

    at_ns: int
    cl_ord_id: str
    fix_session: str
    sent_ns: int
    poss_resend: bool
    more_cl_ord_ids: tuple[str, ...] = ()  # sent in the same turn


class OrderOpened(NamedTuple):
    """The venue has the order (ExecType(150)=0 or A)."""

    at_ns: int
    cl_ord_id: str
    account_no: str
    order_id: str
    exec_id: str
    ord_status: OrdStatus
    fix_session: str
    msg_seq_num: int


class Filled(NamedTuple):
    """A trade. Cash and fee figures are this fill's, rounded on the order's running total.

    Buy: cash falls by last_qty * last_px_e4 + fees and `unfrozen_e4` of the reservation is
    released. Sell: cash rises by last_qty * last_px_e4 - fees, `unfrozen_e4` is 0.
    `exec_id` begins with "status." when a status answer told of fills whose own reports are
    missing: `last_px_e4` is then their average.
    """

    at_ns: int
    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    order_id: str
    exec_id: str
    last_qty: int
    last_px_e4: int
    cum_qty: int
    leaves_qty: int
    ord_status: OrdStatus
    commission_e4: int
    stamp_duty_e4: int
    transfer_fee_e4: int
    unfrozen_e4: int
    fix_session: str
    msg_seq_num: int
    transact_ns: int
    order_no: int
    channel: Channel
    sellable_qty: int = 0  # bought shares that may be sold today (T+0)


class FillBusted(NamedTuple):
    """The venue took a trade back (ExecType(150)=H); all figures are reversed."""

    at_ns: int
    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    exec_id: str
    exec_ref_id: str
    last_qty: int
    last_px_e4: int
    cum_qty: int
    leaves_qty: int
    ord_status: OrdStatus
    commission_e4: int
    stamp_duty_e4: int
    transfer_fee_e4: int
    frozen_e4: int
    fix_session: str
    msg_seq_num: int
    order_no: int


class OrderCanceled(NamedTuple):
    """What was left is cancelled; cash or shares are released."""

    at_ns: int
    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    cum_qty: int
    canceled_qty: int
    unfrozen_e4: int
    order_id: str
    exec_id: str
    text: str
    fix_session: str
    msg_seq_num: int
    order_no: int
    channel: Channel
    is_expired: bool = False  # ended by the venue at the close (ExecType 3 or C), not by a request


class OrderRejected(NamedTuple):
    """The venue said no to the order; everything reserved is released."""

    at_ns: int
    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    qty: int
    price_e4: int
    unfrozen_e4: int
    ord_rej_reason: int
    text: str
    fix_session: str
    msg_seq_num: int
    order_no: int
    channel: Channel


class CancelRejected(NamedTuple):
    """The venue would not cancel; the order lives on as the venue says."""

    at_ns: int
    cl_ord_id: str
    orig_cl_ord_id: str
    account_no: str
    cxl_rej_reason: int
    text: str
    fix_session: str
    msg_seq_num: int
    order_no: int
    channel: Channel


class StatusNoted(NamedTuple):
    """The venue told a state that moves no money (pending, suspended, restated, status answer)."""

    at_ns: int
    cl_ord_id: str
    account_no: str
    ord_status: OrdStatus
    text: str
    fix_session: str
    msg_seq_num: int


class InboundIgnored(NamedTuple):
    """An inbound message changed nothing: repeated, unknown order, impossible for its state.

    `why` is a stable word: duplicate_exec_id, unknown_order, closed_order, overfill, no_effect,
    already_counted (a status answer had told the quantity), mismatch (another symbol or side),
    unknown_exec_ref_id (bust of a fill we do not have), unknown_at_venue (a status answer: the
    venue has no such order), resent_order (a refusal of a message that was sent again).
    """

    at_ns: int
    fix_session: str
    msg_seq_num: int
    cl_ord_id: str
    exec_id: str
    why: str


class KillSwitchSet(NamedTuple):
    """New orders of a scope are stopped, or released."""

    at_ns: int
    scope: KillScope
    key: str
    is_on: bool
    by: str
    reason: str


class CommandDenied(NamedTuple):
    """A command other than an order or cancel could not be carried out."""

    at_ns: int
    request_id: str
    reason: ReasonCode
    detail: dict[str, int]


class FingerprintTaken(NamedTuple):
    """The book's fingerprint after all earlier events; replay must find the same.

    `schema` is that of the book it was taken of: a later release compares what that one held.
    """

    at_ns: int
    fingerprint: bytes
    schema: int = 1


Event = (
    AccountOpened
    | InstrumentListed
    | CashMoved
    | SharesMoved
    | DayStarted
    | OrderAccepted
    | OrderDenied
    | CancelRequested
    | CancelDenied
    | OrderRouted
    | OrderOpened
    | Filled
    | FillBusted
    | OrderCanceled
    | OrderRejected
    | CancelRejected
    | StatusNoted
    | InboundIgnored
    | KillSwitchSet
    | CommandDenied
    | FingerprintTaken
    | ServiceEvent
)

# Stable numbers for the journal; a number is never used again.
EVENT_TYPES: dict[int, type[Event]] = {
    1: AccountOpened,
    2: InstrumentListed,
    3: CashMoved,
    4: SharesMoved,
    5: DayStarted,
    6: OrderAccepted,
    7: OrderDenied,
    8: CancelRequested,
    9: CancelDenied,
    10: OrderRouted,
    11: OrderOpened,
    12: Filled,
    13: FillBusted,
    14: OrderCanceled,
    15: OrderRejected,
    16: CancelRejected,
    17: StatusNoted,
    18: InboundIgnored,
    19: KillSwitchSet,
    20: CommandDenied,
    21: FingerprintTaken,
    **SERVICE_EVENT_TYPES,
}
