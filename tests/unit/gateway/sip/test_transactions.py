"""Transactions by themselves, in virtual time: every timer of RFC 3261 table 4."""

import pytest
from twisted.internet.task import Clock

from gateway.sip.client_transaction import (
    ClientState,
    ClientTransaction,
    InviteClientTransaction,
    cancel_of,
)
from gateway.sip.errors import SipNotSent
from gateway.sip.message import Request, Response, parse_message
from gateway.sip.responses import response_to
from gateway.sip.server_transaction import (
    InviteServerTransaction,
    ServerState,
    ServerTransaction,
)
from gateway.sip.wire import RFC_TIMERS, Hop
from tests.builders.sip import a_request

SOURCE = Hop("192.0.2.1", 5060)


def _request(method: str = "INVITE") -> Request:
    request = parse_message(a_request(method).encode())
    assert isinstance(request, Request)
    return request


class Bench:
    """One transaction, what it sent and when, and what it told."""

    def __init__(self, method: str, is_reliable: bool = False) -> None:
        self.clock = Clock()
        self.request = _request(method)
        self.sent_at: list[float] = []
        self.told: list[str] = []
        self.is_broken = False
        self.is_reliable = is_reliable

    def send(self, data: bytes) -> None:
        if self.is_broken:
            raise SipNotSent("broken")
        self.sent_at.append(round(self.clock.seconds(), 2))

    def server(self) -> ServerTransaction:
        kind = InviteServerTransaction if self.request.method == "INVITE" else ServerTransaction
        return kind(
            self.request, SOURCE, "tag", self.send, self.clock, RFC_TIMERS, self.is_reliable,
            lambda: self.told.append("end"),
        )  # fmt: skip

    def client(self) -> ClientTransaction:
        is_invite = self.request.method == "INVITE"
        kind = InviteClientTransaction if is_invite else ClientTransaction
        client = kind(
            self.request, self.send, self.clock, RFC_TIMERS, self.is_reliable,
            lambda response: self.told.append(str(response.status)),
            lambda: self.told.append("failed"), lambda: self.told.append("end"),
        )  # fmt: skip
        client.start()
        return client

    def answer(self, status: int) -> Response:
        return response_to(self.request, status, "tag")

    def advance(self, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            self.clock.advance(0.05)


def test_a_failure_of_an_invite_is_repeated_by_timer_g_until_timer_h() -> None:
    bench = Bench("INVITE")
    server = bench.server()
    server.respond(bench.answer(404))
    bench.advance(33)
    assert bench.sent_at == pytest.approx(
        [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5], abs=0.6
    )
    assert (server.state, bench.told) == (ServerState.TERMINATED, ["end"])


def test_the_ack_of_a_failure_starts_timer_i() -> None:
    bench = Bench("INVITE")
    server = bench.server()
    server.respond(bench.answer(404))
    assert isinstance(server, InviteServerTransaction)
    server.acknowledge()
    server.receive_again()
    bench.advance(4.9)
    assert (server.state, len(bench.sent_at)) == (ServerState.CONFIRMED, 1)
    bench.advance(0.2)
    assert server.state is ServerState.TERMINATED


def test_an_accepted_invite_absorbs_its_repeats_for_timer_l() -> None:
    bench = Bench("INVITE")
    server = bench.server()
    server.respond(bench.answer(200))
    bench.advance(31)
    server.receive_again()
    assert (server.state, bench.sent_at) == (ServerState.ACCEPTED, [0])
    bench.advance(1.1)
    assert server.state is ServerState.TERMINATED


def test_a_repeated_request_gets_the_repeated_answer_for_timer_j() -> None:
    bench = Bench("BYE")
    server = bench.server()
    server.receive_again()
    assert bench.sent_at == [], "nothing to repeat yet"
    server.respond(bench.answer(200))
    server.receive_again()
    assert bench.sent_at == [0, 0]
    bench.advance(32.1)
    assert bench.told == ["end"]


@pytest.mark.parametrize(("method", "status"), [("INVITE", 404), ("BYE", 200)])
def test_a_reliable_transport_repeats_nothing(method: str, status: int) -> None:
    bench = Bench(method, is_reliable=True)
    server = bench.server()
    server.respond(bench.answer(status))
    bench.advance(33)
    assert (bench.sent_at, bench.told) == ([0], ["end"])


def test_a_second_final_answer_is_a_bug() -> None:
    bench = Bench("BYE")
    server = bench.server()
    server.respond(bench.answer(200))
    with pytest.raises(AssertionError):
        server.respond(bench.answer(500))


def test_a_request_is_repeated_by_timer_e_until_timer_f() -> None:
    bench = Bench("OPTIONS")
    client = bench.client()
    bench.advance(33)
    assert bench.sent_at[:6] == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 11.5], abs=0.3)
    assert (client.state, bench.told) == (ClientState.TERMINATED, ["end", "failed"])


def test_a_provisional_answer_slows_timer_e_to_t2() -> None:
    bench = Bench("OPTIONS")
    client = bench.client()
    client.receive(bench.answer(100))
    bench.advance(13)
    assert bench.sent_at == pytest.approx([0, 0.5, 4.5, 8.5, 12.5], abs=0.3)


def test_a_final_answer_is_told_once_and_absorbed_for_timer_k() -> None:
    bench = Bench("OPTIONS")
    client = bench.client()
    client.receive(bench.answer(200))
    client.receive(bench.answer(200))
    bench.advance(6)
    assert (bench.told, len(bench.sent_at)) == (["200", "end"], 1)


def test_an_invite_is_repeated_by_timer_a_until_it_rings() -> None:
    bench = Bench("INVITE")
    client = bench.client()
    bench.advance(16)
    client.receive(bench.answer(180))
    bench.advance(60)
    assert bench.sent_at == pytest.approx([0, 0.5, 1.5, 3.5, 7.5, 15.5], abs=0.3)
    assert bench.told == ["180"]


def test_an_invite_without_an_answer_fails_at_timer_b() -> None:
    bench = Bench("INVITE")
    bench.client()
    bench.advance(32.1)
    assert bench.told == ["end", "failed"]


def test_repeated_failures_of_an_invite_are_acknowledged_for_timer_d() -> None:
    bench = Bench("INVITE")
    client = bench.client()
    for _ in range(3):
        client.receive(bench.answer(486))
    assert (bench.told, len(bench.sent_at)) == (["486"], 4)
    bench.advance(32.1)
    assert bench.told == ["486", "end"]


def test_every_answer_to_an_accepted_invite_is_told_for_timer_m() -> None:
    bench = Bench("INVITE")
    client = bench.client()
    client.receive(bench.answer(200))
    client.receive(bench.answer(200))
    client.receive(bench.answer(486))
    bench.advance(32.1)
    assert bench.told == ["200", "200", "end"]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_a_request_that_cannot_be_sent_fails_at_once(method: str) -> None:
    bench = Bench(method)
    bench.is_broken = True
    bench.client()
    assert bench.told == ["end", "failed"]
    assert bench.clock.getDelayedCalls() == []


def test_a_reliable_transport_sends_an_invite_once() -> None:
    bench = Bench("INVITE", is_reliable=True)
    bench.client()
    bench.advance(20)
    assert bench.sent_at == [0]


def test_cancel_differs_from_its_invite_only_where_it_must() -> None:
    invite = _request()
    cancel = cancel_of(invite)
    assert (cancel.method, cancel.uri, cancel.via, cancel.call_id) == (
        "CANCEL", invite.uri, invite.via, invite.call_id,
    )  # fmt: skip
    assert cancel.cseq == (invite.cseq.number, "CANCEL")
    assert cancel.to == invite.to
