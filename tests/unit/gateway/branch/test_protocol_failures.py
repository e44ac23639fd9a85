"""One branch connection when the branch, the disk or the clock does what it should not."""

from functools import cache

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.branch import wire
from gateway.branch.frames import REQUEST_BYTES_MAX, FrameReader, framed
from gateway.branch.protocol import HELLO_S_MAX, INVALID_MAX, REPLY_S_MAX
from gateway.journal.errors import JournalFailed
from tests.builders.branch import Door, an_order, hello, raw


@pytest.mark.parametrize(
    ("first", "code", "told"),
    [
        (raw(hello(), version=2, shiny=True), "branch.wrong_version", "must be 1, was 2"),
        (raw(hello(), version="x" * 99), "branch.wrong_version", "must be 1, was 'xxx"),
        (raw(hello("20001")), "branch.wrong_certificate", "is of 10001, hello said 20001"),
        (raw(hello(), extra=1), "branch.hello_expected", "unknown field `extra`"),
        (raw(an_order(1)), "branch.hello_expected", "must be hello"),
        (7, "branch.hello_expected", "must be hello"),
    ],
)
def test_a_wrong_hello_is_refused_with_its_remedy(first: object, code: str, told: str) -> None:
    peer = Door().peer(greets=False)
    peer.say(first)
    (refused,) = peer.heard()
    assert refused.code == code
    assert told in refused.text
    assert peer.link.is_over


def test_an_invalid_request_is_answered_and_others_go_on() -> None:
    peer = Door().peer()
    peer.say(raw(an_order(1), extra=1), raw(wire.Cash(9, "10000001"), account_no="x"), an_order(2))
    answers = peer.answers()
    assert [type(answer) for answer in answers] == [wire.Invalid, wire.Invalid, wire.Accepted]
    assert (answers[0].client_seq, answers[1].query_no) == (1, 9)
    assert "unknown field `extra`" in answers[0].text
    assert "account_no" in answers[1].text


def test_too_many_invalid_requests_end_the_connection() -> None:
    peer = Door().peer()
    peer.say(*[{"type": "junk"}] * (INVALID_MAX + 1))
    answers = peer.heard()
    assert len(answers) == INVALID_MAX + 1
    assert answers[-1].code == "branch.too_many_invalid"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (framed([b"\xc1\xc1"]), "must be a msgpack map"),
        (framed([msgspec.msgpack.encode([1, 2])]), "must be a msgpack map"),
        (framed([b""]), "must be a msgpack map"),
        ((REQUEST_BYTES_MAX + 1).to_bytes(4, "big"), "16384 bytes, was 16385"),
        (b"GET / HTTP/1.1\r\n\r\n", "16384 bytes, was"),
    ],
)
def test_bytes_that_are_no_message_end_the_connection(data: bytes, told: str) -> None:
    peer = Door().peer()
    peer.say(an_order(1))
    peer.link.receive(data)
    refused = next(answer for answer in peer.heard() if isinstance(answer, wire.Refused))
    assert refused.code == "branch.wire"
    assert told in refused.text
    peer.say(an_order(2))
    assert peer.heard() == []


def test_what_was_asked_before_garbage_is_still_carried_out() -> None:
    door = Door()
    peer = door.peer()
    peer.link.receive(framed([wire.encode(an_order(1)), b"\xc1"]))
    door.settle()
    again = door.peer()
    again.say(an_order(1))
    assert isinstance(again.answers()[0], wire.Accepted)
    assert door.book.orders.count == 2


def test_a_connection_with_too_much_unanswered_is_full_until_answers_leave() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1), an_order(2))
    assert not peer.link.is_full
    peer.say(an_order(3))
    assert peer.link.is_full
    door.settle()
    assert not peer.link.is_full


def test_silence_brings_a_heartbeat_then_the_end() -> None:
    door = Door()
    peer = door.peer()
    for _ in range(10):
        door.clock.advance(1)
        peer.link.tick()
    assert peer.heard() == [wire.Heartbeat()]
    for _ in range(25):
        door.clock.advance(1)
        peer.link.tick()
    assert peer.heard()[-1].code == "branch.silent"


def test_a_heartbeat_keeps_the_connection() -> None:
    door = Door()
    peer = door.peer()
    for _ in range(100):
        door.clock.advance(1)
        peer.say(wire.Heartbeat())
        peer.link.tick()
        peer.link.take()
    assert not peer.link.is_over


def test_hello_must_come_in_time() -> None:
    door = Door()
    peer = door.peer(greets=False)
    door.clock.advance(HELLO_S_MAX + 0.1)
    peer.link.tick()
    assert peer.heard()[0].code == "branch.hello_late"


def test_an_outcome_that_takes_too_long_is_unknown_and_comes_later() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    door.clock.advance(REPLY_S_MAX)
    peer.link.tick()
    late = [wire.decode_answer(frame) for frame in FrameReader(10**6).feed(peer.link.take())]
    unknown = [message for message in late if isinstance(message, wire.Failed)]
    assert [(failed.client_seq, failed.is_unknown) for failed in unknown] == [(1, True)]
    assert isinstance(peer.answers()[0], wire.Accepted)


def test_a_failed_disk_makes_pending_requests_unknown_and_closes_the_door() -> None:
    door = Door()
    peer = door.peer()
    peer.say(an_order(1))
    door.clock.advance(0)
    door.journal.break_down(JournalFailed("No space left on device"))
    (failed,) = peer.answers()
    assert (failed.client_seq, failed.is_unknown) == (1, True)
    assert failed.code == "core.outcome_unknown"
    peer.say(an_order(2))
    (refused,) = peer.answers()
    assert refused.code == "branch.closing"


def test_while_not_accepting_orders_are_denied() -> None:
    door = Door()
    peer = door.peer()
    door.sequencer.accept(False)
    peer.say(an_order(1))
    assert peer.answers()[0].name == "NOT_ACCEPTING"


_MAPS = st.dictionaries(
    st.sampled_from(
        ["type", "client_seq", "query_no", "account_no", "qty", "price", "day", "side"]
    ),
    st.one_of(
        st.sampled_from(["order", "cancel", "hello", "cash", "orders", "quote", "heartbeat"]),
        st.integers(-(2**63), 2**64 - 1),
        st.text(max_size=20),
        st.none(),
        st.lists(st.integers(0, 9), max_size=3),
    ),
)


@cache
def one_door() -> Door:
    """Return a door for all examples: opening one takes longer than an example."""
    return Door()


@settings(max_examples=200, deadline=None)
@given(
    is_welcome=st.booleans(),
    parts=st.lists(
        st.one_of(
            st.binary(max_size=40),
            _MAPS.map(lambda fields: framed([msgspec.msgpack.encode(fields)])),
            st.binary(max_size=30).map(lambda data: framed([data])),
        ),
        max_size=6,
    ),
)
@example(is_welcome=True, parts=[framed([b"\xa1\x80"])])  # text that is no UTF-8
@example(is_welcome=True, parts=[framed([b"\x91" * 5_000])])  # nested without end
def test_whatever_comes_is_answered_or_ends_the_connection(
    is_welcome: bool, parts: list[bytes]
) -> None:
    peer = one_door().peer(greets=is_welcome)
    for part in parts:
        peer.link.receive(part)
    answers = peer.heard()
    assert peer.link.is_over == any(isinstance(answer, wire.Refused) for answer in answers)
    peer.link.closed()
