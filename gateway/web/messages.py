"""Messages of the stream (WebSocket text frames), and the frames we write.

A client sends one message, or a JSON array of them, per frame; we send arrays. `type` says which
message it is; `n` counts our messages of one connection from 1, without gaps. Prices and times are
those of gateway.web.schemas. Not here: what a stream does with them (gateway.web.stream).
"""

from typing import Annotated, Final, Literal

import msgspec

from gateway.web import schemas as s
from gateway.web.problems import ProblemBody

MESSAGES_PER_FRAME_MAX: Final = 64  # that a client may send at once
Topic = Literal["orders", "fills", "cash", "positions"]


class Submit(s.OrderRequest, tag="submit", kw_only=True):
    """Buy or sell; `request_id` is what Idempotency-Key is over HTTP."""

    request_id: s.IdempotencyKey


class Cancel(s.Request, tag="cancel", kw_only=True):
    """Ask the venue to cancel what is left of an own order."""

    request_id: s.IdempotencyKey
    cl_ord_id: s.ClOrdID


class Subscribe(s.Request, tag="subscribe", kw_only=True):
    """Watch topics and symbols from now on, instead of those before; a snapshot comes first."""

    topics: Annotated[
        tuple[Topic, ...],
        msgspec.Meta(max_length=4, description="any of orders, fills, cash, positions"),
    ] = ()
    symbols: Annotated[
        tuple[s.Symbol, ...], msgspec.Meta(max_length=5000, description="codes of six digits")
    ] = ()


class Ping(s.Request, tag="ping", kw_only=True):
    """Ask whether the stream lives; the answer is pong with the same id."""

    id: Annotated[str, msgspec.Meta(max_length=64, description="at most 64 characters")] = ""


ToUs = Submit | Cancel | Subscribe | Ping


class Accepted(s.Answer, tag="accepted"):
    """The order of a request is durable and on its way."""

    n: int
    request_id: str
    order: s.AcceptedAnswer


class CancelTaken(s.Answer, tag="cancel_requested"):
    """The cancel request is durable and on its way."""

    n: int
    request_id: str
    cancel: s.CancelAnswer


class Trouble(s.Answer, tag="problem"):
    """A message was not carried out. `request_id` is empty when it could not be read."""

    n: int
    request_id: str
    problem: ProblemBody


class Unknown(s.Answer, tag="unknown"):
    """The outcome is late: it follows, or ask again with the same request_id."""

    n: int
    request_id: str


class Snapshot(s.Answer, tag="snapshot", omit_defaults=True):
    """What was subscribed to, as it stands after the event `event_seq`. Topics not asked for are
    left out; orders and fills are the newest 500."""

    n: int
    event_seq: int
    account: s.AccountAnswer | None = None
    positions: list[s.PositionAnswer] | None = None
    orders: list[s.OrderAnswer] | None = None
    fills: list[s.FillAnswer] | None = None
    quotes: list[s.QuoteAnswer] | None = None


class OrderChanged(s.Answer, tag="order"):
    """An own order as it stands now; takes the place of what was known of it."""

    n: int
    order: s.OrderAnswer


class FillMade(s.Answer, tag="fill"):
    """A fill, or with `is_busted` one that the venue took back."""

    n: int
    fill: s.FillAnswer


class CashChanged(s.Answer, tag="cash"):
    """Cash as it stands now."""

    n: int
    account: s.AccountAnswer


class PositionChanged(s.Answer, tag="position"):
    """A holding as it stands now; all zero when it was sold out."""

    n: int
    position: s.PositionAnswer


class QuoteChanged(s.Answer, tag="quote"):
    """Latest prices of a symbol, at most one message an interval."""

    n: int
    quote: s.QuoteAnswer


class Pong(s.Answer, tag="pong"):
    """The answer to ping."""

    n: int
    id: str


ToThem = (
    Accepted
    | CancelTaken
    | Trouble
    | Unknown
    | Snapshot
    | OrderChanged
    | FillMade
    | CashChanged
    | PositionChanged
    | QuoteChanged
    | Pong
)


def text_frame(payload: bytes) -> bytes:
    """Return an unfragmented, unmasked text frame (RFC 6455 §5.2)."""
    length = len(payload)
    if length < 126:
        return b"\x81%c%b" % (length, payload)
    if length < 1 << 16:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), payload)
