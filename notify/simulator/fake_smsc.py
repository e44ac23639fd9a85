"""A message centre that speaks SMPP 3.4: product code for demos, tests and training.

Takes binds and submits, keeps the messages put together again, sends delivery receipts, and has
moods on script: throttle, answer with any status, stay silent, receipt before the answer, repeat a
receipt, drop the link. Not here: the rules of our own side (notify.transports.smpp.link).
"""

import enum
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import structlog
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.python.failure import Failure

from notify.notices import ReceiptState
from notify.simulator.reassembly import KeptMessage, Reassembly
from notify.transports.smpp.pdu import (
    PDU,
    Bare,
    Bind,
    BindResp,
    Body,
    CommandID,
    CommandStatus,
    Foreign,
    Malformed,
    PDUReader,
    ShortMessage,
    ShortMessageResp,
    SMPPError,
    Tag,
    encode,
    is_request,
    response_id,
)
from risk.domain.ids import china_time

log = structlog.get_logger("notify")

MESSAGES_MAX: Final = 10_000
RECEIPTS_MAX: Final = 10_000  # that wait for a link
LINKS_MAX: Final = 16
_STATE_WORDS: Final = {
    ReceiptState.ENROUTE: "ENROUTE",
    ReceiptState.DELIVERED: "DELIVRD",
    ReceiptState.EXPIRED: "EXPIRED",
    ReceiptState.DELETED: "DELETED",
    ReceiptState.UNDELIVERABLE: "UNDELIV",
    ReceiptState.ACCEPTED: "ACCEPTD",
    ReceiptState.UNKNOWN: "UNKNOWN",
    ReceiptState.REJECTED: "REJECTD",
}


class Mood(enum.Enum):
    """What to do with the next submit instead of taking it in peace."""

    TAKE = "take"
    SILENT = "silent"  # take it, answer never
    LATE = "late"  # take it, answer after `late_s`
    DROP = "drop"  # close the link without an answer
    DROP_TAKEN = "drop_taken"  # take it, then close the link without an answer
    RECEIPT_FIRST = "receipt_first"  # the receipt overtakes the answer
    RECEIPT_TWICE = "receipt_twice"
    NO_RECEIPT = "no_receipt"


class Script(NamedTuple):
    """One step: a mood, or a status to answer with (throttled, queue full, refused)."""

    mood: Mood = Mood.TAKE
    status: int = CommandStatus.ROK


class SMSCSettings(NamedTuple):
    """How the centre behaves when no script says otherwise."""

    system_id: str = "hotline"
    password: str = ""
    receipt_delay_s: float = 0.05
    receipt_state: ReceiptState = ReceiptState.DELIVERED
    late_s: float = 1.0
    ids_as: str = "d"  # format of message ids in answers
    receipt_ids_as: str = "d"  # and in receipts: real centres differ
    receipt_tlvs: bool = True
    redeliver_s: float = 0.5  # wait before a receipt that was not taken is sent again


