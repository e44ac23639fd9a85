"""Our messages as text, field by field."""

import pytest

from fix import encode
from fix.encode import OrderTicket
from risk.domain.enums import OrdType, Side, TimeInForce
from risk.domain.errors import InvariantBroken

AT_NS = 1_795_399_200_123_000_000
TICKET = OrderTicket(
    "261123000001", "10000001", "600000", Side.BUY, 100, 100_500, OrdType.LIMIT, TimeInForce.DAY
)


def fields(text: str) -> str:
    return text.replace("\x01", " ").rstrip()


def test_an_order_has_its_price_as_exact_decimal_text() -> None:
    assert fields(encode.new_order_single(TICKET, AT_NS)) == (
        "8=FIX.4.4 35=D 1=10000001 11=261123000001 21=1 38=100 40=2 44=10.05 54=1 55=600000"
        " 59=0 60=20261123-02:00:00.123"
    )


@pytest.mark.parametrize(
    ("price_e4", "text"),
    [(1, "0.0001"), (12_345, "1.2345"), (100_000, "10.00"), (10**10, "1000000.00")],
)
def test_every_price_keeps_its_decimals(price_e4: int, text: str) -> None:
    message = encode.new_order_single(TICKET._replace(price_e4=price_e4), AT_NS)
    assert f"\x0144={text}\x01" in message


def test_a_market_order_has_no_price() -> None:
    message = encode.new_order_single(TICKET._replace(ord_type=OrdType.MARKET), AT_NS)
    assert "\x0140=1\x01" in message
    assert "\x0144=" not in message


def test_an_order_sent_again_says_so() -> None:
    message = encode.new_order_single(TICKET, AT_NS, poss_resend=True)
    assert fields(message).startswith("8=FIX.4.4 35=D 97=Y 1=10000001")


@pytest.mark.parametrize(("poss_resend", "head"), [(False, ""), (True, "97=Y ")])
def test_a_cancel_request_names_itself_and_its_order(poss_resend: bool, head: str) -> None:
    text = encode.order_cancel_request(TICKET, "261123000002", AT_NS, poss_resend=poss_resend)
    assert fields(text) == (
        f"8=FIX.4.4 35=F {head}1=10000001 11=261123000002 38=100 41=261123000001 54=1 55=600000"
        " 60=20261123-02:00:00.123"
    )


def test_a_status_request_carries_its_own_id() -> None:
    assert fields(encode.order_status_request(TICKET, "261123000001-7")) == (
        "8=FIX.4.4 35=H 1=10000001 11=261123000001 54=1 55=600000 790=261123000001-7"
    )


def test_a_business_reject_repeats_nothing_unprintable() -> None:
    text = encode.business_message_reject(7, "8\x01", 5, "E\x011", "tag 17 was '\x0110=000'")
    assert fields(text) == "8=FIX.4.4 35=j 45=7 58=tag 17 was '?10=000' 372=8? 379=E?1 380=5"


def test_a_business_reject_without_type_and_id_still_stands() -> None:
    assert fields(encode.business_message_reject(0, "", 3, "", "x")) == (
        "8=FIX.4.4 35=j 45=0 58=x 372=? 380=3"
    )


def test_a_value_with_a_separator_never_goes_out() -> None:
    with pytest.raises(InvariantBroken, match="field separator"):
        encode.new_order_single(TICKET._replace(symbol="600000\x0138=9"), AT_NS)
