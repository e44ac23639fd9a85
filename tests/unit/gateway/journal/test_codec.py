"""Commands and events as msgpack, also of older and newer releases."""

from typing import Any, get_args, get_origin

import msgspec
import pytest

from gateway.core.ports import Batch
from gateway.journal.codec import StoredBatch, encode_batch, pack_event, unpack_event
from gateway.journal.errors import JournalTooNew
from risk.domain.commands import COMMAND_TYPES, Command
from risk.domain.enums import Channel, OrdType, Side
from risk.domain.events import EVENT_TYPES, CashMoved, Event
from tests.builders.journal import a_batch

_VALUES: dict[Any, Any] = {
    int: 7,
    str: "text",
    bool: True,
    bytes: b"\x00\xff",
    tuple[str, ...]: ("one", "two"),
}


def filled(kind: type[Any]) -> Any:
    """Return an instance with a value in every field, enums by their last member."""
    values = []
    for hint in kind.__annotations__.values():
        if hint in _VALUES:
            values.append(_VALUES[hint])
        elif get_origin(hint) is tuple:
            values.append((filled(get_args(hint)[0]),) * 2)
        elif hasattr(hint, "__members__"):
            values.append(list(hint)[-1])
        else:
            values.append({"lot": 100})
    return kind(*values)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.__name__)
def test_every_event_comes_back_with_its_enums(kind: type[Event]) -> None:
    event = filled(kind)
    back = unpack_event(pack_event(event))
    assert back == event
    assert [type(value) for value in back] == [type(value) for value in event]


@pytest.mark.parametrize("kind", COMMAND_TYPES.values(), ids=lambda kind: kind.__name__)
def test_every_command_comes_back_with_its_enums(kind: type[Command]) -> None:
    command = filled(kind)
    moved = CashMoved(1, "10000001", 5, "")
    (back,) = StoredBatch(encode_batch(Batch(1, 2, [command], [[moved]]))).commands()
    assert back == command
    assert [type(value) for value in back] == [type(value) for value in command]


def test_a_batch_comes_back_with_events_grouped_by_command() -> None:
    batch = a_batch(7, order_count=3)
    stored = StoredBatch(encode_batch(batch))
    assert stored.batch() == batch
    assert (stored.first_seq, stored.next_seq, stored.at_ns) == (7, 12, batch.at_ns)
    assert stored.events() == [event for caused in batch.events for event in caused]


def test_an_order_of_an_older_release_gets_the_defaults_of_new_fields() -> None:
    fields = ("web:1", "10000001", "600000", 1, 100, 100_500, 2)
    payload = msgspec.msgpack.encode((1, 2, [(6, fields)], [1], [(3, (1, "10000001", 5, ""))]))
    (order,) = StoredBatch(payload).commands()
    assert order.side is Side.BUY  # type: ignore[union-attr]
    assert order.channel is Channel.WEB  # type: ignore[union-attr]
    assert order.ord_type is OrdType.LIMIT  # type: ignore[union-attr]


def test_a_type_of_a_later_release_is_told_with_the_remedy() -> None:
    payload = msgspec.msgpack.encode((1, 2, [(200, ())], [1], [(201, ())]))
    stored = StoredBatch(payload)
    with pytest.raises(JournalTooNew, match=r"type 200 .* or a later one"):
        stored.commands()
    with pytest.raises(JournalTooNew, match="type 201"):
        stored.events()


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xc1", msgspec.msgpack.encode([1, 2]), msgspec.msgpack.encode([1, 2, [], [1], []])],
    ids=["empty", "garbage", "too short", "counts disagree"],
)
def test_what_is_no_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        StoredBatch(payload)
