"""The branch wire: every message, its fields and limits; version 1.

A message is one msgpack map with a `type`. Nothing is ignored: an unknown field is an error. A new
field gets a default, and WIRE_VERSION grows when an older branch could misread a message.
docs/reference/wire.md is made from this file (wire_reference). Not here: frames (frames), and what
follows what (protocol).
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

WIRE_VERSION: Final = 1
NUMBER_MAX: Final = 2**53 - 1
ORDERS_MAX: Final = 500
TEXT_CHARS_MAX: Final = 256

ClientSeq = Annotated[
    int,
    Meta(
        ge=1,
        le=NUMBER_MAX,
        description="Number of the request, chosen by the branch and used once a day. The same "
        "number with the same content is the same request: it is answered with its first outcome.",
    ),
]
QueryNo = Annotated[
    int, Meta(ge=0, le=NUMBER_MAX, description="Number that comes back with the answer.")
]
Day = Annotated[
    int, Meta(ge=20_000_101, le=29_991_231, description="Trading day of client_seq, yyyymmdd.")
]
EventSeq = Annotated[
    int, Meta(ge=0, le=NUMBER_MAX, description="Place of an event in the gateway's journal.")
]
AccountNo = Annotated[str, Meta(pattern=r"^[0-9]{4,12}\Z", description="Account, 4-12 digits.")]
Symbol = Annotated[str, Meta(pattern=r"^[0-9]{6}\Z", description="Security code, six digits.")]
BranchCode = Annotated[str, Meta(pattern=r"^[0-9]{5}\Z", description="Branch, five digits.")]
ClOrdID = Annotated[str, Meta(pattern=r"^[0-9]{12,20}\Z", description="ClOrdID(11) of ours.")]
Side = Annotated[Literal[1, 2], Meta(description="Side(54): 1 buy, 2 sell.")]
Qty = Annotated[int, Meta(ge=0, le=10**12, description="Shares.")]
Price = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?\Z",
        description="Decimal text with at most four decimals, 10.05.",
    ),
]
Money = Annotated[str, Meta(description="Decimal text, may be negative.")]
Status = Annotated[str, Meta(description="OrdStatus(39), one character; A is pending new.")]
TraceID = Annotated[
    str, Meta(pattern=r"^[!-~]{0,64}\Z", description="The branch's own mark, kept in the records.")
]
AtNs = Annotated[int, Meta(description="Gateway's clock, Unix time in ns.")]
OrderNo = Annotated[int, Meta(description="Order number of the day, as told to the customer.")]
Reason = Annotated[int, Meta(description="Stable number of the reason (reasons.md).")]
Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX, description="Words for people.")]


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What all messages have in common."""


class Hello(_Message, frozen=True, tag="hello"):
    """First message of a branch: who it is and which events it has seen."""

    version: Annotated[int, Meta(description="Wire version the branch speaks.")]
    branch_code: BranchCode
    last_event_seq: EventSeq = 0  # newest event the branch has seen; 0 asks for none


class Order(_Message, frozen=True, tag="order"):
    """A limit order for the day."""

    day: Day
    client_seq: ClientSeq
    account_no: AccountNo
    symbol: Symbol
    side: Side
    qty: Qty
    price: Price
    trace_id: TraceID = ""


class Cancel(_Message, frozen=True, tag="cancel"):
    """Asks to cancel what is left of an order."""

    day: Day
    client_seq: ClientSeq
    account_no: AccountNo
    cl_ord_id: ClOrdID
    trace_id: TraceID = ""


class Orders(_Message, frozen=True, tag="orders"):
    """Asks for an account's orders of the day, newest first."""

    query_no: QueryNo
    account_no: AccountNo
    limit: Annotated[int, Meta(ge=1, le=ORDERS_MAX, description="How many at most.")] = 100


class Positions(_Message, frozen=True, tag="positions"):
    """Asks for an account's holdings."""

    query_no: QueryNo
    account_no: AccountNo


class Cash(_Message, frozen=True, tag="cash"):
    """Asks for an account's cash."""

    query_no: QueryNo
    account_no: AccountNo


class Quote(_Message, frozen=True, tag="quote"):
    """Asks for the latest prices of a security."""

    query_no: QueryNo
    symbol: Symbol


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """Says that the sender is alive; from either side after a silence."""


class Welcome(_Message, frozen=True, tag="welcome"):
    """Answers hello: the door is open."""

    version: Annotated[int, Meta(description="Wire version of the gateway.")]
    branch_code: BranchCode
    day: Annotated[int, Meta(description="Trading day now, yyyymmdd; 0 before the first.")]
    last_event_seq: EventSeq
    has_missed_events: Annotated[
        bool, Meta(description="Events after hello's last_event_seq are gone: ask for orders.")
    ]
    heartbeat_s: Annotated[int, Meta(description="Silence after which a heartbeat is due.")]


class Refused(_Message, frozen=True, tag="refused"):
    """Last message before the gateway closes the connection."""

    code: Annotated[str, Meta(description="Stable word, see below.")]
    text: Text


class Accepted(_Message, frozen=True, tag="accepted"):
    """The order is accepted and durable; it goes to the venue."""

    client_seq: ClientSeq
    cl_ord_id: ClOrdID
    order_no: OrderNo
    at_ns: AtNs


