"""Session timers (RFC 4028): who refreshes, how, what is refused, and the end of a silent peer."""

import pytest

from gateway.sip.errors import SipError
from gateway.sip.message import Headers, Request
from gateway.sip.session_timer import Expires, SessionTooBrief, answer_of, min_se, session_expires
from gateway.sip.uri import Uri
from tests.builders.sip import CALLER, OFFER, RTP, Exchange

TIMER = ("Supported", "timer")


def _headers(expires: str = "", least: str = "", knows: bool = True) -> Headers:
    rows = [("Session-Expires", expires)] if expires else []
    rows += [("Min-SE", least)] if least else []
    return Headers([*rows, TIMER] if knows else rows)


@pytest.mark.parametrize(
    ("headers", "expires"),
    [
        # asked, Min-SE, knows timers                  our 2xx says (ours are 1800 s)
        (_headers(), Expires(1800, "uas")),
        (_headers(knows=False), Expires(1800, "uas")),
        (_headers("3600"), Expires(1800, "uas")),
        (_headers("3600;refresher=uac"), Expires(1800, "uac")),
        (_headers("3600;refresher=UAS"), Expires(1800, "uas")),
        (_headers("100;refresher=uac"), Expires(100, "uac")),
        (_headers("3600", "2400"), Expires(2400, "uas")),
        (_headers("60", knows=False), Expires(90, "uas")),  # it would not understand a 422
        (_headers("600;refresher=uac", knows=False), Expires(600, "uas")),
        (_headers("90"), Expires(90, "uas")),
    ],
)
def test_the_answer_follows_table_2(headers: Headers, expires: Expires) -> None:
    assert answer_of(headers, 1800) == expires


@pytest.mark.parametrize("text", ["89", "0"])
def test_less_than_anybody_may_ask_for_is_too_brief(text: str) -> None:
    with pytest.raises(SessionTooBrief) as refused:
        answer_of(_headers(text), 1800)
    assert refused.value.status == 422


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "99999999999999", "90;refresher"])
def test_a_value_that_cannot_be_read_is_refused_or_left_open(text: str) -> None:
    if text == "90;refresher":
        assert session_expires(_headers(text)) == Expires(90)
    else:
        with pytest.raises(SipError):
            session_expires(_headers(text))
        with pytest.raises(SipError):
            min_se(_headers(least=text))


def _answered(house: Exchange, *extra: str) -> tuple[object, Headers]:
    call = house.invited(extra=extra)
    call.answer(RTP)
    assert house.wire.take() == ["200"]
    headers = house.wire.last[0].headers
    house.arrive_in(call, "ACK", cseq=1, branch="z9hG4bKack")
    return call, headers


def _wait(house: Exchange, seconds: float) -> list[str]:
    house.advance(seconds, step=1)
    return house.wire.take()


def test_a_caller_without_timers_is_refreshed_by_our_invite() -> None:
    house = Exchange(session_expires_s=200)
    _, headers = _answered(house)
    assert headers.get("Session-Expires") == "200;refresher=uas"
    assert headers.get("Require") is None
    assert _wait(house, 99) == []
    assert _wait(house, 1.5)[0] == "INVITE"
    refresh = house.wire.last[0]
    assert isinstance(refresh, Request)
    assert refresh.headers.get("Session-Expires") == "200;refresher=uac"
    house.reply(200, refresh, body=OFFER)
    assert house.wire.take()[0] == "ACK"
    assert _wait(house, 95) == []
    assert _wait(house, 6)[0] == "INVITE", "and so on"
    assert house.ends == []


def test_a_caller_that_allows_update_is_refreshed_by_one_without_an_offer() -> None:
    house = Exchange(session_expires_s=200)
    _answered(house, "Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE")
    assert _wait(house, 100.5)[0] == "UPDATE"
    refresh = house.wire.last[0]
    assert isinstance(refresh, Request)
    assert refresh.body == b""
    house.reply(200, refresh, extra=("Session-Expires: 120;refresher=uac", "Require: timer"))
    assert _wait(house, 58) == []
    assert _wait(house, 4)[0] == "UPDATE", "at half of what was agreed anew"


@pytest.mark.parametrize("status", [405, 500, 501])
def test_a_refused_update_is_followed_by_an_invite(status: int) -> None:
    house = Exchange(session_expires_s=200)
    _answered(house, "Supported: timer", "Allow: INVITE, UPDATE")
    _wait(house, 100.5)
    refresh = house.wire.last[0]
    assert isinstance(refresh, Request)
    house.reply(status, refresh)
    assert house.wire.take() == ["INVITE"]


def test_a_far_end_that_no_longer_answers_our_refresh_is_gone() -> None:
    house = Exchange(session_expires_s=200)
    _answered(house, "Supported: timer", "Allow: INVITE, UPDATE")
    _wait(house, 99)
    _wait(house, 40)
    assert house.ends == ["peer_gone"]
    _wait(house, 70)
    assert house.clock.getDelayedCalls() == []


@pytest.mark.parametrize("status", [408, 481])
def test_a_far_end_that_does_not_know_the_call_any_more_is_gone(status: int) -> None:
    house = Exchange(session_expires_s=200)
    _answered(house, "Supported: timer", "Allow: INVITE, UPDATE")
    _wait(house, 100.5)
    refresh = house.wire.last[0]
    assert isinstance(refresh, Request)
    house.reply(status, refresh)
    assert house.ends == ["peer_gone"]


