"""What may be asked of the heart: one NamedTuple per wish.

Every command has a `request_id`, chosen by the caller, that makes asking again harmless. Commands
are checked for shape at the door and are recorded in the journal beside the events they caused.
New fields go to the end with a default: that is the whole versioning rule (docs/decisions).
Not here: what was decided (risk.domain.events).
"""

from typing import NamedTuple

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


class OpenAccount(NamedTuple):
    """Open a cash account that belongs to a branch."""

    request_id: str
    account_no: str
    branch_code: str


class ListInstrument(NamedTuple):
    """Add an instrument, or give an existing one the static data of a new day."""

    request_id: str
    symbol: str
    board: Board
    name_zh: str
    name_en: str
    prev_close_e4: int
    status: ListingStatus = ListingStatus.NORMAL
    is_t0: bool = False
    is_halted: bool = False
    initials: str = ""


class MoveCash(NamedTuple):
    """Add cash to an account, or take it out when negative."""

    request_id: str
    account_no: str
    amount_e4: int
    reason: str = ""


class MoveShares(NamedTuple):
    """Add shares that are sellable at once (transfer in), or take them out when negative."""

    request_id: str
    account_no: str
    symbol: str
    qty: int
    cost_e4: int = 0


class StartDay(NamedTuple):
    """Roll to a trading day: bought shares become sellable, old orders end, numbers restart.

    `day` is yyyymmdd.
    """

    request_id: str
    day: int


class SubmitOrder(NamedTuple):
    """Buy or sell. `branch_code` is the door's branch (empty when it came by none)."""

    request_id: str
    account_no: str
    symbol: str
    side: Side
    qty: int
    price_e4: int
    channel: Channel
    ord_type: OrdType = OrdType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    branch_code: str = ""
    trace_id: str = ""  # call_no of a phone call, request or frame id elsewhere
    entered_ns: int = 0  # when the confirming key, request or frame reached the door


class CancelOrder(NamedTuple):
    """Cancel what is left of an order. `cl_ord_id` is the order's own ClOrdID(11)."""

    request_id: str
    account_no: str
    cl_ord_id: str
    channel: Channel
    branch_code: str = ""
    trace_id: str = ""
    entered_ns: int = 0


class RecordRouted(NamedTuple):
    """The FIX edge handed messages for these orders and cancel requests to the session."""

    request_id: str
    cl_ord_id: str
    fix_session: str
    sent_ns: int
    poss_resend: bool = False
    more_cl_ord_ids: tuple[str, ...] = ()  # sent in the same turn


class RecordExecution(NamedTuple):
    """One ExecutionReport(8) in our words, with the place it had on its FIX session.

    For a report about a cancel request `cl_ord_id` is ClOrdID(11) of the request and
    `orig_cl_ord_id` OrigClOrdID(41) of the order.
    """

    request_id: str  # fix_session and msg_seq_num
    fix_session: str
    msg_seq_num: int  # MsgSeqNum(34)
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    symbol: str
    side: Side
    last_qty: int = 0
    last_px_e4: int = 0
    cum_qty: int = 0
    leaves_qty: int = 0
    exec_ref_id: str = ""  # ExecRefID(19) of a bust or correction
    ord_rej_reason: int = 0  # OrdRejReason(103)
    text: str = ""
    transact_ns: int = 0
    poss_dup: bool = False
    poss_resend: bool = False
    avg_px_e4: int = 0  # AvgPx(6), rounded; 0 when the report has none


class RecordCancelReject(NamedTuple):
    """One OrderCancelReject(9): the venue would not cancel."""

    request_id: str
    fix_session: str
    msg_seq_num: int
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    ord_status: OrdStatus
    cxl_rej_reason: int = 0  # CxlRejReason(102)
    text: str = ""
    transact_ns: int = 0


