"""The session rules, one moment at a time: bytes and seconds in, effects out."""

import pytest

from notify.transports.smpp.link import (
    Answered,
    Bound,
    Delivered,
    Drop,
    Late,
    Link,
    LinkLimits,
    Phase,
    Throttled,
    Unanswered,
    Unsent,
    Write,
)
from notify.transports.smpp.pdu import (
    PDU,
    Bare,
    Bind,
    BindResp,
    CommandID,
    CommandStatus,
    PDUReader,
    ShortMessage,
    ShortMessageResp,
    encode,
)

LIMITS = LinkLimits(
    window=2,
    pdus_per_s=0,
    bind_timeout_s=5,
    response_timeout_s=10,
    enquire_link_s=30,
    throttle_first_s=1,
    throttle_s_max=4,
)


def a_submit(text: bytes = b"hi") -> ShortMessage:
    return ShortMessage(CommandID.SUBMIT_SM, "1", "2", text)


def written(effects) -> list[PDU]:
    """The PDUs that were written."""
    return PDUReader().feed(b"".join(e.octets for e in effects if isinstance(e, Write)))


def told(effects) -> list:
    """Everything but the writes."""
    return [effect for effect in effects if not isinstance(effect, Write)]


def answer(sequence: int, status: int = 0, message_id: str = "m") -> bytes:
    return encode(PDU(sequence, status, ShortMessageResp(CommandID.SUBMIT_SM_RESP, message_id)))


def bare(command_id: CommandID, sequence: int, status: int = 0) -> bytes:
    return encode(PDU(sequence, status, Bare(command_id)))


def a_link(**changes) -> Link:
    """A bound link; its next sequence number is 2."""
    link = Link(Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LIMITS._replace(**changes))
    (bind,) = written(link.opened(0))
    resp = BindResp(CommandID.BIND_TRANSCEIVER_RESP, "centre")
    assert told(link.received(encode(PDU(bind.sequence, 0, resp)), 0)) == [Bound()]
    return link


def test_a_refused_bind_drops_the_link() -> None:
    link = Link(Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LIMITS)
    link.opened(0)
    resp = BindResp(CommandID.BIND_TRANSCEIVER_RESP)
    assert link.received(encode(PDU(1, CommandStatus.RINVPASWD, resp)), 1) == [
        Drop("smpp_bind_refused_0xe")
    ]


def test_an_unanswered_bind_drops_the_link() -> None:
    link = Link(Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LIMITS)
    link.opened(0)
    assert link.due_s() == 5
    assert link.tick(4.9) == []
    assert link.tick(5) == [Drop("smpp_binding_timeout")]


def test_nothing_is_submitted_before_the_bind() -> None:
    link = Link(Bind(CommandID.BIND_TRANSCEIVER, "a", "b"), LIMITS)
    link.opened(0)
    assert link.submit("t", a_submit(), 0, 60) == [Unsent("t", "smpp_not_bound")]


def test_the_window_bounds_unanswered_submits() -> None:
    link = a_link()
    effects = [e for token in "abc" for e in link.submit(token, a_submit(), 1, 60)]
    assert [pdu.sequence for pdu in written(effects)] == [2, 3]

    effects = link.received(answer(3, message_id="m3"), 2)

    assert told(effects) == [Answered("b", 0, "m3")]
    assert [pdu.sequence for pdu in written(effects)] == [4]


def test_the_pace_spaces_submits() -> None:
    link = a_link(pdus_per_s=2, window=10)
    effects = [e for token in "abc" for e in link.submit(token, a_submit(), 1, 60)]
    assert len(written(effects)) == 1
    assert link.due_s() == 1.5
    assert len(written(link.tick(1.5))) == 1
    assert len(written(link.tick(1.9))) == 0
    assert len(written(link.tick(2.0))) == 1


def test_throttling_pauses_the_link_and_keeps_the_order() -> None:
    link = a_link()
    for token in (b"a", b"b", b"c"):
        link.submit(token, a_submit(token), 1, 60)

    # both of the window are throttled, the later one first: one pause
    effects = link.received(answer(3, CommandStatus.RTHROTTLED), 2)
    effects += link.received(answer(2, CommandStatus.RMSGQFUL), 2)
    assert told(effects) == [Throttled(1), Throttled(0)]
    assert written(effects) == []
    assert link.due_s() == 3

    assert link.tick(2.9) == []
    (first,) = written(link.tick(3))  # alone, until the centre is content
    assert first.body.short_message == b"a"
    effects = link.received(answer(first.sequence), 4)
    assert [pdu.body.short_message for pdu in written(effects)] == [b"b", b"c"]


def test_repeated_throttling_doubles_the_pause_up_to_its_limit() -> None:
    link = a_link()
    (pdu,) = written(link.submit("t", a_submit(), 0, 1000))
    now_s, pauses = 0.0, []
    for _ in range(5):
        (throttled,) = told(link.received(answer(pdu.sequence, CommandStatus.RTHROTTLED), now_s))
        pauses.append(throttled.pause_s)
        now_s += throttled.pause_s
        (pdu,) = written(link.tick(now_s))
    assert pauses == [1, 2, 4, 4, 4]


def test_a_submit_that_was_only_throttled_ends_unsent() -> None:
    link = a_link()
    link.submit("t", a_submit(), 0, 2.5)
    link.received(answer(2, CommandStatus.RTHROTTLED), 2)
    assert link.due_s() == 2.5
    assert link.tick(2.5) == [Unsent("t", "smpp_throttled")]


