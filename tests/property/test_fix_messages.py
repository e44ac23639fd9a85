"""Round trips of FIX messages between our side and the venue's, and reading of arbitrary text."""

from contextlib import suppress
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fix import decode, encode
from fix import fields as f
from fix.encode import OrderTicket
from fix.marketdata import QuoteBoard
from fix.simulator import wire
from fix.simulator.messages import CancelReject, Report
from risk.domain.enums import ExecType, OrdStatus, OrdType, Side, TimeInForce
from risk.domain.fixedpoint import PRICE_E4_MAX, QTY_MAX, format_e4

PRICES = st.integers(1, PRICE_E4_MAX)
QUANTITIES = st.integers(1, QTY_MAX)
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
TIMES = st.integers(10**18, 4 * 10**18)
SIDES = st.sampled_from(Side)


def heard(text: str) -> dict[str, str]:
    return f.split(text) | {"34": "7"}


@given(IDS, IDS, IDS, SIDES, QUANTITIES, PRICES, TIMES, st.booleans())
def test_the_venue_reads_the_order_we_wrote(
    cl_ord_id: str,
    account_no: str,
    symbol: str,
    side: Side,
    qty: int,
    price_e4: int,
    at_ns: int,
    poss_resend: bool,
) -> None:
    ticket = OrderTicket(
        cl_ord_id, account_no, symbol, side, qty, price_e4, OrdType.LIMIT, TimeInForce.DAY
    )
    text = encode.new_order_single(ticket, at_ns, poss_resend=poss_resend)
    assert wire.order("HOTLINE", heard(text)) == (
        "HOTLINE", cl_ord_id, symbol, side, qty, price_e4, account_no, 2, 0, poss_resend,
    )  # fmt: skip
    cancel = wire.cancel("HOTLINE", heard(encode.order_cancel_request(ticket, "C9", at_ns)))
    assert cancel == ("HOTLINE", "C9", cl_ord_id, symbol, side)
    query = wire.status_query("HOTLINE", heard(encode.order_status_request(ticket, "Q")))
    assert query == ("HOTLINE", cl_ord_id, symbol, side)


@given(
    st.sampled_from([t for t in ExecType if t not in (ExecType.TRADE_CANCEL,)]),
    st.sampled_from(OrdStatus),
    IDS,
    SIDES,
    QUANTITIES,
    PRICES,
    TIMES,
    st.integers(0, 99_999),
)
def test_we_read_the_report_the_venue_wrote(
    exec_type: ExecType,
    ord_status: OrdStatus,
    exec_id: str,
    side: Side,
    qty: int,
    price_e4: int,
    at_ns: int,
    reason: int,
) -> None:
    if exec_type is ExecType.TRADE_CORRECT:
        exec_type = ExecType.TRADE
    report = Report(
        "HOTLINE", "C1", "C0", "V1", exec_id, exec_type, ord_status, "600000", side, qty, price_e4,
        qty, price_e4, qty, 0, price_e4, reason, "words", at_ns, "10000001",
    )  # fmt: skip
    body = heard(wire.report_text(report, "Q1"))
    said = decode.execution_report("S", body)
    is_trade = exec_type is ExecType.TRADE
    assert (said.exec_type, said.ord_status, said.exec_id) == (exec_type, ord_status, exec_id)
    assert (said.last_qty, said.last_px_e4) == ((qty, price_e4) if is_trade else (0, 0))
    assert (said.cum_qty, said.avg_px_e4, said.ord_rej_reason) == (qty, price_e4, reason)
    assert said.transact_ns == at_ns // 1_000_000 * 1_000_000
    answer = decode.status_answer(said, body)
    assert answer is not None
    assert answer.ord_status_req_id == "Q1"


@given(IDS, st.sampled_from(OrdStatus), st.integers(0, 99), TIMES)
def test_we_read_the_cancel_reject_the_venue_wrote(
    cl_ord_id: str, ord_status: OrdStatus, reason: int, at_ns: int
) -> None:
    reject = CancelReject("HOTLINE", cl_ord_id, "C0", "V1", ord_status, reason, "late", at_ns)
    said = decode.cancel_reject("S", heard(wire.cancel_reject_text(reject)))
    assert (said.cl_ord_id, said.ord_status, said.cxl_rej_reason) == (
        cl_ord_id,
        ord_status,
        reason,
    )


@given(st.decimals(0, 1_000_000, places=4, allow_nan=False, allow_infinity=False))
def test_prices_pass_exactly(price: Decimal) -> None:
    price_e4 = int(price * 10_000)
    assert f.price_e4({"44": str(price)}, "44") == price_e4
    assert f.price_e4({"44": format_e4(price_e4)}, "44") == price_e4


VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["8", "9", "j", "3", "F", "H", "10.05", "100", "0"])
)
TAGS = st.sampled_from([*map(str, range(1, 160)), "372", "379", "380", "790"])


@given(st.dictionaries(TAGS, VALUES), VALUES)
def test_arbitrary_fields_are_read_or_refused_and_nothing_else(
    body: dict[str, str], other: str
) -> None:
    text = "".join(f"{tag}={value}\x01" for tag, value in body.items()) + other
    for read in (
        lambda: decode.execution_report("S", f.split(text)),
        lambda: decode.cancel_reject("S", f.split(text)),
        lambda: decode.refusal("S", f.split(text), ""),
        lambda: wire.order("M", f.split(text)),
        lambda: wire.cancel("M", f.split(text)),
        lambda: wire.status_query("M", f.split(text)),
        lambda: QuoteBoard().apply(text),
    ):
        with suppress(f.FieldProblem):
            read()


@given(st.text(), st.text(), st.text(), st.integers(0, 9))
def test_our_refusal_is_one_message_whatever_it_repeats(
    kind: str, ref_id: str, problem: str, reason: int
) -> None:
    said = f.split(encode.business_message_reject(1, kind, reason, ref_id, problem))
    assert said.keys() <= {"8", "35", "45", "58", "372", "379", "380"}
    assert (said["35"], said["380"]) == ("j", str(reason))
