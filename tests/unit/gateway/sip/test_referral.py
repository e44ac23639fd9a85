"""REFER and NOTIFY both ways (RFC 3515)."""

import pytest

from gateway.sip.message import Request
from gateway.sip.referral import Referral
from gateway.sip.uri import Uri
from tests.builders.sip import Exchange

FRAG = "Content-Type: message/sipfrag;version=2.0"


@pytest.fixture
def house() -> Exchange:
    return Exchange()


def _notify(house: Exchange, call: object, status: int, cseq: int = 2, **request: object) -> None:
    given = {"state": "active;expires=60", "event": "refer", "kind": FRAG, **request}
    house.arrive_in(
        call, "NOTIFY", cseq=cseq, branch=f"z9hG4bKn{cseq}",  # type: ignore[arg-type]
        body=f"SIP/2.0 {status} Whatever\r\n",
        extra=(f"Event: {given['event']}", f"Subscription-State: {given['state']}",
               str(given["kind"])),
    )  # fmt: skip


def test_we_refer_the_far_end_and_hear_how_it_goes(house: Exchange) -> None:
    call, told = house.answered(), list[int]()
    call.on_refer_progress(told.append)
    call.refer(Uri("sip", "8001", "192.0.2.20"))
    assert house.wire.take() == ["REFER"]
    refer = house.wire.last[0]
    assert isinstance(refer, Request)
    assert refer.headers.get("Refer-To") == "<sip:8001@192.0.2.20>"
    house.reply(202, refer)
    _notify(house, call, 100)
    _notify(house, call, 180, cseq=3)
    _notify(house, call, 200, cseq=4, state="terminated;reason=noresource")
    _notify(house, call, 200, cseq=5)
    assert house.wire.take() == ["200", "200", "200", "481"]
    assert told == [100, 180, 200]


def test_a_refused_refer_tells_its_status(house: Exchange) -> None:
    call, told = house.answered(), list[int]()
    call.on_refer_progress(told.append)
    call.refer(Uri("sip", "8001", "192.0.2.20"))
    house.wire.take()
    refer = house.wire.last[0]
    assert isinstance(refer, Request)
    house.reply(603, refer)
    assert told == [603]
    call.refer(Uri("sip", "8002", "192.0.2.20"))
    assert house.wire.take() == ["REFER"], "another may be tried"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"event": "presence"}, "489"), ({"kind": "Content-Type: text/plain"}, "400")],
)
def test_a_notify_of_no_use_is_refused(wrong: dict[str, str], status: str) -> None:
    house = Exchange()
    call = house.answered()
    call.refer(Uri("sip", "8001", "192.0.2.20"))
    house.wire.take()
    _notify(house, call, 200, **wrong)
    assert house.wire.take() == [status]


def test_a_notify_that_nobody_asked_for_gets_481(house: Exchange) -> None:
    _notify(house, house.answered(), 200)
    assert house.wire.take() == ["481"]


def test_a_refer_is_declined_unless_somebody_wants_it(house: Exchange) -> None:
    call = house.answered()
    house.arrive_in(call, "REFER", extra=("Refer-To: <sip:8001@192.0.2.20>",))
    assert house.wire.take() == ["603"]


def test_a_refer_that_is_wanted_is_accepted_and_told_about(house: Exchange) -> None:
    call, asked = house.answered(), list[Referral]()
    call.on_refer(asked.append)
    house.arrive_in(call, "REFER", extra=("Refer-To: <sip:8001@192.0.2.20>",))
    assert house.wire.take() == ["202", "NOTIFY"]
    (referral,) = asked
    assert str(referral.to) == "sip:8001@192.0.2.20"
    for status in (180, 200, 404):
        referral.progress(status)
    notifies = [m for m, _ in house.wire.sent if isinstance(m, Request)]
    assert [m.body.decode().split(" ")[1] for m in notifies] == ["180", "200"]
    states = [m.headers.get("Subscription-State") for m in notifies]
    assert states == ["active;expires=60", "terminated;reason=noresource"]


def test_no_notify_when_the_far_end_wants_none(house: Exchange) -> None:
    call, asked = house.answered(), list[Referral]()
    call.on_refer(asked.append)
    extra = ("Refer-To: <sip:8001@192.0.2.20>", "Refer-Sub: false")
    house.arrive_in(call, "REFER", extra=extra)
    asked[0].progress(200)
    assert house.wire.take() == ["202"]
    assert house.wire.last[0].headers.get("Refer-Sub") == "false"


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ((), "400"),
        (("Refer-To: <sip:a@h>, <sip:b@h>",), "400"),
        (("Refer-To: <mailto:a@h>",), "416"),
        (("Refer-To: <sip:>",), "400"),
    ],
)
def test_a_refer_to_nobody_is_refused(rows: tuple[str, ...], status: str) -> None:
    house = Exchange()
    call = house.answered()
    call.on_refer(lambda referral: pytest.fail("not to be told"))
    house.arrive_in(call, "REFER", extra=rows)
    assert house.wire.take() == [status]