class FakeSMSC:
    """The centre: keeps messages for all links."""

    def __init__(
        self,
        reactor: "SMSCServerReactor",
        now_ns: Callable[[], int],
        settings: SMSCSettings | None = None,
    ) -> None:
        self.settings = settings or SMSCSettings()
        self.messages: deque[KeptMessage] = deque(maxlen=MESSAGES_MAX)
        self.submits = 0  # PDUs taken
        self.is_mute = False  # connections stay open and nothing is heard or said
        self.links: list[_SMSCLink] = []
        self._reactor = reactor
        self._now_ns = now_ns
        self._script: deque[Script] = deque()
        self._reassembly = Reassembly()
        self._number = 0
        self._port: IListeningPort | None = None
        self._timers: set[IDelayedCall] = set()
        self._waiting: deque[ShortMessage] = deque(maxlen=RECEIPTS_MAX)
        self._watchers: list[Callable[[KeptMessage], None]] = []

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._port is not None, "listen first"
        address = self._port.getHost()
        assert isinstance(address, IPv4Address)
        return address.port

    def listen(self, port: int = 0, interface: str = "127.0.0.1") -> int:
        """Begin to listen; returns the port."""
        factory = _SMSCFactory(self)
        self._port = self._reactor.listenTCP(port, factory, interface=interface)
        return self.port

    async def stop(self) -> None:
        """Stop listening and close all links."""
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for link in list(self.links):
            link.close()
            await link.gone

    def follow(self, steps: Iterable[Script]) -> None:
        """Do this with the next submits, one step each; then behave as the settings say."""
        self._script.extend(steps)

    def watch(self, on_message: Callable[[KeptMessage], None]) -> None:
        """Call for every complete message."""
        self._watchers.append(on_message)

    def drop_links(self) -> None:
        """Close every link without a word."""
        for link in list(self.links):
            link.close()

    def later(self, delay_s: float, call: Callable[..., None], *args: object) -> None:
        """Call after `delay_s`, unless stopped before."""

        def run() -> None:
            self._timers.discard(timer)
            call(*args)

        timer = self._reactor.callLater(delay_s, run)
        self._timers.add(timer)

    def next_step(self) -> Script:
        """Return what the script says of the next submit."""
        return self._script.popleft() if self._script else Script()

    def take(self, message: ShortMessage) -> int:
        """Keep a submit; returns its number."""
        self._number += 1
        self.submits += 1
        message_id = format(self._number, self.settings.ids_as)
        kept = self._reassembly.take(message_id, message)
        if kept is not None:
            self.messages.append(kept)
            for watcher in self._watchers:
                watcher(kept)
        return self._number

    def receipt(self, message: ShortMessage, number: int) -> ShortMessage:
        """Return the delivery receipt of a message: text as in appendix B, and TLVs if wanted."""
        settings = self.settings
        message_id = format(number, settings.receipt_ids_as)
        at = f"{china_time(self._now_ns()):%y%m%d%H%M}"
        delivered = int(settings.receipt_state is ReceiptState.DELIVERED)
        text = (
            f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{at} done date:{at} "
            f"stat:{_STATE_WORDS[settings.receipt_state]} err:{0 if delivered else 1:03} text:"
        )
        tlvs: dict[int, bytes] = {}
        if settings.receipt_tlvs:
            tlvs[Tag.RECEIPTED_MESSAGE_ID] = message_id.encode() + b"\0"
            tlvs[Tag.MESSAGE_STATE] = bytes([settings.receipt_state])
        if Tag.USER_MESSAGE_REFERENCE in message.tlvs:
            tlvs[Tag.USER_MESSAGE_REFERENCE] = message.tlvs[Tag.USER_MESSAGE_REFERENCE]
        return ShortMessage(
            command_id=CommandID.DELIVER_SM,
            source_addr=message.destination_addr,
            destination_addr=message.source_addr,
            short_message=text.encode("ascii"),
            esm_class=0x04,
            tlvs=tlvs,
        )

    def send(self, receipt: ShortMessage) -> None:
        """Deliver on the newest bound link; it waits for the next bind when there is none."""
        for link in reversed(self.links):
            if link.is_bound:
                link.deliver(receipt)
                return
        self._waiting.append(receipt)

    def send_waiting(self) -> None:
        """Deliver what had no link."""
        waiting, self._waiting = self._waiting, deque(maxlen=RECEIPTS_MAX)
        for receipt in waiting:
            self.send(receipt)


class SMSCServerReactor(IReactorTCP, IReactorTime):
    """What the centre needs of the reactor."""


class _SMSCFactory(ServerFactory):
    noisy = False

    def __init__(self, smsc: FakeSMSC) -> None:
        self._smsc = smsc

    def buildProtocol(self, addr: IAddress | None) -> "_SMSCLink | None":
        return None if len(self._smsc.links) >= LINKS_MAX else _SMSCLink(self._smsc)


