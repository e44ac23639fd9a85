"""Orders over HTTP: submit, cancel, ask again, list, and their fills.

A request is answered 201 only when it is durable; a late answer is 202 and *unknown*, never
failed. Idempotency-Key and account make the request_id, so that the heart answers a repetition
with the first outcome, also after a restart. Not here: rules (the risk core).
"""

import re
from typing import Final

import msgspec

from gateway.web import schemas as s
from gateway.web.answers import accepted_answer, cancel_answer, fill_answer, order_answer
from gateway.web.asked import Asked
from gateway.web.limits import Waits
from gateway.web.ports import Heart, Reads
from gateway.web.problems import Kind, Problem, denial_body, problem_reply
from gateway.web.reply import Reply, headers
from risk.book.views import OrderView
from risk.domain.commands import CancelOrder, SubmitOrder
from risk.domain.enums import Channel, Side
from risk.domain.events import CancelDenied, CancelRequested, Event, OrderAccepted, OrderDenied
from risk.domain.fixedpoint import parse_e4

KEY: Final = re.compile(r"[!-~]{1,64}")
CL_ORD_ID: Final = re.compile(r"[0-9]{12,15}")
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
OPEN_SCAN_MAX: Final = 500  # newest orders that a list of open ones looks at
encode: Final = msgspec.json.Encoder().encode


class OrderRoom:
    """`orders.*` of the route table."""

    def __init__(self, heart: Heart, reads: Reads, waits: Waits) -> None:
        self._heart = heart
        self._reads = reads
        self._waits = waits

    async def submit(self, asked: Asked) -> Reply:
        """Take an order."""
        key = key_of(asked)
        command = submit_command(
            asked.body, asked.login.account_no, key, asked.trace_id, asked.entered_ns
        )
        event = await self._waits.for_event(self._heart.submit(command))
        return _outcome(event, key, asked)

    async def cancel(self, asked: Asked) -> Reply:
        """Take a cancel request. Without an Idempotency-Key each is a new one."""
        key = key_of(asked) if "Idempotency-Key" in asked.request.headers else asked.trace_id
        account_no = asked.login.account_no
        command = CancelOrder(
            request_id(account_no, key),
            account_no,
            checked_cl_ord_id(asked.arg),
            Channel.WEB,
            trace_id=asked.trace_id,
            entered_ns=asked.entered_ns,
        )
        event = await self._waits.for_event(self._heart.submit(command))
        return _outcome(event, key, asked)

    async def ask_again(self, asked: Asked) -> Reply:
        """Tell the outcome of an earlier request."""
        found = self._heart.find(request_id(asked.login.account_no, asked.arg))
        if found is None:
            raise Problem(Kind.NOT_FOUND, field="idempotency_key", value=asked.arg)
        return _outcome(await self._waits.for_event(found), asked.arg, asked)

    async def list(self, asked: Asked) -> Reply:
        """List own orders of the day."""
        query: s.OrdersQuery = asked.query
        if query.status == "open":
            views = self._reads.orders(asked.login.account_no, OPEN_SCAN_MAX)
            views = [view for view in views if view.is_open][: query.limit]
        else:
            views = self._reads.orders(asked.login.account_no, query.limit)
        return Reply(200, encode(s.OrdersAnswer([order_answer(view) for view in views])))

    async def show(self, asked: Asked) -> Reply:
        """Show one own order."""
        view = own_order(self._reads, asked.login.account_no, checked_cl_ord_id(asked.arg))
        return Reply(200, encode(order_answer(view)))

    async def fills(self, asked: Asked) -> Reply:
        """List own fills of the day."""
        query: s.FillsQuery = asked.query
        found = own_fills(self._reads, asked.login.account_no, query.limit)
        return Reply(200, encode(s.FillsAnswer(found)))


def request_id(account_no: str, key: str) -> str:
    """Return the heart's request_id of an account's Idempotency-Key: nobody finds another's."""
    return f"web:{account_no}:{key}"


def submit_command(
    body: s.OrderRequest, account_no: str, key: str, trace_id: str, entered_ns: int
) -> SubmitOrder:
    """Return the command of an order request."""
    try:
        price_e4 = parse_e4(body.price)
    except ValueError as error:  # the pattern lets a trailing line end pass
        raise Problem(Kind.NOT_VALID, field="price", value=body.price, remedy=str(error)) from error
    return SubmitOrder(
        request_id(account_no, key),
        account_no,
        body.symbol,
        SIDES[body.side],
        body.qty,
        price_e4,
        Channel.WEB,
        trace_id=trace_id,
        entered_ns=entered_ns,
    )


def key_of(asked: Asked) -> str:
    """Return the Idempotency-Key; raises Problem when it is missing or of wrong shape."""
    key = asked.request.headers.get("Idempotency-Key")
    if key is None or KEY.fullmatch(key) is None:
        raise Problem(Kind.IDEMPOTENCY_KEY, field="Idempotency-Key", value=key)
    return key


def checked_cl_ord_id(text: str) -> str:
    """Return a ClOrdID(11) of right shape; raises Problem."""
    if CL_ORD_ID.fullmatch(text) is None:
        raise Problem(
            Kind.NOT_VALID,
            field="cl_ord_id",
            value=text,
            remedy="must be 12 to 15 digits as in GET /v1/orders",
        )
    return text


def own_order(reads: Reads, account_no: str, cl_ord_id: str) -> OrderView:
    """Return an order of the account; one of somebody else is as unknown as none."""
    view = reads.order(cl_ord_id)
    if view is None or view.account_no != account_no or view.cl_ord_id != cl_ord_id:
        raise Problem(Kind.NOT_FOUND, field="cl_ord_id", value=cl_ord_id)
    return view


def own_fills(reads: Reads, account_no: str, limit: int) -> list[s.FillAnswer]:
    """Return an account's fills of the day, those of the newest order first."""
    found: list[s.FillAnswer] = []
    for order in reads.orders(account_no, OPEN_SCAN_MAX):
        if order.cum_qty:
            found += [fill_answer(order, fill) for fill in reads.fills(order.cl_ord_id)]
        if len(found) >= limit:
            break
    return found[:limit]


def _outcome(event: Event | None, key: str, asked: Asked) -> Reply:
    match event:
        case OrderAccepted():
            location = b"Location: /v1/orders/%b\r\n" % event.cl_ord_id.encode()
            return Reply(201, encode(accepted_answer(event)), lines=location)
        case CancelRequested():
            return Reply(200, encode(cancel_answer(event)))
        case OrderDenied() | CancelDenied():
            return problem_reply(
                denial_body(event.reason, event.detail, asked.language, asked.trace_id)
            )
        case None:
            pending = s.PendingAnswer(f"/v1/requests/{key}", asked.trace_id)
            return Reply(202, encode(pending), lines=headers(Retry_After="1"))
    raise AssertionError(f"{type(event).__name__} is no outcome of an order or cancel")
