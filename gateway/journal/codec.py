"""Batches as msgpack: what a frame's payload means.

    [first_seq, at_ns, [[type, [field, ...]], ...] commands, [count per command],
     [[type, [field, ...]], ...] events]

Types are numbered by COMMAND_TYPES and EVENT_TYPES. Fields are positional; an array of an older
release is shorter and gets the defaults: a new field goes to the end with a default, a number is
never used again, and that is the whole versioning rule.
Not here: checksums and files (record, segment).
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate, islice
from typing import Any, Final, TypeVar

import msgspec

from gateway.core.ports import Batch
from gateway.core.replies import ASKED
from gateway.journal.errors import JournalTooNew
from risk.domain.commands import COMMAND_TYPES, Command
from risk.domain.events import EVENT_TYPES, Event

T = TypeVar("T")
_Decode = Callable[[msgspec.Raw], Any]


class _Payload(msgspec.Struct, array_like=True):
    """A payload whose commands and events are still packed."""

    first_seq: int
    at_ns: int
    commands: list[tuple[int, msgspec.Raw]]
    counts: list[int]
    events: list[tuple[int, msgspec.Raw]]


def _numbers(types: Mapping[int, type]) -> dict[type, int]:
    return {kind: number for number, kind in types.items()}


def _decoders(types: Mapping[int, type]) -> dict[int, _Decode]:
    return {number: msgspec.msgpack.Decoder(kind).decode for number, kind in types.items()}


_COMMAND_NUMBERS: Final = _numbers(COMMAND_TYPES)
_ASKED_NUMBERS: Final = frozenset(_COMMAND_NUMBERS[kind] for kind in ASKED)
_EVENT_NUMBERS: Final = _numbers(EVENT_TYPES)
_DECODE_COMMAND: Final = _decoders(COMMAND_TYPES)
_DECODE_EVENT: Final = _decoders(EVENT_TYPES)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_payload: Final = msgspec.msgpack.Decoder(_Payload).decode
_decode_packed: Final = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw]).decode


class StoredBatch:
    """A batch as read: its numbers at once, commands and events when asked for.

    Replay needs the events only, and decoding is most of its cost.
    """

    def __init__(self, payload: bytes | memoryview) -> None:
        """Raises msgspec.DecodeError when it is not a payload."""
        packed = _decode_payload(payload)
        counts = packed.counts
        are_whole = len(counts) == len(packed.commands) and sum(counts) == len(packed.events)
        if not are_whole or not counts or 0 in counts:
            raise msgspec.ValidationError("the counts of commands and events do not agree")
        self._payload = payload
        self._packed = packed
        self.first_seq = packed.first_seq
        self.next_seq = packed.first_seq + len(packed.events)
        self.at_ns = packed.at_ns

    def events(self) -> list[Event]:
        """Return all events in order. Raises JournalTooNew for an unknown type number."""
        return _all_of(_DECODE_EVENT, self._packed.events)

    def commands(self) -> list[Command]:
        """Return all commands in order. Raises JournalTooNew for an unknown type number."""
        return _all_of(_DECODE_COMMAND, self._packed.commands)

    def count_of(self, kind: type[Event]) -> int:
        """Return how many events of a type there are, without unpacking any."""
        wanted = _EVENT_NUMBERS[kind]
        return sum(number == wanted for number, _ in self._packed.events)

    def has_any(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts occurs anywhere in it."""
        payload = bytes(self._payload)
        return any(text.encode() in payload for text in texts)

    def outcomes(self, events: list[Event]) -> list[tuple[Command, Event]]:
        """Return the commands of doors with their first event; `events` is what events() gave."""
        firsts = accumulate(self._packed.counts[:-1], initial=0)
        return [
            (_DECODE_COMMAND[number](fields), events[at])
            for (number, fields), at in zip(self._packed.commands, firsts, strict=True)
            if number in _ASKED_NUMBERS
        ]

    def batch(self) -> Batch:
        """Return it as it was appended, each command with its events."""
        events = iter(self.events())
        grouped = [list(islice(events, count)) for count in self._packed.counts]
        return Batch(self.first_seq, self.at_ns, self.commands(), grouped)


def encode_batch(batch: Batch) -> bytes:
    """Return the payload of a batch."""
    events = [event for caused in batch.events for event in caused]
    return _encode(
        (
            batch.first_seq,
            batch.at_ns,
            [(_COMMAND_NUMBERS[type(command)], command) for command in batch.commands],
            [len(caused) for caused in batch.events],
            [(_EVENT_NUMBERS[type(event)], event) for event in events],
        )
    )


def pack_event(event: Event) -> bytes:
    """Return one event as bytes, as in a payload."""
    return _encode((_EVENT_NUMBERS[type(event)], event))


def unpack_event(packed: bytes) -> Event:
    """Return the event of `pack_event`."""
    number, fields = _decode_packed(packed)
    event: Event = _DECODE_EVENT[number](fields)
    return event


def _all_of(decode: dict[int, _Decode], packed: list[tuple[int, msgspec.Raw]]) -> list[Any]:
    try:
        return [decode[number](fields) for number, fields in packed]
    except KeyError as unknown:
        raise JournalTooNew(
            f"type {unknown} is not known to this release: use the release that wrote the journal, "
            "or a later one"
        ) from None
