"""Our words -> FIX 4.4 text: NewOrderSingle(D), OrderCancelRequest(F), OrderStatusRequest(H), j.

Text by template is several times faster than typed QuickFIX messages. Only MsgType(35) and the
body are ours: QuickFIX writes the header's ids, numbers and times, BodyLength(9) and CheckSum(10).
Not here: sending (fix.sessions) and deciding what to send (fix.router).
"""

from typing import Final, NamedTuple

from fix.fields import SOH, TEXT_CHARS_MAX, timestamp_text
from risk.domain.enums import OrdType, Side, TimeInForce
from risk.domain.errors import InvariantBroken
from risk.domain.fixedpoint import format_e4

_HEAD: Final = f"8=FIX.4.4{SOH}35="


class OrderTicket(NamedTuple):
    """What the venue is told about one order."""

    cl_ord_id: str
    account_no: str
    symbol: str
    side: Side
    qty: int
    price_e4: int
    ord_type: OrdType
    time_in_force: TimeInForce


def new_order_single(ticket: OrderTicket, at_ns: int, *, poss_resend: bool = False) -> str:
    """Return NewOrderSingle(D). HandlInst(21)=1: automated, no intervention."""
    price = f"44={format_e4(ticket.price_e4)}{SOH}" if ticket.ord_type == OrdType.LIMIT else ""
    text = (
        f"{_HEAD}D{SOH}{_resend(poss_resend)}"
        f"1={ticket.account_no}{SOH}11={ticket.cl_ord_id}{SOH}21=1{SOH}38={ticket.qty}{SOH}"
        f"40={int(ticket.ord_type)}{SOH}{price}54={int(ticket.side)}{SOH}55={ticket.symbol}{SOH}"
        f"59={int(ticket.time_in_force)}{SOH}60={timestamp_text(at_ns)}{SOH}"
    )
    return _whole(text, 11 + bool(price) + poss_resend)


def order_cancel_request(
    ticket: OrderTicket, cl_ord_id: str, at_ns: int, *, poss_resend: bool = False
) -> str:
    """Return OrderCancelRequest(F) named `cl_ord_id` for all that is left of the order."""
    text = (
        f"{_HEAD}F{SOH}{_resend(poss_resend)}"
        f"1={ticket.account_no}{SOH}11={cl_ord_id}{SOH}38={ticket.qty}{SOH}"
        f"41={ticket.cl_ord_id}{SOH}54={int(ticket.side)}{SOH}55={ticket.symbol}{SOH}"
        f"60={timestamp_text(at_ns)}{SOH}"
    )
    return _whole(text, 9 + poss_resend)


def order_status_request(ticket: OrderTicket, ord_status_req_id: str) -> str:
    """Return OrderStatusRequest(H) for an order; the answer repeats OrdStatusReqID(790)."""
    text = (
        f"{_HEAD}H{SOH}1={ticket.account_no}{SOH}11={ticket.cl_ord_id}{SOH}"
        f"54={int(ticket.side)}{SOH}55={ticket.symbol}{SOH}790={ord_status_req_id}{SOH}"
    )
    return _whole(text, 7)


def business_message_reject(
    ref_seq_num: int, ref_msg_type: str, reason: int, ref_id: str, problem: str
) -> str:
    """Return BusinessMessageReject(j) for a message of the venue that we could not use.

    `ref_msg_type`, `ref_id` and `problem` may come from the message itself: they are cleaned.
    """
    ref_id = _printable(ref_id)
    named = f"379={ref_id}{SOH}" if ref_id else ""
    text = (
        f"{_HEAD}j{SOH}45={ref_seq_num}{SOH}58={_printable(problem)}{SOH}"
        f"372={_printable(ref_msg_type) or '?'}{SOH}{named}380={reason}{SOH}"
    )
    return _whole(text, 6 + bool(named))


def _resend(poss_resend: bool) -> str:
    return f"97=Y{SOH}" if poss_resend else ""


def _printable(text: str) -> str:
    clean = "".join(c if " " <= c <= "~" else "?" for c in text[:TEXT_CHARS_MAX])
    return clean.strip()


def _whole(text: str, field_count: int) -> str:
    """Return the text if it has the fields of its template; a value may not add one."""
    if text.count(SOH) != field_count:
        raise InvariantBroken(f"a value holds a field separator in {text[:200]!r}")
    return text
