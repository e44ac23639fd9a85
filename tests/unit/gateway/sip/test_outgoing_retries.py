"""What an INVITE of ours meets: challenges, redirections, lost connections, late answers."""

from collections.abc import Sequence

import pytest

from gateway.sip.errors import SipError
from gateway.sip.message import Request
from gateway.sip.uri import Uri
from gateway.sip.wire import Hop
from tests.builders.sip import CALLER, OFFER, RTP, Exchange


class Password:
    """Answers every challenge with what it was asked, unless told not to."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], str, str]] = []
        self.knows = True
        self.fails = False

    def answer(self, challenges: Sequence[str], method: str, uri: str) -> str | None:
        self.asked.append((tuple(challenges), method, uri))
        if self.fails:
            raise SipError("malformed challenge")
        return f"Digest for={method}" if self.knows else None


class Dialling:
    """A call of ours with a password, and what it told."""

    def __init__(self, peer: Hop = CALLER, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.house = Exchange()
        self.password = Password()
        self.told: list[str] = []
        self.call = self.house.agent.place(
            Uri("sip", "b", "192.0.2.1"), "95500", peer, RTP,
            credentials=self.password, headers=headers,
        )  # fmt: skip
        self.call.on_answered(lambda _: self.told.append("answered"))
        self.call.on_closed(lambda reason: self.told.append(reason.value))

    def took(self, *kinds: str) -> Request:
        """Expect these on the wire and return the last."""
        assert self.house.wire.take() == list(kinds)
        request = self.house.wire.last[-1]
        assert isinstance(request, Request)
        return request

    def reply(self, status: int, request: Request, *extra: str, **more: str) -> None:
        self.house.reply(status, request, extra=extra, **more)  # type: ignore[arg-type]


@pytest.fixture
def dialling() -> Dialling:
    return Dialling()


def test_headers_that_are_given_go_along() -> None:
    invite = Dialling(headers=(("P-Asserted-Identity", "<sip:95500@h>"),)).took("INVITE")
    assert invite.headers.get("P-Asserted-Identity") == "<sip:95500@h>"


@pytest.mark.parametrize(
    ("status", "asks", "says"),
    [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
    ],
)
def test_a_challenge_is_answered_by_the_next_invite(status: int, asks: str, says: str) -> None:
    dialling = Dialling()
    first = dialling.took("INVITE")
    challenges = ('Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2"')
    dialling.reply(status, first, *(f"{asks}: {text}" for text in challenges))
    again = dialling.took("ACK", "INVITE")
    assert dialling.password.asked == [(challenges, "INVITE", "sip:b@192.0.2.1")]
    assert again.headers.get(says) == "Digest for=INVITE"
    assert (again.cseq.number, again.sender, again.body) == (2, first.sender, first.body)
    assert again.via.branch != first.via.branch
    dialling.reply(200, again, body=OFFER)
    ack = dialling.took("ACK")
    assert (ack.cseq.number, ack.headers.get(says)) == (2, "Digest for=INVITE")
    assert dialling.told == ["answered"]


def test_a_proxy_and_the_far_end_may_both_ask_and_hear_both_answers(dialling: Dialling) -> None:
    dialling.reply(407, dialling.took("INVITE"), 'Proxy-Authenticate: Digest realm="p"')
    dialling.reply(401, dialling.took("ACK", "INVITE"), 'WWW-Authenticate: Digest realm="u"')
    third = dialling.took("ACK", "INVITE")
    assert third.headers.get("Proxy-Authorization") == "Digest for=INVITE"
    assert third.headers.get("Authorization") == "Digest for=INVITE"


def test_a_far_end_that_asks_again_and_again_ends_the_call(dialling: Dialling) -> None:
    invite = dialling.took("INVITE")
    for _ in range(2):
        dialling.reply(401, invite, 'WWW-Authenticate: Digest realm="u"')
        invite = dialling.took("ACK", "INVITE")
    dialling.reply(401, invite, 'WWW-Authenticate: Digest realm="u"')
    dialling.took("ACK")
    assert dialling.told == ["refused"]


@pytest.mark.parametrize("way", ["knows nothing", "fails", "no challenge"])
def test_a_challenge_that_cannot_be_answered_ends_the_call(way: str) -> None:
    dialling = Dialling()
    dialling.password.knows = way == "fails"
    dialling.password.fails = way == "fails"
    extra = () if way == "no challenge" else ("WWW-Authenticate: Basic x",)
    dialling.reply(401, dialling.took("INVITE"), *extra)
    dialling.took("ACK")
    assert (dialling.told, dialling.call.status) == (["refused"], 401)


def test_requests_within_the_call_answer_a_challenge_once(dialling: Dialling) -> None:
    dialling.reply(200, dialling.took("INVITE"), body=OFFER)
    dialling.took("ACK")
    dialling.call.hangup()
    bye = dialling.took("BYE")
    dialling.reply(407, bye, 'Proxy-Authenticate: Digest realm="p"')
    again = dialling.took("BYE")
    assert again.cseq.number == bye.cseq.number + 1
    assert again.headers.get("Proxy-Authorization") == "Digest for=BYE"
    dialling.reply(407, again, 'Proxy-Authenticate: Digest realm="p"')
    assert dialling.house.wire.take() == []
    dialling.house.advance(40, step=1)
    assert dialling.house.clock.getDelayedCalls() == []


def test_the_ack_of_a_challenged_change_shows_the_password_as_well(dialling: Dialling) -> None:
    dialling.reply(200, dialling.took("INVITE"), body=OFFER)
    dialling.took("ACK")
    dialling.call.hold()
    dialling.reply(401, dialling.took("INVITE"), 'WWW-Authenticate: Digest realm="u"')
    again = dialling.took("ACK", "INVITE")
    dialling.reply(200, again, body=OFFER)
    ack = dialling.took("ACK")
    assert (ack.cseq.number, ack.headers.get("Authorization")) == (3, "Digest for=INVITE")


def test_a_hang_up_amid_a_challenge_is_not_followed_by_another_invite(dialling: Dialling) -> None:
    invite = dialling.took("INVITE")
    dialling.reply(100, invite)
    dialling.call.hangup()
    dialling.took("CANCEL")
    dialling.reply(401, invite, 'WWW-Authenticate: Digest realm="u"')
    dialling.took("ACK")
    assert dialling.told == ["cancelled"]


def test_a_redirection_is_followed_best_first_without_our_password(dialling: Dialling) -> None:
    first = dialling.took("INVITE")
    contacts = (
        "<sip:c@name.example.com>, <sip:low@203.0.113.5>;q=0.1, <mailto:x@y>, "
        "<sip:high@203.0.113.6:5070;transport=tcp>;q=0.9, nonsense"
    )
    dialling.reply(302, first, contact=contacts)
    assert [hop for _, hop in dialling.house.wire.sent] == [
        CALLER, Hop("203.0.113.6", 5070, "TCP"),
    ]  # fmt: skip
    again = dialling.took("ACK", "INVITE")
    assert str(again.uri) == "sip:high@203.0.113.6:5070;transport=tcp"
    assert (str(again.to), again.cseq.number) == (str(first.to), 2)
    assert again.via.transport == "TCP"
    assert ";transport=tcp" in (again.headers.get("Contact") or "")
    dialling.reply(404, again)
    last = dialling.took("ACK", "INVITE")
    assert str(last.uri) == "sip:low@203.0.113.5"
    dialling.reply(401, last, 'WWW-Authenticate: Digest realm="u"')
    dialling.took("ACK")
    assert dialling.password.asked == []
    assert dialling.told == ["refused"]


@pytest.mark.parametrize(
    "contact",
    ["<sip:c@name.example.com>", "<mailto:x@y>", "nonsense", "<sip:b@192.0.2.1;transport=sctp>"],
)  # fmt: skip
def test_a_redirection_to_nowhere_ends_the_call(contact: str) -> None:
    dialling = Dialling()
    dialling.reply(302, dialling.took("INVITE"), contact=contact)
    dialling.took("ACK")
    assert dialling.told == ["refused"]


def test_a_redirection_in_a_circle_ends(dialling: Dialling) -> None:
    invites = 0
    while invite := next(
        (m for m, _ in dialling.house.wire.sent
         if isinstance(m, Request) and m.method == "INVITE"), None,
    ):  # fmt: skip
        dialling.house.wire.take()
        invites += 1
        dialling.reply(302, invite, contact="<sip:b@192.0.2.1>")
    assert invites == 8
    assert dialling.told == ["refused"]


def test_a_600_is_final_wherever_else_there_is(dialling: Dialling) -> None:
    contacts = "<sip:a@192.0.2.5>, <sip:b@192.0.2.6>"
    dialling.reply(300, dialling.took("INVITE"), contact=contacts)
    dialling.reply(603, dialling.took("ACK", "INVITE"))
    dialling.took("ACK")
    assert dialling.told == ["refused"]


def test_a_connection_that_ends_before_any_answer_fails_the_call_at_once() -> None:
    peer = Hop("192.0.2.1", 5060, "TCP")
    dialling = Dialling(peer)
    dialling.took("INVITE")
    dialling.house.wire.cut(peer)
    assert dialling.told == ["no_answer"]
    assert dialling.house.clock.getDelayedCalls() == []


def test_a_call_that_rings_outlives_its_connection() -> None:
    peer = Hop("192.0.2.1", 5060, "TCP")
    dialling = Dialling(peer)
    invite = dialling.took("INVITE")
    dialling.reply(180, invite)
    dialling.house.wire.cut(peer)
    dialling.reply(200, invite, body=OFFER)
    assert dialling.told == ["answered"]


def test_over_tcp_nothing_is_repeated() -> None:
    dialling = Dialling(Hop("192.0.2.1", 5060, "TCP"))
    dialling.house.advance(20)
    dialling.took("INVITE")
