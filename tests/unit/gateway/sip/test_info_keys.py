"""Keys by SIP INFO, in the forms that phones send."""

import pytest

from gateway.sip.errors import SipError
from gateway.sip.info_keys import key_of
from gateway.sip.message import Request, parse_message
from tests.builders.sip import Exchange, a_request

RELAY, PLAIN = "application/dtmf-relay", "application/dtmf"


def _info(kind: str, body: str, extra: tuple[str, ...] = ()) -> Request:
    rows = (f"Content-Type: {kind}", *extra) if kind else extra
    request = parse_message(a_request("INFO", to_tag="x", body=body, extra=rows).encode())
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, "Signal= 5\nDuration= 160", "5"),
        (RELAY, "Duration=99999999999999\r\nsignal =*\r\n", "*"),
        ("Application/DTMF-Relay; charset=utf-8", "Signal=#", "#"),
        (RELAY, "Signal=11", "#"),
        (RELAY, "Signal=10\r\n", "*"),
        (RELAY, "Signal=d", "D"),
        (RELAY, "Signal=16", ""),
        (PLAIN, "7", "7"),
        (PLAIN, " 0\r\n", "0"),
        (PLAIN, "Signal=8\r\n", "8"),
        ("", "", ""),
    ],
)
def test_a_key_is_read(kind: str, body: str, key: str) -> None:
    assert key_of(_info(kind, body)) == key


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (RELAY, "Signal=\r\nDuration=100", 400),
        (RELAY, "Signal=55", 400),
        (RELAY, "Signal=E", 400),
        (RELAY, "5", 400),
        (PLAIN, "17", 400),
        (PLAIN, "５", 400),
        (PLAIN, "1" * 257, 413),
        ("text/plain", "5", 415),
        ("application/sdp", "v=0", 415),
    ],
)
def test_what_is_no_key_is_refused(kind: str, body: str, status: int) -> None:
    with pytest.raises(SipError) as refused:
        key_of(_info(kind, body))
    assert refused.value.status == status
    assert body[:20] not in str(refused.value) or kind not in (RELAY, PLAIN)


def test_an_info_package_is_none_of_ours() -> None:
    with pytest.raises(SipError) as refused:
        key_of(_info(PLAIN, "5", ("Info-Package: dtmf",)))
    assert refused.value.status == 469


def test_keys_are_told_in_their_order_and_a_repeated_info_is_one_press() -> None:
    house, keys = Exchange(), list[str]()
    call = house.answered()
    call.on_key(keys.append)
    for n, key in enumerate("4711#"):
        body = f"Signal={key}\r\nDuration=100\r\n"
        for _ in range(2):  # the second is a retransmission
            house.arrive_in(call, "INFO", cseq=2 + n, branch=f"z9hG4bKi{n}", body=body,
                            extra=(f"Content-Type: {RELAY}",))  # fmt: skip
    assert house.wire.take() == ["200"] * 10
    assert keys == list("4711#")


def test_a_refused_info_says_what_would_be_taken_and_no_ladder_shows_a_key() -> None:
    house = Exchange()
    call = house.answered()
    house.arrive_in(call, "INFO", body="5", extra=("Content-Type: text/plain",))
    assert house.wire.take() == ["415"]
    assert house.wire.last[0].headers.get("Accept") == f"{RELAY}, {PLAIN}"
    house.arrive_in(call, "INFO", cseq=3, branch="z9hG4bKi", body="Signal=5",
                    extra=(f"Content-Type: {RELAY}",))  # fmt: skip
    assert "5" not in call.ladder.text().split("INFO")[-1].replace("0.000", "")