def test_a_far_end_that_refuses_to_be_refreshed_is_there_all_the_same() -> None:
    house = Exchange(session_expires_s=200)
    _answered(house)
    for _ in range(5):
        _wait(house, 101)
        refresh = house.wire.last[0]
        assert isinstance(refresh, Request)
        house.reply(488, refresh)
        house.wire.take()
    assert house.ends == []


def test_a_refresh_that_is_only_put_off_ends_the_call_at_its_time() -> None:
    house = Exchange(session_expires_s=200)
    _answered(house)
    for _ in range(205):
        for message, _hop in list(house.wire.sent):
            if isinstance(message, Request) and message.method == "INVITE":
                house.reply(100, message)
        house.wire.take()
        house.advance(1, step=0.5)
    assert house.ends == ["session_expired"]
    house.wire.take()
    _wait(house, 70)
    assert house.clock.getDelayedCalls() == []


def test_a_caller_who_refreshes_keeps_the_call_and_one_who_stops_loses_it() -> None:
    house = Exchange(session_expires_s=200)
    call, headers = _answered(house, "Supported: timer", "Session-Expires: 200;refresher=uac")
    assert headers.get("Session-Expires") == "200;refresher=uac"
    assert headers.get("Require") == "timer"
    for n in range(5):
        assert _wait(house, 150) == []
        house.arrive_in(
            call, "UPDATE", cseq=2 + n, branch=f"z9hG4bKu{n}",  # type: ignore[arg-type]
            extra=("Contact: <sip:alice@192.0.2.1>", "Supported: timer",
                   "Session-Expires: 200;refresher=uac"),
        )  # fmt: skip
        assert house.wire.take() == ["200"]
        assert house.wire.last[0].headers.get("Session-Expires") == "200;refresher=uac"
    assert _wait(house, 166) == []
    assert _wait(house, 3)[0] == "BYE"  # 32 s before the end (§10)
    assert house.ends == ["session_expired"]


def test_a_refresh_by_invite_counts_as_well() -> None:
    house = Exchange(session_expires_s=200)
    call, _ = _answered(house, "Supported: timer", "Session-Expires: 200;refresher=uac")
    _wait(house, 150)
    house.arrive_in(call, "INVITE", body=OFFER,  # type: ignore[arg-type]
                    extra=("Supported: timer", "Session-Expires: 200;refresher=uac"))  # fmt: skip
    house.arrive_in(call, "ACK", branch="z9hG4bKa2")  # type: ignore[arg-type]
    house.wire.take()
    assert _wait(house, 150) == []
    assert house.ends == []


def _dialled(**settings: object) -> tuple[Exchange, list[str], Request]:
    house, ends = Exchange(**settings), list[str]()
    call = house.agent.place(Uri("sip", "b", "192.0.2.1"), "95500", CALLER, RTP)
    call.on_closed(lambda reason: ends.append(reason.value))
    assert house.wire.take() == ["INVITE"]
    invite = house.wire.last[0]
    assert isinstance(invite, Request)
    return house, ends, invite


def test_our_invite_offers_a_timer_and_raises_it_when_it_is_too_brief() -> None:
    house, ends, invite = _dialled(session_expires_s=300)
    assert invite.headers.get("Session-Expires") == "300"
    house.reply(422, invite, extra=("Min-SE: 600",))
    assert house.wire.take() == ["ACK", "INVITE"]
    again = house.wire.last[1]
    assert isinstance(again, Request)
    assert (again.cseq.number, again.sender, again.call_id) == (2, invite.sender, invite.call_id)
    assert again.headers.get("Session-Expires") == "600"
    assert again.headers.get("Min-SE") == "600"
    assert ends == []


@pytest.mark.parametrize("least", ["", "Min-SE: 300", "Min-SE: 90", "Min-SE: x"])
def test_a_422_that_asks_for_no_more_ends_the_call(least: str) -> None:
    house, ends, invite = _dialled(session_expires_s=300)
    house.reply(422, invite, extra=(least,) if least else ())
    assert house.wire.take() == ["ACK"]
    assert ends == ["refused"]


@pytest.mark.parametrize(
    ("extra", "refreshes_at_s"),
    [
        ((), 150),  # the far end knows no timers: we refresh alone
        (("Session-Expires: 200;refresher=uac",), 100),
        (("Session-Expires: nonsense",), 150),
        (("Session-Expires: 1;refresher=uac",), 45),  # nobody makes us refresh more often
    ],
)
def test_we_refresh_a_call_of_ours(extra: tuple[str, ...], refreshes_at_s: int) -> None:
    house, _, invite = _dialled(session_expires_s=300)
    house.reply(200, invite, body=OFFER, extra=extra)
    house.wire.take()
    assert _wait(house, refreshes_at_s - 1) == []
    assert _wait(house, 1) == ["INVITE"]


def test_the_far_end_refreshes_a_call_of_ours_or_loses_it() -> None:
    house, ends, invite = _dialled(session_expires_s=300)
    extra = ("Session-Expires: 300;refresher=uas", "Require: timer")
    house.reply(200, invite, body=OFFER, extra=extra)
    house.wire.take()
    assert _wait(house, 266) == []
    assert _wait(house, 3)[0] == "BYE"
    assert ends == ["session_expired"]
