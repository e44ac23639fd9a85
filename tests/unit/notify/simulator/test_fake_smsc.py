"""The message centre we own, spoken to in raw PDUs: a fake that lies would prove nothing."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport

from notify.notices import ReceiptState
from notify.simulator.fake_smsc import LINKS_MAX, FakeSMSC, Mood, Script, SMSCSettings
from notify.simulator.reassembly import FRAGMENTS_MAX, Reassembly
from notify.transports.smpp.encoding import segment
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
    Tag,
    encode,
)
from tests.builders.notices import T0_NS


class Client:
    """One connection to the centre, without sockets."""

    def __init__(self, reactor: MemoryReactorClock) -> None:
        self.factory = reactor.tcpServers[0][1]
        self.protocol = self.factory.buildProtocol(None)
        self.wire = StringTransport()
        self.protocol.makeConnection(self.wire)
        self.sequence = 0

    def ask(self, body, sequence=None) -> list[PDU]:
        """Send a PDU; returns everything the centre wrote since the last time."""
        self.sequence += 1
        self.protocol.dataReceived(encode(PDU(sequence or self.sequence, 0, body)))
        return self.heard()

    def heard(self) -> list[PDU]:
        octets = self.wire.value()
        self.wire.clear()
        return PDUReader().feed(octets)

    def bind(self) -> "Client":
        (answer,) = self.ask(Bind(CommandID.BIND_TRANSCEIVER, "hotline", ""))
        assert answer.status == CommandStatus.ROK
        return self


def a_submit(text="hi", **changes) -> ShortMessage:
    body = segment(text, 1).parts[0]
    submit = ShortMessage(CommandID.SUBMIT_SM, "95500", "8613800138000", body)
    return submit._replace(registered_delivery=1, **changes)


@pytest.fixture
def reactor() -> MemoryReactorClock:
    return MemoryReactorClock()


def a_smsc(reactor, **settings) -> FakeSMSC:
    smsc = FakeSMSC(reactor, lambda: T0_NS, SMSCSettings(**settings))
    smsc.listen(2775)
    return smsc


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("hotline", "secret", CommandStatus.ROK),
        ("other", "secret", CommandStatus.RINVSYSID),
        ("hotline", "wrong", CommandStatus.RINVPASWD),
    ],
)
def test_a_login_is_checked(reactor, system_id, password, status) -> None:
    a_smsc(reactor, password="secret")

    (answer,) = Client(reactor).ask(Bind(CommandID.BIND_TRANSCEIVER, system_id, password))

    assert answer.status == status
    assert isinstance(answer.body, BindResp)


def test_nothing_is_taken_before_the_login(reactor) -> None:
    smsc = a_smsc(reactor)

    (answer,) = Client(reactor).ask(a_submit())

    assert answer.status == CommandStatus.RINVBNDSTS
    assert not smsc.messages


def test_a_message_is_kept_answered_and_receipted(reactor) -> None:
    smsc = a_smsc(reactor, receipt_delay_s=2)
    client = Client(reactor).bind()

    (answer,) = client.ask(a_submit(tlvs={Tag.USER_MESSAGE_REFERENCE: b"\x00\x07"}))
    assert answer.body == ShortMessageResp(CommandID.SUBMIT_SM_RESP, "1")
    assert smsc.messages[0].text == "hi"

    reactor.advance(2)
    (receipt,) = client.heard()
    assert receipt.body.short_message.startswith(b"id:1 sub:001 dlvrd:001")
    assert receipt.body.tlvs[Tag.RECEIPTED_MESSAGE_ID] == b"1\0"
    assert receipt.body.tlvs[Tag.USER_MESSAGE_REFERENCE] == b"\x00\x07"


def test_no_receipt_is_sent_unless_asked_for(reactor) -> None:
    a_smsc(reactor)
    client = Client(reactor).bind()
    client.ask(a_submit()._replace(registered_delivery=0))
    reactor.advance(10)
    assert client.heard() == []


def test_a_failed_delivery_is_told_in_both_forms(reactor) -> None:
    a_smsc(reactor, receipt_state=ReceiptState.UNDELIVERABLE, receipt_delay_s=1)
    client = Client(reactor).bind()
    client.ask(a_submit())
    reactor.advance(1)
    (receipt,) = client.heard()
    assert b"dlvrd:000" in receipt.body.short_message
    assert b"stat:UNDELIV err:001" in receipt.body.short_message
    assert receipt.body.tlvs[Tag.MESSAGE_STATE] == b"\x05"


def test_the_script_is_followed_step_by_step(reactor) -> None:
    smsc = a_smsc(reactor, receipt_delay_s=1, late_s=3)
    smsc.follow(
        [
            Script(status=CommandStatus.RTHROTTLED),
            Script(Mood.SILENT),
            Script(Mood.LATE),
            Script(Mood.RECEIPT_FIRST),
            Script(Mood.RECEIPT_TWICE),
            Script(Mood.NO_RECEIPT),
        ]
    )
    client = Client(reactor).bind()

    heard = [[pdu.body.command_id.name for pdu in client.ask(a_submit())] for _ in range(6)]
    assert heard == [
        ["SUBMIT_SM_RESP"],
        [],
        [],
        ["DELIVER_SM", "SUBMIT_SM_RESP"],
        ["SUBMIT_SM_RESP"],
        ["SUBMIT_SM_RESP"],
    ]
    assert smsc.submits == 5  # the throttled one was not taken
    reactor.advance(1)
    assert len(client.heard()) == 4  # silent, late, and twice
    reactor.advance(2)
    (late,) = client.heard()
    assert (late.sequence, late.body.message_id) == (4, "2")


@pytest.mark.parametrize(("mood", "submits"), [(Mood.DROP, 0), (Mood.DROP_TAKEN, 1)])
def test_it_can_drop_the_link_with_or_without_the_message(reactor, mood, submits) -> None:
    smsc = a_smsc(reactor)
    smsc.follow([Script(mood)])
    client = Client(reactor).bind()

    assert client.ask(a_submit()) == []
    assert client.wire.disconnecting
    assert smsc.submits == submits


def test_a_receipt_waits_for_a_link_and_comes_again_until_it_is_taken(reactor) -> None:
    a_smsc(reactor, receipt_delay_s=1, redeliver_s=5)
    first = Client(reactor).bind()
    first.ask(a_submit())
    first.protocol.connectionLost()
    reactor.advance(1)

    second = Client(reactor)
    _, receipt = second.ask(Bind(CommandID.BIND_TRANSCEIVER, "hotline", ""))
    second.protocol.dataReceived(
        encode(PDU(receipt.sequence, 0x64, ShortMessageResp(CommandID.DELIVER_SM_RESP)))
    )
    reactor.advance(5)
    (again,) = second.heard()
    assert again.body == receipt.body

    second.protocol.connectionLost()  # unanswered: it is delivered on the next link
    (_, once_more) = Client(reactor).ask(Bind(CommandID.BIND_TRANSCEIVER, "hotline", ""))
    assert once_more.body == receipt.body


def test_tests_of_the_link_are_answered_and_an_unbind_closes(reactor) -> None:
    a_smsc(reactor)
    client = Client(reactor).bind()
    assert client.ask(Bare(CommandID.ENQUIRE_LINK), 9) == [
        PDU(9, 0, Bare(CommandID.ENQUIRE_LINK_RESP))
    ]
    assert client.ask(Bare(CommandID.UNBIND), 10) == [PDU(10, 0, Bare(CommandID.UNBIND_RESP))]
    assert client.wire.disconnecting


def test_garbage_is_answered_or_drops_the_link(reactor) -> None:
    a_smsc(reactor)
    client = Client(reactor).bind()
    client.protocol.dataReceived(bytes.fromhex("00000010 00000003 00000000 00000005"))
    assert client.heard() == [PDU(5, CommandStatus.RINVCMDID, Bare(CommandID.GENERIC_NACK))]
    client.protocol.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
    assert client.wire.disconnecting


def test_links_are_bounded(reactor) -> None:
    a_smsc(reactor)
    clients = [Client(reactor) for _ in range(LINKS_MAX)]
    assert clients[0].factory.buildProtocol(None) is None


def test_it_stops_with_work_in_hand(reactor) -> None:
    smsc = a_smsc(reactor)
    client = Client(reactor).bind()
    client.ask(a_submit())
    done = []
    Deferred.fromCoroutine(smsc.stop()).addCallback(done.append)
    client.protocol.connectionLost()
    assert done == [None]
    assert not reactor.getDelayedCalls()


def test_messages_with_missing_parts_are_bounded() -> None:
    phone = Reassembly()
    first, last = segment("a" * 161, 0).parts
    for number in range(FRAGMENTS_MAX + 1):
        phone.take(
            "x",
            a_submit(destination_addr=str(number), esm_class=0x40)._replace(short_message=first),
        )
    ends = [
        phone.take(
            "y", a_submit(destination_addr=str(number), esm_class=0x40)._replace(short_message=last)
        )
        for number in (0, FRAGMENTS_MAX)
    ]
    assert ends[0] is None  # its beginning was dropped
    assert ends[1].text == "a" * 161