class _SMSCLink(Protocol):
    """One connection of a client."""

    def __init__(self, smsc: FakeSMSC) -> None:
        self.is_bound = False
        self.gone: Deferred[None] = Deferred()
        self._smsc = smsc
        self._reader = PDUReader()
        self._sequence = 0
        self._unanswered: dict[int, ShortMessage] = {}

    def connectionMade(self) -> None:
        self._smsc.links.append(self)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.is_bound = False
        self._smsc.links.remove(self)
        for receipt in self._unanswered.values():
            self._smsc.send(receipt)
        self.gone.callback(None)

    def close(self) -> None:
        """Close without a word."""
        if self.transport is not None:
            self.transport.loseConnection()

    def deliver(self, message: ShortMessage) -> None:
        """Send a deliver_sm; again later when it is not taken."""
        self._sequence += 1
        self._unanswered[self._sequence] = message
        self._write(self._sequence, CommandStatus.ROK, message)

    def enquire(self) -> None:
        """Ask whether the client is there."""
        self._sequence += 1
        self._write(self._sequence, CommandStatus.ROK, Bare(CommandID.ENQUIRE_LINK))

    def dataReceived(self, data: bytes) -> None:
        if self._smsc.is_mute:
            return
        try:
            pdus = self._reader.feed(data)
        except SMPPError as e:
            log.warning("smsc.garbage", error=str(e))
            self.close()
            return
        for pdu in pdus:
            self._on_pdu(pdu)

    def _on_pdu(self, pdu: PDU) -> None:
        match pdu.body:
            case Bind():
                self._on_bind(pdu, pdu.body)
            case ShortMessage(command_id=CommandID.SUBMIT_SM) if self.is_bound:
                self._on_submit(pdu.sequence, pdu.body)
            case ShortMessage(command_id=CommandID.SUBMIT_SM):
                answer = ShortMessageResp(CommandID.SUBMIT_SM_RESP)
                self._write(pdu.sequence, CommandStatus.RINVBNDSTS, answer)
            case ShortMessageResp(command_id=CommandID.DELIVER_SM_RESP):
                receipt = self._unanswered.pop(pdu.sequence, None)
                if receipt is not None and pdu.status != CommandStatus.ROK:
                    self._smsc.later(self._smsc.settings.redeliver_s, self._smsc.send, receipt)
            case Bare(command_id=CommandID.ENQUIRE_LINK):
                answer_bare = Bare(CommandID.ENQUIRE_LINK_RESP)
                self._write(pdu.sequence, CommandStatus.ROK, answer_bare)
            case Bare(command_id=CommandID.UNBIND):
                self._write(pdu.sequence, CommandStatus.ROK, Bare(CommandID.UNBIND_RESP))
                self.close()
            case Malformed() | Foreign() as body if is_request(body.command_id):
                status = (
                    CommandStatus.RINVCMDLEN
                    if isinstance(body, Malformed)
                    else CommandStatus.RINVCMDID
                )
                self._write(pdu.sequence, status, Bare(CommandID.GENERIC_NACK))

    def _on_bind(self, pdu: PDU, bind: Bind) -> None:
        settings = self._smsc.settings
        status = CommandStatus.ROK
        if bind.system_id != settings.system_id:
            status = CommandStatus.RINVSYSID
        elif bind.password != settings.password:
            status = CommandStatus.RINVPASWD
        self.is_bound = status is CommandStatus.ROK
        answer = BindResp(response_id(bind.command_id), "fakesmsc")
        self._write(pdu.sequence, status, answer)
        if self.is_bound:
            self._smsc.send_waiting()

    def _on_submit(self, sequence: int, message: ShortMessage) -> None:
        step = self._smsc.next_step()
        if step.mood is Mood.DROP:
            self.close()
            return
        if step.status != CommandStatus.ROK:
            self._write(sequence, step.status, ShortMessageResp(CommandID.SUBMIT_SM_RESP))
            return
        number = self._smsc.take(message)
        self._receipts(step.mood, message, number)
        message_id = format(number, self._smsc.settings.ids_as)
        answer = ShortMessageResp(CommandID.SUBMIT_SM_RESP, message_id)
        if step.mood is Mood.DROP_TAKEN:
            self.close()
        elif step.mood is Mood.LATE:
            self._smsc.later(
                self._smsc.settings.late_s, self._write, sequence, CommandStatus.ROK, answer
            )
        elif step.mood is not Mood.SILENT:
            self._write(sequence, CommandStatus.ROK, answer)

    def _receipts(self, mood: Mood, message: ShortMessage, number: int) -> None:
        """Send or plan the receipts of a message that was just taken."""
        if mood is Mood.NO_RECEIPT or not message.registered_delivery & 3:
            return
        receipt = self._smsc.receipt(message, number)
        if mood is Mood.RECEIPT_FIRST:
            self.deliver(receipt)
            return
        for _ in range(2 if mood is Mood.RECEIPT_TWICE else 1):
            self._smsc.later(self._smsc.settings.receipt_delay_s, self._smsc.send, receipt)

    def _write(self, sequence: int, status: int, body: Body) -> None:
        if self.transport is not None:
            self.transport.write(encode(PDU(sequence, status, body)))
