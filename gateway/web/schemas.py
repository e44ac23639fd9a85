"""Bodies of requests and answers: the source of the OpenAPI document.

Prices and amounts are decimal text ("10.05"), never binary floats; times are RFC 3339 in China
(+08:00). What we take forbids unknown fields. A new field of a request needs a default.
Not here: stream messages (gateway.web.messages), problems (gateway.web.problems).
"""

from typing import Annotated, Literal

import msgspec

_Meta = msgspec.Meta

AccountNo = Annotated[
    str,
    _Meta(
        pattern="^[0-9]{4,12}$", max_length=12, description="4 to 12 digits", examples=["10000001"]
    ),
]
Symbol = Annotated[
    str,
    _Meta(pattern="^[0-9]{6}$", max_length=6, description="six digits", examples=["600519"]),
]
SideWord = Annotated[Literal["buy", "sell"], _Meta(description='"buy" or "sell"')]
Qty = Annotated[
    int,
    _Meta(ge=1, le=100_000_000, description="a whole number from 1 to 100000000", examples=[100]),
]
Price = Annotated[
    str,
    _Meta(
        pattern=r"^[0-9]{1,7}(\.[0-9]{1,4})?$",
        max_length=12,
        description="decimal text with at most 4 decimals, not a JSON number",
        examples=["10.05"],
    ),
]
Money = Annotated[
    str,
    _Meta(
        pattern=r"^-?[0-9]+\.[0-9]{2,4}$",
        description="yuan as decimal text",
        examples=["1234.50"],
    ),
]
ClOrdID = Annotated[
    str,
    _Meta(
        pattern="^[0-9]{12,15}$",
        max_length=15,
        description="ClOrdID(11): yymmdd and the day's number",
        examples=["261123000042"],
    ),
]
IdempotencyKey = Annotated[
    str,
    _Meta(
        pattern="^[!-~]{1,64}$",
        max_length=64,
        description="1 to 64 visible ASCII characters, new for each request",
        examples=["3f2c9a1e-0001"],
    ),
]
Moment = Annotated[
    str,
    _Meta(description="RFC 3339, China time", examples=["2026-11-23T09:31:05.123456+08:00"]),
]
OrdStatusWord = Literal[
    "new",
    "partially_filled",
    "filled",
    "done_for_day",
    "canceled",
    "replaced",
    "pending_cancel",
    "stopped",
    "rejected",
    "suspended",
    "pending_new",
    "calculated",
    "expired",
    "accepted_for_bidding",
    "pending_replace",
]


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked of us: closed."""


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """What we answer; a client ignores fields it does not know."""


class LogInRequest(Request):
    """Account and web password."""

    account_no: AccountNo
    password: Annotated[str, _Meta(max_length=128, description="at most 128 characters")]
    kind: Annotated[
        Literal["cookie", "bearer"],
        _Meta(description='"cookie" for a browser, "bearer" for a program'),
    ] = "cookie"


class LogInAnswer(Answer):
    """A login began. `token` is of a bearer login only, and shown once."""

    account_no: str
    kind: str
    expires_at: Moment
    csrf_token: str = ""
    token: str = ""


class MeAnswer(Answer):
    """Who is logged in. `csrf_token` is empty for a bearer login."""

    account_no: str
    name: str
    language: Literal["zh", "en"]
    branch_code: str
    kind: str
    expires_at: Moment
    csrf_token: str


class OrderRequest(Request):
    """Buy or sell."""

    symbol: Symbol
    side: SideWord
    qty: Qty
    price: Price
    ord_type: Annotated[Literal["limit"], _Meta(description='"limit"')] = "limit"
    time_in_force: Annotated[Literal["day"], _Meta(description='"day"')] = "day"


class AcceptedAnswer(Answer):
    """The order is checked, durable and on its way to the venue."""

    cl_ord_id: str
    order_no: int
    symbol: str
    side: str
    qty: int
    price: Price
    reserved: Money
    accepted_at: Moment
    trace_id: str


class CancelAnswer(Answer):
    """The cancel request is durable and on its way to the venue."""

    cl_ord_id: str
    orig_cl_ord_id: str
    requested_at: Moment
    trace_id: str


class PendingAnswer(Answer):
    """Not known yet: ask again with the same Idempotency-Key, or at `ask_again`."""

    ask_again: str
    trace_id: str


class OrderAnswer(Answer):
    """One order as it stands. `text` is what the venue said last."""

    cl_ord_id: str
    order_no: int
    symbol: str
    side: str
    ord_status: OrdStatusWord
    qty: int
    cum_qty: int
    leaves_qty: int
    price: Price
    avg_px: Money
    fees: Money
    reserved: Money
    channel: str
    accepted_at: Moment
    updated_at: Moment
    order_id: str
    text: str
    is_cancel_requested: bool


class OrdersAnswer(Answer):
    """Orders of the day, the newest first."""

    orders: list[OrderAnswer]


class FillAnswer(Answer):
    """One fill. A busted one was taken back by the venue."""

    exec_id: str
    cl_ord_id: str
    symbol: str
    side: str
    last_qty: int
    last_px: Price
    fees: Money
    transact_at: Moment
    is_busted: bool


class FillsAnswer(Answer):
    """Fills of the day, those of the newest order first."""

    fills: list[FillAnswer]


class AccountAnswer(Answer):
    """Cash. `free` may buy, `withdrawable` may leave."""

    account_no: str
    branch_code: str
    cash: Money
    frozen: Money
    free: Money
    unsettled: Money
    withdrawable: Money
    is_killed: bool


class PositionAnswer(Answer):
    """Shares of one instrument."""

    symbol: str
    qty: int
    sellable_qty: int
    frozen_qty: int
    bought_today_qty: int
    cost: Money


class PositionsAnswer(Answer):
    """Holdings by symbol."""

    positions: list[PositionAnswer]


class QuoteAnswer(Answer):
    """Latest prices; one that is not known is left empty."""

    symbol: str
    bid: str
    ask: str
    last: str
    prev_close: str
    received_at: str


class QuotesAnswer(Answer):
    """Quotes in the order asked."""

    quotes: list[QuoteAnswer]


class InstrumentAnswer(Answer):
    """Static data of one instrument today."""

    symbol: str
    name_zh: str
    name_en: str
    board: str
    status: str
    prev_close: Price
    is_t0: bool
    is_halted: bool


class InstrumentsAnswer(Answer):
    """Instruments found."""

    instruments: list[InstrumentAnswer]


class OrdersQuery(Request):
    """Which orders."""

    status: Annotated[Literal["all", "open"], _Meta(description='"all" or "open"')] = "all"
    limit: Annotated[int, _Meta(ge=1, le=500, description="from 1 to 500")] = 100


class FillsQuery(Request):
    """How many fills."""

    limit: Annotated[int, _Meta(ge=1, le=500, description="from 1 to 500")] = 100


class QuotesQuery(Request):
    """Which quotes."""

    symbols: Annotated[
        str,
        _Meta(
            pattern="^[0-9]{6}(,[0-9]{6})*$",
            max_length=349,
            description="1 to 50 codes of six digits, with commas between",
            examples=["600519,000001"],
        ),
    ]


class InstrumentsQuery(Request):
    """Which instruments."""

    search: Annotated[
        str,
        _Meta(
            min_length=1,
            max_length=16,
            description="the beginning of a code",
            examples=["6005"],
        ),
    ]
    limit: Annotated[int, _Meta(ge=1, le=50, description="from 1 to 50")] = 20
