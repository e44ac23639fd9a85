"""SMPP 3.4 PDUs: bytes in, values out, and back. Sections name SMPP v3.4 issue 1.2.

Not here: sessions and timers (notify.transports.smpp.link), sockets, text encoding. A PDU whose
body cannot be read is a value (`Malformed`), so that the peer can be told; a length that cannot be
right is an SMPPError, because the stream has no next PDU then.
"""

import enum
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from risk.domain.errors import PermanentFailure

PDU_BYTES_MAX: Final = 16 * 1024
SEQUENCE_MAX: Final = 0x7FFFFFFF
_HEADER: Final = struct.Struct(">IIII")  # length, id, status, sequence (section 3.2)
_RESPONSE_BIT: Final = 0x80000000
_NO_TLVS: Final[Mapping[int, bytes]] = {}


class SMPPError(PermanentFailure):
    """The peer's bytes are no SMPP; the link must be dropped."""

    code = "notify.smpp_garbage"


class CommandID(enum.IntEnum):
    """Section 5.1.2.1."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


class CommandStatus(enum.IntEnum):
    """Section 5.1.3, as far as it changes what we do."""

    ROK = 0x00000000
    RINVMSGLEN = 0x00000001
    RINVCMDLEN = 0x00000002
    RINVCMDID = 0x00000003
    RINVBNDSTS = 0x00000004
    RALYBND = 0x00000005
    RSYSERR = 0x00000008
    RBINDFAIL = 0x0000000D
    RINVPASWD = 0x0000000E
    RINVSYSID = 0x0000000F
    RMSGQFUL = 0x00000014
    RSUBMITFAIL = 0x00000045
    RTHROTTLED = 0x00000058
    RX_T_APPN = 0x00000064
    RUNKNOWNERR = 0x000000FF


class Tag(enum.IntEnum):
    """Optional parameters (section 5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SC_INTERFACE_VERSION = 0x0210
    USER_MESSAGE_REFERENCE = 0x0204
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Bind(NamedTuple):
    """bind_transceiver, bind_transmitter or bind_receiver (section 4.1)."""

    command_id: CommandID
    system_id: str
    password: str
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindResp(NamedTuple):
    """Answer to a bind."""

    command_id: CommandID
    system_id: str = ""
    tlvs: Mapping[int, bytes] = _NO_TLVS


class ShortMessage(NamedTuple):
    """submit_sm (section 4.4.1) or deliver_sm (section 4.6.1): the same fields."""

    command_id: CommandID
    source_addr: str
    destination_addr: str
    short_message: bytes
    data_coding: int = 0
    esm_class: int = 0
    registered_delivery: int = 0
    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 1
    dest_npi: int = 1
    service_type: str = ""
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    replace_if_present: int = 0
    sm_default_msg_id: int = 0
    tlvs: Mapping[int, bytes] = _NO_TLVS

    @property
    def payload(self) -> bytes:
        """The message itself, wherever it was put."""
        return self.short_message or self.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")


class ShortMessageResp(NamedTuple):
    """submit_sm_resp or deliver_sm_resp."""

    command_id: CommandID
    message_id: str = ""


class Bare(NamedTuple):
    """A PDU without a body: enquire_link, unbind, their answers, generic_nack."""

    command_id: CommandID


class Foreign(NamedTuple):
    """A request or response we do not speak; to be answered with generic_nack if a request."""

    command_id: int


class Malformed(NamedTuple):
    """A PDU we speak, with a body that cannot be read."""

    command_id: CommandID
    problem: str


Body = Bind | BindResp | ShortMessage | ShortMessageResp | Bare | Foreign | Malformed


class PDU(NamedTuple):
    """One PDU. `status` is command_status as sent, which may be unknown to us."""

    sequence: int
    status: int
    body: Body


_BINDS: Final = frozenset(
    {CommandID.BIND_TRANSCEIVER, CommandID.BIND_TRANSMITTER, CommandID.BIND_RECEIVER}
)
_BIND_RESPS: Final = frozenset(CommandID(one | _RESPONSE_BIT) for one in _BINDS)
_MESSAGES: Final = frozenset({CommandID.SUBMIT_SM, CommandID.DELIVER_SM})
_MESSAGE_RESPS: Final = frozenset({CommandID.SUBMIT_SM_RESP, CommandID.DELIVER_SM_RESP})
_KNOWN: Final = frozenset(int(one) for one in CommandID)


def is_request(command_id: int) -> bool:
    """Whether a command_id asks for an answer."""
    return not command_id & _RESPONSE_BIT


def response_id(command_id: CommandID) -> CommandID:
    """Return the command_id that answers a request."""
    return CommandID(command_id | _RESPONSE_BIT)


class PDUReader:
    """Cuts a stream of bytes into PDUs."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[PDU]:
        """Return the PDUs `data` completes. Raises SMPPError for an impossible length."""
        self._buffer += data
        found: list[PDU] = []
        while len(self._buffer) >= _HEADER.size:
            size, command_id, status, sequence = _HEADER.unpack_from(self._buffer)
            if not _HEADER.size <= size <= PDU_BYTES_MAX:
                raise SMPPError(f"a PDU has 16 to {PDU_BYTES_MAX} bytes, was {size}")
            if len(self._buffer) < size:
                break
            body = bytes(self._buffer[_HEADER.size : size])
            del self._buffer[:size]
            found.append(PDU(sequence, status, _decode(command_id, status, body)))
        return found


def encode(pdu: PDU) -> bytes:
    """Return the octets of a PDU. Raises ValueError for a field that does not fit."""
    body = pdu.body
    match body:
        case Bind():
            octets = b"".join(
                (
                    _c_string("system_id", body.system_id, 16),
                    _c_string("password", body.password, 9),
                    _c_string("system_type", body.system_type, 13),
                    bytes((body.interface_version, body.addr_ton, body.addr_npi)),
                    _c_string("address_range", body.address_range, 41),
                )
            )
        case BindResp():
            octets = _c_string("system_id", body.system_id, 16) + _encode_tlvs(body.tlvs)
            octets = b"" if pdu.status else octets
        case ShortMessage():
            octets = _encode_message(body)
        case ShortMessageResp():
            octets = _c_string("message_id", body.message_id, 65)
            octets = b"" if pdu.status and not body.message_id else octets
        case Bare():
            octets = b""
        case Foreign() | Malformed():
            raise ValueError(f"cannot encode {body}")
    size = _HEADER.size + len(octets)
    return _HEADER.pack(size, body.command_id, pdu.status, pdu.sequence) + octets


def _encode_message(body: ShortMessage) -> bytes:
    if len(body.short_message) > 254:
        raise ValueError(f"short_message has at most 254 bytes, was {len(body.short_message)}")
    return b"".join(
        (
            _c_string("service_type", body.service_type, 6),
            bytes((body.source_ton, body.source_npi)),
            _c_string("source_addr", body.source_addr, 21),
            bytes((body.dest_ton, body.dest_npi)),
            _c_string("destination_addr", body.destination_addr, 21),
            bytes((body.esm_class, body.protocol_id, body.priority_flag)),
            _c_string("schedule_delivery_time", body.schedule_delivery_time, 17),
            _c_string("validity_period", body.validity_period, 17),
            bytes(
                (
                    body.registered_delivery,
                    body.replace_if_present,
                    body.data_coding,
                    body.sm_default_msg_id,
                    len(body.short_message),
                )
            ),
            body.short_message,
            _encode_tlvs(body.tlvs),
        )
    )


def _c_string(field: str, text: str, size_max: int) -> bytes:
    """Return a C-octet string; `size_max` counts the closing NUL, as the specification does."""
    octets = text.encode("ascii", "strict")
    if len(octets) >= size_max or b"\0" in octets:
        raise ValueError(f"{field} has at most {size_max - 1} characters, was {len(octets)}")
    return octets + b"\0"


def _encode_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    return b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs.items())


class _Truncated(ValueError):
    """The body ended inside a field."""


class _Fields:
    """Reads mandatory fields from the front of a body."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def byte(self) -> int:
        if self._at >= len(self._octets):
            raise _Truncated("a field is missing")
        self._at += 1
        return self._octets[self._at - 1]

    def octets(self, size: int) -> bytes:
        if self._at + size > len(self._octets):
            raise _Truncated(f"{size} bytes announced, {len(self._octets) - self._at} there")
        self._at += size
        return self._octets[self._at - size : self._at]

    def c_string(self, size_max: int) -> str:
        end = self._octets.find(b"\0", self._at, self._at + size_max)
        if end < 0:
            raise _Truncated(f"a string has no end within {size_max} bytes")
        text = self._octets[self._at : end].decode("latin-1")
        self._at = end + 1
        return text

    def tlvs(self) -> Mapping[int, bytes]:
        found: dict[int, bytes] = {}
        while self._at < len(self._octets):
            tag, size = struct.unpack(">HH", self.octets(4))
            found[tag] = self.octets(size)
        return found or _NO_TLVS


def _decode(command_id: int, status: int, octets: bytes) -> Body:
    if command_id not in _KNOWN:
        return Foreign(command_id)
    command = CommandID(command_id)
    fields = _Fields(octets)
    try:
        if command in _BINDS:
            return _decode_bind(command, fields)
        if command in _BIND_RESPS:
            # an error answer may leave out its body (section 4.1.2)
            return (
                BindResp(command, fields.c_string(16), fields.tlvs())
                if octets
                else BindResp(command)
            )
        if command in _MESSAGES:
            return _decode_message(command, fields)
        if command in _MESSAGE_RESPS:
            return ShortMessageResp(command, fields.c_string(65) if octets else "")
    except _Truncated as e:
        return Malformed(command, str(e))
    return Bare(command)


def _decode_bind(command: CommandID, fields: _Fields) -> Bind:
    return Bind(
        command,
        fields.c_string(16),
        fields.c_string(9),
        fields.c_string(13),
        fields.byte(),
        fields.byte(),
        fields.byte(),
        fields.c_string(41),
    )


def _decode_message(command: CommandID, fields: _Fields) -> ShortMessage:
    service_type = fields.c_string(6)
    source_ton, source_npi, source = fields.byte(), fields.byte(), fields.c_string(21)
    dest_ton, dest_npi, destination = fields.byte(), fields.byte(), fields.c_string(21)
    esm_class, protocol_id, priority_flag = fields.byte(), fields.byte(), fields.byte()
    scheduled, validity = fields.c_string(17), fields.c_string(17)
    registered, replaces, data_coding, default_id = (fields.byte() for _ in range(4))
    short_message = fields.octets(fields.byte())
    return ShortMessage(
        command_id=command,
        source_addr=source,
        destination_addr=destination,
        short_message=short_message,
        data_coding=data_coding,
        esm_class=esm_class,
        registered_delivery=registered,
        source_ton=source_ton,
        source_npi=source_npi,
        dest_ton=dest_ton,
        dest_npi=dest_npi,
        service_type=service_type,
        protocol_id=protocol_id,
        priority_flag=priority_flag,
        schedule_delivery_time=scheduled,
        validity_period=validity,
        replace_if_present=replaces,
        sm_default_msg_id=default_id,
        tlvs=fields.tlvs(),
    )
