"""FIX 4.4 text -> our words: ExecutionReport(8), OrderCancelReject(9), Reject(3), j.

Strict and truthful: what cannot be read exactly is a FieldProblem, what can be read is passed on
as the venue said it; the book decides what a duplicate, late or impossible report means.
Values come from text, so nothing of QuickFIX outlives its callback.
Not here: market data (fix.marketdata).
"""

from typing import Final, NamedTuple

from fix import fields as f
from risk.domain.commands import RecordCancelReject, RecordExecution, RecordRefusal
from risk.domain.enums import ExecType, OrdStatus, Side

ORDER_UNKNOWN: Final = 5  # OrdRejReason(103): Unknown order
CODE_MAX: Final = 99_999  # reason codes of venues, STEP has five digits


class StatusAnswer(NamedTuple):
    """What an ExecutionReport says about our OrderStatusRequest(H), beside the report itself."""

    ord_status_req_id: str  # OrdStatusReqID(790), empty when the venue does not repeat it
    is_unknown: bool  # the venue has no such order


def request_id(fix_session: str, msg_seq_num: int) -> str:
    """Return the request_id of an inbound message: its place on its session, for ever the same."""
    return f"fix:{fix_session}:{msg_seq_num}"


def seq_num(fields: f.Fields) -> int:
    """Return MsgSeqNum(34); 0 when it cannot be read (QuickFIX never delivers such a message)."""
    try:
        return f.whole(fields, f.MSG_SEQ_NUM, f.SEQ_NUM_MAX)
    except f.FieldProblem:
        return 0


def execution_report(fix_session: str, fields: f.Fields) -> RecordExecution:
    """Return an ExecutionReport(8) in our words. Raises FieldProblem."""
    number = seq_num(fields)
    exec_type, last_qty = _exec_type(fields), f.quantity(fields, f.LAST_QTY)
    last_px_e4 = f.price_e4(fields, f.LAST_PX)
    if exec_type == ExecType.TRADE and not (last_qty and last_px_e4):
        tag = f.LAST_PX if last_qty else f.LAST_QTY
        raise f.FieldProblem(tag, "must be above zero in a trade", reason=5)
    exec_ref_id = f.identifier(fields, f.EXEC_REF_ID)
    if exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT) and not exec_ref_id:
        raise f.FieldProblem(f.EXEC_REF_ID, "is missing in a bust or correction", reason=5)
    return RecordExecution(
        request_id=request_id(fix_session, number),
        fix_session=fix_session,
        msg_seq_num=number,
        cl_ord_id=f.identifier(fields, f.CL_ORD_ID),
        orig_cl_ord_id=f.identifier(fields, f.ORIG_CL_ORD_ID),
        order_id=f.identifier(fields, f.ORDER_ID, is_required=True),
        exec_id=f.identifier(fields, f.EXEC_ID, is_required=True),
        exec_type=exec_type,
        ord_status=_ord_status(fields),
        symbol=f.identifier(fields, f.SYMBOL),
        side=_side(fields),
        last_qty=last_qty,
        last_px_e4=last_px_e4,
        cum_qty=f.quantity(fields, f.CUM_QTY),
        leaves_qty=f.quantity(fields, f.LEAVES_QTY),
        exec_ref_id=exec_ref_id,
        ord_rej_reason=f.whole(fields, f.ORD_REJ_REASON, CODE_MAX),
        text=f.free_text(fields, f.TEXT),
        transact_ns=f.timestamp_ns(fields, f.TRANSACT_TIME),
        poss_dup=f.flag(fields, f.POSS_DUP),
        poss_resend=f.flag(fields, f.POSS_RESEND),
        avg_px_e4=f.average_e4(fields, f.AVG_PX),
    )


def status_answer(report: RecordExecution, fields: f.Fields) -> StatusAnswer | None:
    """Return what a report answers to a status request, None when it is not such an answer.

    FIX 4.4 appendix D: an unknown order is answered with OrdStatus(39)=8, OrdRejReason(103)=5.
    """
    req_id = fields.get(f.ORD_STATUS_REQ_ID, "")
    if report.exec_type != ExecType.ORDER_STATUS and not req_id:
        return None
    is_unknown = (
        report.ord_status == OrdStatus.REJECTED
        and report.ord_rej_reason == ORDER_UNKNOWN
        and report.cum_qty == 0
    )
    return StatusAnswer(req_id[: f.ID_CHARS_MAX], is_unknown)


def cancel_reject(fix_session: str, fields: f.Fields) -> RecordCancelReject:
    """Return an OrderCancelReject(9) in our words. Raises FieldProblem."""
    number = seq_num(fields)
    return RecordCancelReject(
        request_id=request_id(fix_session, number),
        fix_session=fix_session,
        msg_seq_num=number,
        cl_ord_id=f.identifier(fields, f.CL_ORD_ID, is_required=True),
        orig_cl_ord_id=f.identifier(fields, f.ORIG_CL_ORD_ID, is_required=True),
        order_id=f.identifier(fields, f.ORDER_ID),
        ord_status=_ord_status(fields),
        cxl_rej_reason=f.whole(fields, f.CXL_REJ_REASON, CODE_MAX),
        text=f.free_text(fields, f.TEXT),
        transact_ns=f.timestamp_ns(fields, f.TRANSACT_TIME),
    )


def refusal(fix_session: str, fields: f.Fields, sent: str) -> RecordRefusal:
    """Return a BusinessMessageReject(j) or session Reject(3) in our words. Raises FieldProblem.

    `sent` is the ClOrdID(11) we sent under RefSeqNum(45), "" when we no longer know.
    """
    number = seq_num(fields)
    is_business = fields.get(f.MSG_TYPE) == "j"
    reason = f.BUSINESS_REJECT_REASON if is_business else f.SESSION_REJECT_REASON
    return RecordRefusal(
        request_id=request_id(fix_session, number),
        fix_session=fix_session,
        msg_seq_num=number,
        ref_msg_type=f.identifier(fields, f.REF_MSG_TYPE),
        ref_cl_ord_id=sent or f.identifier(fields, f.BUSINESS_REJECT_REF_ID),
        reason=f.whole(fields, reason, CODE_MAX),
        text=f.free_text(fields, f.TEXT),
    )


def _exec_type(fields: f.Fields) -> ExecType:
    number = f.code(fields, f.EXEC_TYPE)
    try:
        return ExecType(number)
    except ValueError:
        raise _no_code(fields, f.EXEC_TYPE) from None


def _ord_status(fields: f.Fields) -> OrdStatus:
    number = f.code(fields, f.ORD_STATUS)
    try:
        return OrdStatus(number)
    except ValueError:
        raise _no_code(fields, f.ORD_STATUS) from None


def _side(fields: f.Fields) -> Side:
    number = f.code(fields, f.SIDE)
    try:
        return Side(number)
    except ValueError:
        raise _no_code(fields, f.SIDE) from None


def _no_code(fields: f.Fields, tag: str) -> f.FieldProblem:
    return f.FieldProblem(tag, f"has no meaning here, was {fields[tag]!r}")
