"""Messages of the venue in our words: every ExecType and OrdStatus, what is missing or wrong."""

from typing import Any

import pytest

from fix import decode
from fix.decode import StatusAnswer
from fix.fields import FieldProblem
from risk.domain.commands import RecordCancelReject, RecordExecution, RecordRefusal
from risk.domain.enums import ExecType, OrdStatus, Side, fix_char
from tests.builders.fix_messages import a_cancel_reject, a_report, as_dict

S = "HOTLINE-VENUE/20261123"


def report(**other: Any) -> RecordExecution:
    return decode.execution_report(S, as_dict(a_report(**other), "8"))


def test_a_trade_is_read_whole() -> None:
    said = report(_41="261123000000", _58="ok", _19="E0", _43="Y", _97="Y", _103=6)
    assert said == RecordExecution(
        request_id=f"fix:{S}:7",
        fix_session=S,
        msg_seq_num=7,
        cl_ord_id="261123000001",
        orig_cl_ord_id="261123000000",
        order_id="V-261123000001",
        exec_id="E-261123000001",
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.FILLED,
        symbol="600000",
        side=Side.BUY,
        last_qty=100,
        last_px_e4=100_500,
        cum_qty=100,
        leaves_qty=0,
        exec_ref_id="E0",
        ord_rej_reason=6,
        text="ok",
        transact_ns=1_795_399_200_123_000_000,
        poss_dup=True,
        poss_resend=True,
        avg_px_e4=100_500,
    )


@pytest.mark.parametrize("exec_type", list(ExecType))
@pytest.mark.parametrize("ord_status", list(OrdStatus))
def test_every_exec_type_comes_with_every_ord_status(
    exec_type: ExecType, ord_status: OrdStatus
) -> None:
    said = report(_150=fix_char(exec_type), _39=fix_char(ord_status), _19="E0")
    assert (said.exec_type, said.ord_status) == (exec_type, ord_status)


def test_a_report_without_trade_needs_no_quantities_nor_client_id() -> None:
    said = report(_150="0", _39="0", _11=None, _31=None, _32=None, _14=None, _151=None, _60=None)
    assert (said.cl_ord_id, said.last_qty, said.last_px_e4, said.transact_ns) == ("", 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "tag", "reason"),
    [
        ({"_17": None}, "17", 5),
        ({"_37": None}, "37", 5),
        ({"_39": None}, "39", 5),
        ({"_54": None}, "54", 5),
        ({"_150": None}, "150", 5),
        ({"_32": None}, "32", 5),
        ({"_31": None}, "31", 5),
        ({"_32": "0"}, "32", 5),
        ({"_150": "H"}, "19", 5),
        ({"_150": "G"}, "19", 5),
        ({"_150": "1"}, "150", 0),  # FIX 4.2 only
        ({"_39": "F"}, "39", 0),
        ({"_54": "5"}, "54", 0),
        ({"_31": "10.00001"}, "31", 0),
        ({"_14": "x"}, "14", 0),
        ({"_103": "100000"}, "103", 0),
        ({"_43": "1"}, "43", 0),
    ],
)
def test_what_cannot_be_read_names_the_tag_and_the_reject_reason(
    changes: dict[str, Any], tag: str, reason: int
) -> None:
    with pytest.raises(FieldProblem) as problem:
        report(**changes)
    assert (problem.value.tag, problem.value.reason) == (tag, reason)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, None),
        ({"_150": "I", "_39": "1"}, StatusAnswer("", False)),
        ({"_150": "I", "_39": "1", "_790": "Q1"}, StatusAnswer("Q1", False)),
        ({"_150": "I", "_39": "8", "_103": 5, "_14": 0, "_790": "Q1"}, StatusAnswer("Q1", True)),
        ({"_150": "8", "_39": "8", "_103": 5, "_14": 0, "_790": "Q1"}, StatusAnswer("Q1", True)),
        ({"_150": "8", "_39": "8", "_103": 5, "_14": 0}, None),
        ({"_150": "I", "_39": "8", "_103": 99, "_14": 0}, StatusAnswer("", False)),
        ({"_150": "I", "_39": "8", "_103": 5, "_14": 100}, StatusAnswer("", False)),
    ],
)
def test_unknown_is_told_from_rejected(
    changes: dict[str, Any], answer: StatusAnswer | None
) -> None:
    fields = as_dict(a_report(**changes), "8")
    assert decode.status_answer(decode.execution_report(S, fields), fields) == answer


def test_a_cancel_reject_is_read_whole() -> None:
    said = decode.cancel_reject(S, as_dict(a_cancel_reject(_60="20261123-02:00:00"), "9"))
    assert said == RecordCancelReject(
        request_id=f"fix:{S}:7",
        fix_session=S,
        msg_seq_num=7,
        cl_ord_id="261123000002",
        orig_cl_ord_id="261123000001",
        order_id="V-1",
        ord_status=OrdStatus.FILLED,
        cxl_rej_reason=0,
        text="too late",
        transact_ns=1_795_399_200_000_000_000,
    )


@pytest.mark.parametrize(
    ("kind", "body", "sent", "expected"),
    [
        ("j", {"372": "D", "379": "C1", "380": 4}, "", ("D", "C1", 4)),
        ("j", {"372": "D", "379": "E9", "380": 4}, "C2", ("D", "C2", 4)),
        ("j", {"372": "D"}, "", ("D", "", 0)),
        ("3", {"372": "F", "373": 5, "380": 99}, "C3", ("F", "C3", 5)),
        ("3", {}, "", ("", "", 0)),
    ],
)
def test_a_refusal_is_about_what_we_sent(
    kind: str, body: dict[str, Any], sent: str, expected: tuple[str, str, int]
) -> None:
    said = decode.refusal(S, as_dict(list(body.items()), kind), sent)
    assert isinstance(said, RecordRefusal)
    assert (said.ref_msg_type, said.ref_cl_ord_id, said.reason) == expected