class CancelTaken(_Message, frozen=True, tag="cancel_taken"):
    """The cancel request is durable; the venue decides, the outcome is pushed."""

    client_seq: ClientSeq
    cl_ord_id: ClOrdID
    orig_cl_ord_id: ClOrdID
    at_ns: AtNs


class Denied(_Message, frozen=True, tag="denied"):
    """The gateway says no to an order or cancel request; this is final for its client_seq."""

    client_seq: ClientSeq
    reason: Reason
    name: Annotated[str, Meta(description="Name of the reason.")]
    text_zh: Text
    text_en: Text
    figures: Annotated[dict[str, int], Meta(description="The reason's figures; _e4 is 1/10,000.")]


class Failed(_Message, frozen=True, tag="failed"):
    """No outcome now. With is_unknown ask again with the same client_seq, else it was not taken."""

    client_seq: ClientSeq
    is_unknown: bool
    code: Annotated[str, Meta(description="Stable word of the failure.")]
    text: Text


class Invalid(_Message, frozen=True, tag="invalid"):
    """A request that is none: a field is wrong or unknown. It was not taken."""

    client_seq: Annotated[int, Meta(description="As sent, 0 when it had none.")]
    query_no: Annotated[int, Meta(description="As sent, 0 when it had none.")]
    text: Text


class OrderRow(_Message, frozen=True):
    """One order."""

    cl_ord_id: ClOrdID
    order_no: OrderNo
    symbol: Symbol
    side: Side
    ord_status: Status
    qty: Qty
    cum_qty: Qty
    leaves_qty: Qty
    price: Price
    accepted_ns: AtNs
    text: str


class OrderList(_Message, frozen=True, tag="order_list"):
    """Answers orders."""

    query_no: QueryNo
    account_no: AccountNo
    orders: list[OrderRow]


class PositionRow(_Message, frozen=True):
    """One holding."""

    symbol: Symbol
    qty: Qty
    sellable_qty: Qty
    frozen_qty: Qty
    cost: Money


class PositionList(_Message, frozen=True, tag="position_list"):
    """Answers positions."""

    query_no: QueryNo
    account_no: AccountNo
    positions: list[PositionRow]


class CashState(_Message, frozen=True, tag="cash_state"):
    """Answers cash."""

    query_no: QueryNo
    account_no: AccountNo
    cash: Money
    frozen: Money
    free: Annotated[str, Meta(description="May be used to buy, decimal text.")]
    withdrawable: Money


class QuoteState(_Message, frozen=True, tag="quote_state"):
    """Answers quote; a price of 0.00 is none."""

    query_no: QueryNo
    symbol: Symbol
    last: Price
    bid: Price
    ask: Price
    at_ns: AtNs


class QueryDenied(_Message, frozen=True, tag="query_denied"):
    """The question is not answered: not this branch's account, or no such thing."""

    query_no: QueryNo
    reason: Reason
    name: Annotated[str, Meta(description="Name of the reason.")]
    text_zh: Text
    text_en: Text


class OrderEvent(_Message, frozen=True, tag="order_event"):
    """Pushed: something happened to an order of one of the branch's accounts, by any door."""

    event_seq: EventSeq
    kind: Annotated[
        Literal[
            "accepted",
            "opened",
            "filled",
            "fill_busted",
            "cancel_requested",
            "canceled",
            "expired",
            "rejected",
            "cancel_rejected",
        ],
        Meta(description="What happened."),
    ]
    at_ns: AtNs
    account_no: AccountNo
    cl_ord_id: ClOrdID
    last_qty: Annotated[int, Meta(ge=0, description="Of a fill or its bust.")] = 0
    last_price: Annotated[str, Meta(description="Of a fill or its bust, decimal text.")] = "0.00"
    cum_qty: Annotated[int, Meta(ge=0, description="Filled so far, told with fills.")] = 0
    leaves_qty: Annotated[int, Meta(ge=0, description="Still open, told with fills.")] = 0
    text: Annotated[str, Meta(description="The venue's words.")] = ""


class DayStarted(_Message, frozen=True, tag="day_started"):
    """Pushed: a trading day began; client_seq may start again."""

    day: Day


Request = Order | Cancel | Orders | Positions | Cash | Quote | Heartbeat
Answer = (
    Welcome
    | Refused
    | Accepted
    | CancelTaken
    | Denied
    | Failed
    | Invalid
    | OrderList
    | PositionList
    | CashState
    | QuoteState
    | QueryDenied
    | OrderEvent
    | DayStarted
    | Heartbeat
)

REFUSALS: Final = {
    "branch.wrong_version": "the gateway speaks another wire version",
    "branch.wrong_certificate": "the certificate is not that of the branch in hello",
    "branch.hello_expected": "the first message must be hello",
    "branch.hello_late": "hello did not come in time",
    "branch.wire": "the bytes are no frame or no message: too long, or no msgpack map",
    "branch.too_many_invalid": "too many invalid requests on one connection",
    "branch.too_many_connections": "the branch has as many connections as it may",
    "branch.silent": "nothing came for three heartbeats",
    "branch.closing": "the gateway stops: connect again later",
}

# What decoding raises: text that is no UTF-8 and nesting without end are no DecodeError.
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
encode: Final = msgspec.msgpack.Encoder().encode
decode_hello: Final = msgspec.msgpack.Decoder(Hello).decode
decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_answer: Final = msgspec.msgpack.Decoder(Answer).decode
