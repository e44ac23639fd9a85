"""The SMS route: one SMPP link to a message centre, kept up, as a Transport.

Texts become parts here, answers become outcomes, and a deliver_sm is acknowledged when its receipt
is durable. Not here: the session rules (notify.transports.smpp.link), the socket (.connection).
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IAddress, IReactorTCP, IReactorTime
from twisted.internet.protocol import Factory

from notify import metrics
from notify.notices import Route
from notify.settings import SMSSettings
from notify.transports.port import (
    LateAnswer,
    Outcome,
    Outgoing,
    Permanent,
    Sent,
    Temporary,
    TransportListener,
    Unknown,
    part_reference,
)
from notify.transports.smpp.connection import PERMANENT_STATUSES, LinkProtocol, Part, PartEnd
from notify.transports.smpp.encoding import Segments, TextTooLong, segment
from notify.transports.smpp.link import Link, LinkLimits
from notify.transports.smpp.pdu import Bind, CommandID, CommandStatus, ShortMessage, Tag
from notify.transports.smpp.receipt_text import is_receipt, read_receipt
from risk.domain.errors import TemporaryFailure

log = structlog.get_logger("notify")

RECONNECT_FIRST_S: Final = 0.5
RECONNECT_FACTOR: Final = 2.0
VALIDITY_S_MAX: Final = 63 * 86_400
_UDHI: Final = 0x40
_RECEIPT_WANTED: Final = 1  # registered_delivery: final outcome (section 5.2.17)


class SMPPTransport:
    """Sends SMS. `is_ready` while bound."""

    def __init__(
        self,
        settings: SMSSettings,
        reactor: "SMSCReactor",
        now_ns: Callable[[], int],
        rng: random.Random,
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self._now_ns = now_ns
        self._rng = rng
        self._protocol: LinkProtocol | None = None
        self._service: ClientService | None = None
        self._listener: TransportListener | None = None

    @property
    def route(self) -> Route:
        """SMS."""
        return Route.SMS

    @property
    def window(self) -> int:
        """Messages at a time; the parts of each share the window of the link."""
        return self._settings.window

    @property
    def is_ready(self) -> bool:
        """Whether the link is bound."""
        return self._protocol is not None

    async def start(self, listener: TransportListener) -> None:
        """Connect and stay connected."""
        self._listener = listener
        endpoint = TCP4ClientEndpoint(
            self._reactor,
            self._settings.host,
            self._settings.port,
            timeout=self._settings.bind_timeout_s,
        )
        factory = _LinkFactory(self, self._settings, self._reactor)
        self._service = ClientService(
            endpoint,
            factory,
            retryPolicy=backoffPolicy(
                RECONNECT_FIRST_S,
                self._settings.reconnect_s_max,
                RECONNECT_FACTOR,
                jitter=self._rng.random,
            ),
            clock=self._reactor,
        )
        self._service.startService()

    async def stop(self) -> None:
        """Unbind and disconnect; sends under way end as unknown or unsent."""
        if self._protocol is not None:
            await self._protocol.leave()
        if self._service is not None:
            await self._service.stopService()
            self._service = None

    async def send(self, message: Outgoing) -> Outcome:
        """Submit the parts that were not accepted before."""
        if self._protocol is None:
            return Temporary("smpp_not_bound", is_attempt=False)
        try:
            segments = segment(message.text, message.notice_id)
        except TextTooLong:
            return Permanent("text_too_long")
        if not message.recipient.lstrip("+").isdigit():
            return Permanent("recipient_not_valid")
        part_count = len(segments.parts)
        known = message.part_ids if len(message.part_ids) == part_count else ("",) * part_count
        protocol, ends = self._protocol, []
        # the last moment to be written leaves the centre its time to answer within the attempt
        spare_s = message.timeout_s - self._settings.response_timeout_s
        queue_s = max(spare_s, message.timeout_s / 4)
        for part_no, message_id in enumerate(known):
            if not message_id:
                part = Part(message.notice_id, part_no, part_count)
                submit = self._submit_sm(message, segments, part_no)
                ends.append((part_no, protocol.submit(part, submit, queue_s)))
        return outcome_of(known, {part_no: await end for part_no, end in ends})

    def _submit_sm(self, message: Outgoing, segments: Segments, part_no: int) -> ShortMessage:
        reference = part_reference(message.notice_id, part_no)
        return ShortMessage(
            command_id=CommandID.SUBMIT_SM,
            source_addr=self._settings.source_addr,
            destination_addr=message.recipient.lstrip("+"),
            short_message=segments.parts[part_no],
            data_coding=segments.data_coding,
            esm_class=_UDHI if segments.has_header else 0,
            registered_delivery=_RECEIPT_WANTED,
            source_ton=self._settings.source_ton,
            source_npi=self._settings.source_npi,
            validity_period=relative_time(message.expires_s),
            tlvs={Tag.USER_MESSAGE_REFERENCE: reference.to_bytes(2, "big")},
        )

    def on_bound(self, protocol: LinkProtocol) -> None:
        """The link can take submits."""
        self._protocol = protocol
        metrics.SMPP_BOUND.set(1)
        log.info("smpp.bound")
        if self._listener is not None:
            self._listener.on_ready()

    def on_lost(self, protocol: LinkProtocol, code: str) -> None:
        """The link is gone; ClientService makes the next."""
        if self._protocol is protocol:
            self._protocol = None
            metrics.SMPP_BOUND.set(0)
        log.warning("smpp.lost", reason=code)

    def on_late(self, part: Part, message_id: str) -> None:
        """An answer came after its attempt."""
        if self._listener is not None:
            self._listener.on_late_answer(LateAnswer(*part, message_id))

    async def keep(self, message: ShortMessage) -> CommandStatus:
        """Keep what a deliver_sm says; returns the status to answer with."""
        receipt = read_receipt(message, self._now_ns()) if is_receipt(message) else None
        if receipt is None or self._listener is None:
            log.info("smpp.deliver_ignored", is_receipt=is_receipt(message))
            return CommandStatus.ROK
        try:
            await self._listener.on_receipt(receipt)
        except (DBAPIError, TemporaryFailure) as e:
            # the centre delivers it again
            log.error("smpp.receipt_not_kept", error=type(e).__name__)
            return CommandStatus.RX_T_APPN
        return CommandStatus.ROK


def relative_time(expires_s: float) -> str:
    """Return a validity_period for the time left (section 7.1.1.2), empty for the centre's own.

    >>> relative_time(86_461)
    '000001000101000R'
    """
    left_s = int(min(expires_s, VALIDITY_S_MAX))
    if left_s < 1:
        return ""
    days, rest_s = divmod(left_s, 86_400)
    months, days = divmod(days, 30)
    hours, minutes, seconds = rest_s // 3600, rest_s % 3600 // 60, rest_s % 60
    return f"00{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"


def outcome_of(known: Sequence[str], ends: dict[int, PartEnd]) -> Outcome:
    """Return the outcome of a message from the ends of the parts just submitted."""
    part_ids = tuple(
        ends[part_no].message_id if part_no in ends else message_id
        for part_no, message_id in enumerate(known)
    )
    failed = [end for end in ends.values() if end.status != CommandStatus.ROK]
    if not failed:
        return Sent(part_ids)
    refused = [end for end in failed if end.status in PERMANENT_STATUSES]
    if refused:
        return Permanent(refused[0].code, part_ids)
    unanswered = [end for end in failed if end.status is None and end.was_written]
    if unanswered:
        return Unknown(unanswered[0].code, part_ids)
    was_answered = any(end.status is not None for end in ends.values())
    return Temporary(failed[0].code, part_ids, is_attempt=was_answered)


class SMSCReactor(IReactorTCP, IReactorTime):
    """What the link needs of the reactor."""


class _LinkFactory(Factory):
    noisy = False

    def __init__(
        self, transport: SMPPTransport, settings: SMSSettings, clock: IReactorTime
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._clock = clock

    def buildProtocol(self, addr: IAddress | None) -> LinkProtocol:
        settings = self._settings
        bind = Bind(
            CommandID.BIND_TRANSCEIVER,
            settings.system_id,
            settings.password,
            settings.system_type,
        )
        limits = LinkLimits(
            settings.window,
            settings.pdus_per_s,
            settings.bind_timeout_s,
            settings.response_timeout_s,
            settings.enquire_link_s,
            settings.throttle_first_s,
            settings.throttle_s_max,
        )
        return LinkProtocol(self._transport, Link(bind, limits), self._clock)
