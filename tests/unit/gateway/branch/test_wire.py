"""The wire: limits of fields, and the reference made from it."""

from pathlib import Path

import msgspec
import pytest

from gateway.branch import wire
from gateway.branch.wire_reference import wire_reference
from tests.builders.branch import an_order

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "wire.md"


def test_the_reference_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == wire_reference(), (
        "run: python -m gateway.branch.wire_reference > docs/reference/wire.md"
    )


def test_a_request_comes_back_as_it_was() -> None:
    order = an_order(1)
    assert wire.decode_request(wire.encode(order)) == order


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"extra": 1}, "unknown field `extra`"),
        ({"side": 3}, r"`\$.side`"),
        ({"qty": "100"}, r"`\$.qty`"),
        ({"qty": -1}, r"`\$.qty`"),
        ({"qty": 10**13}, r"`\$.qty`"),
        ({"qty": 1.5}, r"`\$.qty`"),
        ({"price": "10.00001"}, r"`\$.price`"),
        ({"price": "-1"}, r"`\$.price`"),
        ({"price": 10.05}, r"`\$.price`"),
        ({"price": "1e3"}, r"`\$.price`"),
        ({"account_no": "10000001\n"}, r"`\$.account_no`"),
        ({"symbol": "60000"}, r"`\$.symbol`"),
        ({"client_seq": 0}, r"`\$.client_seq`"),
        ({"client_seq": 2**53}, r"`\$.client_seq`"),
        ({"day": 1}, r"`\$.day`"),
        ({"trace_id": "a b"}, r"`\$.trace_id`"),
        ({"type": "transfer"}, r"`\$.type`"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, object], told: str) -> None:
    fields = {**msgspec.msgpack.decode(wire.encode(an_order(1))), **changed}
    with pytest.raises(msgspec.ValidationError, match=told):
        wire.decode_request(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize("missing", ["type", "client_seq", "price", "day"])
def test_a_missing_field_is_named(missing: str) -> None:
    fields = msgspec.msgpack.decode(wire.encode(an_order(1)))
    del fields[missing]
    with pytest.raises(msgspec.ValidationError, match=missing):
        wire.decode_request(msgspec.msgpack.encode(fields))
