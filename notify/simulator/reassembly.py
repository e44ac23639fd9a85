"""Parts of messages put together again, as a phone does.

Not here: links and receipts (notify.simulator.fake_smsc).
"""

from typing import Final, NamedTuple

from notify.transports.smpp.encoding import decode, split_header
from notify.transports.smpp.pdu import ShortMessage

FRAGMENTS_MAX: Final = 1000  # messages of which parts are missing
_UDHI: Final = 0x40


class KeptMessage(NamedTuple):
    """A message as the phone would show it; one id per part."""

    message_ids: tuple[str, ...]
    source_addr: str
    destination_addr: str
    text: str
    data_coding: int


class Reassembly:
    """Collects parts by sender, recipient, reference and count; the oldest gaps are dropped."""

    def __init__(self) -> None:
        self._missing: dict[tuple[str, str, int, int], dict[int, tuple[str, str]]] = {}

    def take(self, message_id: str, message: ShortMessage) -> KeptMessage | None:
        """Add a part; returns the message it completes, None while parts are missing."""
        source, destination = message.source_addr, message.destination_addr
        header, body = None, message.payload
        if message.esm_class & _UDHI:
            header, body = split_header(message.payload)
        text = decode(body, message.data_coding)
        if header is None:
            return KeptMessage((message_id,), source, destination, text, message.data_coding)
        key = (source, destination, header.reference, header.part_count)
        parts = self._missing.setdefault(key, {})
        parts[header.part_no] = (message_id, text)
        if len(parts) < header.part_count:
            while len(self._missing) > FRAGMENTS_MAX:
                self._missing.pop(next(iter(self._missing)))
            return None
        del self._missing[key]
        ordered = [parts[number] for number in sorted(parts)]
        return KeptMessage(
            tuple(one for one, _ in ordered),
            source,
            destination,
            "".join(part for _, part in ordered),
            message.data_coding,
        )