class RecordRefusal(NamedTuple):
    """BusinessMessageReject(j) or session Reject(3) for a message of ours."""

    request_id: str
    fix_session: str
    msg_seq_num: int
    ref_msg_type: str  # RefMsgType(372)
    ref_cl_ord_id: str  # the order or cancel request it was about, empty when unknown
    reason: int = 0  # BusinessRejectReason(380) or SessionRejectReason(373)
    text: str = ""


class RecordInbound(NamedTuple):
    """An inbound FIX number without effect on the book (admin, market data): only its place."""

    request_id: str
    fix_session: str
    msg_seq_num: int


class SetKillSwitch(NamedTuple):
    """Stop or release new orders of the firm, a branch, an account or an instrument."""

    request_id: str
    scope: KillScope
    key: str  # branch_code, account_no or symbol; empty for the firm
    is_on: bool
    by: str
    reason: str


class TakeFingerprint(NamedTuple):
    """Write the book's fingerprint into the journal, for replay to compare."""

    request_id: str


class SetAlert(NamedTuple):
    """Tell the customer once a price reaches the threshold; a repeating alert arms itself again."""

    request_id: str
    account_no: str
    symbol: str  # of a security or an index
    kind: AlertKind
    threshold_e4: int
    channel: Channel
    is_repeating: bool = False
    branch_code: str = ""
    trace_id: str = ""
    entered_ns: int = 0


class RemoveAlert(NamedTuple):
    """Forget a price alert."""

    request_id: str
    account_no: str
    alert_no: int
    channel: Channel
    branch_code: str = ""
    trace_id: str = ""
    entered_ns: int = 0


class FireAlert(NamedTuple):
    """A price reached the threshold of an armed alert; `tick_ns` is when we received it."""

    request_id: str
    account_no: str
    alert_no: int
    last_px_e4: int
    tick_ns: int


class RearmAlert(NamedTuple):
    """A price went back far enough for a repeating alert to wait for its threshold again."""

    request_id: str
    account_no: str
    alert_no: int
    last_px_e4: int
    tick_ns: int


class RequestStatement(NamedTuple):
    """Send a statement of the account to the registered contact, by SMS or mail."""

    request_id: str
    account_no: str
    form: StatementForm
    channel: Channel
    branch_code: str = ""
    trace_id: str = ""
    entered_ns: int = 0


class RecordPinChange(NamedTuple):
    """The customer's telephone PIN is another one since `changed_ns`: the customer is told."""

    request_id: str
    account_no: str
    channel: Channel
    changed_ns: int
    trace_id: str = ""


class RecordCall(NamedTuple):
    """A phone call is over and its record is on disk: bind both into the journal's chain."""

    request_id: str
    call_no: str
    account_no: str  # whose PIN was right, empty when nobody's was
    ani: str
    dnis: str
    record_sha256: str  # hexadecimal, of the record as it was stored
    recording_sha256: str = ""  # of the sound file, empty when there is none


Command = (
    OpenAccount
    | ListInstrument
    | MoveCash
    | MoveShares
    | StartDay
    | SubmitOrder
    | CancelOrder
    | RecordRouted
    | RecordExecution
    | RecordCancelReject
    | RecordRefusal
    | RecordInbound
    | SetKillSwitch
    | TakeFingerprint
    | RecordCall
    | SetAlert
    | RemoveAlert
    | FireAlert
    | RearmAlert
    | RequestStatement
    | RecordPinChange
)

# Stable numbers for the journal; a number is never used again.
COMMAND_TYPES: dict[int, type[Command]] = {
    1: OpenAccount,
    2: ListInstrument,
    3: MoveCash,
    4: MoveShares,
    5: StartDay,
    6: SubmitOrder,
    7: CancelOrder,
    8: RecordRouted,
    9: RecordExecution,
    10: RecordCancelReject,
    11: RecordRefusal,
    12: RecordInbound,
    13: SetKillSwitch,
    14: TakeFingerprint,
    15: SetAlert,
    16: RemoveAlert,
    17: FireAlert,
    18: RearmAlert,
    19: RequestStatement,
    20: RecordPinChange,
    30: RecordCall,
}