def test_a_missing_answer_is_unknown_and_a_late_one_is_told() -> None:
    link = a_link()
    link.submit("t", a_submit(), 0, 60)
    assert link.due_s() == 10
    assert link.tick(10) == [Unanswered("t", "smpp_response_timeout")]

    assert told(link.received(answer(2, message_id="m2"), 12)) == [Late("t", "m2")]
    assert told(link.received(answer(2, message_id="m2"), 13)) == []  # a second answer


def test_a_lost_link_leaves_written_submits_unknown_and_waiting_ones_unsent() -> None:
    link = a_link(window=1)
    link.submit("a", a_submit(), 0, 60)
    link.submit("b", a_submit(), 0, 60)
    assert link.lost() == [Unanswered("a", "smpp_link_lost"), Unsent("b", "smpp_link_lost")]
    assert link.phase is Phase.CLOSED
    assert link.due_s() == float("inf")


def test_silence_is_tested_and_its_end_drops_the_link() -> None:
    link = a_link()
    assert link.due_s() == 30
    (test,) = written(link.tick(30))
    assert test.body == Bare(CommandID.ENQUIRE_LINK)
    link.received(bare(CommandID.ENQUIRE_LINK_RESP, test.sequence), 31)
    assert link.due_s() == 61

    link.tick(61)
    assert link.due_s() == 71
    assert told(link.tick(71)) == [Drop("smpp_enquire_link_timeout")]


def test_a_link_with_traffic_is_not_tested() -> None:
    link = a_link()
    link.received(bare(CommandID.ENQUIRE_LINK, 1), 20)
    assert link.tick(30) == []
    assert link.due_s() == 50


def test_the_centres_test_is_answered_with_its_number() -> None:
    (pdu,) = written(a_link().received(bare(CommandID.ENQUIRE_LINK, 77), 1))
    assert pdu == PDU(77, 0, Bare(CommandID.ENQUIRE_LINK_RESP))


def test_a_deliver_is_told_and_answered_when_acknowledged() -> None:
    link = a_link()
    deliver = ShortMessage(CommandID.DELIVER_SM, "2", "1", b"id:1")
    assert link.received(encode(PDU(9, 0, deliver)), 1) == [Delivered(9, deliver)]
    (pdu,) = written(link.acknowledge(9, CommandStatus.RX_T_APPN))
    assert (pdu.sequence, pdu.status) == (9, CommandStatus.RX_T_APPN)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (bytes.fromhex("00000010 00000003 00000000 00000005"), CommandStatus.RINVCMDID),
        (bytes.fromhex("00000010 00000005 00000000 00000005"), CommandStatus.RINVCMDLEN),
        (encode(PDU(5, 0, a_submit())), CommandStatus.RINVCMDID),
        (encode(PDU(5, 0, Bind(CommandID.BIND_RECEIVER, "", ""))), CommandStatus.RINVCMDID),
    ],
)
def test_requests_we_cannot_serve_get_a_generic_nack(octets, status) -> None:
    (pdu,) = written(a_link().received(octets, 1))
    assert pdu == PDU(5, status, Bare(CommandID.GENERIC_NACK))


def test_a_generic_nack_ends_its_submit() -> None:
    link = a_link()
    link.submit("t", a_submit(), 0, 60)
    effects = link.received(bare(CommandID.GENERIC_NACK, 2, CommandStatus.RINVCMDLEN), 1)
    assert told(effects) == [Answered("t", CommandStatus.RINVCMDLEN, "")]


def test_an_answer_that_cannot_be_read_is_unknown() -> None:
    link = a_link()
    link.submit("t", a_submit(), 0, 60)
    octets = bytes.fromhex("00000014 80000004 00000000 00000002 41414141")
    assert told(link.received(octets, 1)) == [Unanswered("t", "smpp_answer_unreadable")]


def test_answers_to_nothing_are_ignored() -> None:
    link = a_link()
    assert told(link.received(answer(99), 1)) == []


def test_an_unbind_gives_up_what_waits_and_drops_when_answered() -> None:
    link = a_link(window=1)
    link.submit("a", a_submit(), 0, 60)
    link.submit("b", a_submit(), 0, 60)
    effects = link.unbind(1)
    assert told(effects) == [Unsent("b", "smpp_stopping")]
    assert written(effects)[0].body == Bare(CommandID.UNBIND)
    effects = link.received(answer(2) + bare(CommandID.UNBIND_RESP, 3), 2)
    assert told(effects) == [Answered("a", 0, "m"), Drop("stopped")]


def test_an_unbind_of_the_centre_is_answered_and_followed() -> None:
    effects = a_link().received(bare(CommandID.UNBIND, 8), 1)
    assert written(effects)[0].body == Bare(CommandID.UNBIND_RESP)
    assert told(effects) == [Drop("smpp_unbound_by_peer")]


def test_sequence_numbers_skip_zero_and_those_in_use() -> None:
    link = a_link(window=5)
    link.submit("a", a_submit(), 0, 60)  # 2 stays in use
    link._sequence = 0x7FFFFFFE
    numbers = [written(link.submit(token, a_submit(), 0, 60))[0].sequence for token in "bcd"]
    assert numbers == [0x7FFFFFFF, 1, 3]
