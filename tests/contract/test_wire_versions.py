"""The branch wire of every released version is read by this one.

tests/data/wire/v<n>.json holds each message of a version as hex, with what it said. To add a new
version: `python -m tests.contract.test_wire_versions <n>`; never rewrite an old one.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import pytest

from gateway.branch import wire

FOLDER = Path(__file__).parents[1] / "data" / "wire"
MESSAGES = dict.fromkeys((wire.Hello, *get_args(wire.Request), *get_args(wire.Answer)))
_TEXTS = {
    "account_no": "10000001",
    "symbol": "600000",
    "branch_code": "10001",
    "cl_ord_id": "261123000001",
    "orig_cl_ord_id": "261123000001",
    "day": 20261123,
}


def example(message: type[msgspec.Struct]) -> msgspec.Struct:
    """Return a message with a value in every field."""
    fields = msgspec.structs.fields(message)
    return message(**{field.name: _value(field.name, field.type) for field in fields})


def _value(name: str, hint: Any) -> Any:
    if name in _TEXTS:
        return _TEXTS[name]
    if get_origin(hint) is Annotated:
        return _value(name, get_args(hint)[0])
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if get_origin(hint) is list:
        return [example(get_args(hint)[0])]
    if get_origin(hint) is dict:
        return {"lot": 100}
    return {int: 1, str: "10.05", bool: True}[hint]


def decoded(data: bytes) -> Any:
    """Return whatever message it is."""
    for decode in (wire.decode_hello, wire.decode_request):
        try:
            return decode(data)
        except msgspec.ValidationError:
            continue
    return wire.decode_answer(data)


@pytest.mark.parametrize("version", range(1, wire.WIRE_VERSION + 1))
def test_every_message_of_a_released_version_is_read(version: int) -> None:
    kept = json.loads((FOLDER / f"v{version}.json").read_text())
    for name, (data, said) in kept.items():
        message = decoded(bytes.fromhex(data))
        assert type(message).__name__ == name
        found = msgspec.to_builtins(message)
        assert {key: found.get(key) for key in said} == said


def test_every_message_is_kept() -> None:
    kept = json.loads((FOLDER / f"v{wire.WIRE_VERSION}.json").read_text())
    assert set(kept) == {message.__name__ for message in MESSAGES}


def _write(version: int) -> None:
    """Keep the messages of a new version."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {message.__name__: example(message) for message in MESSAGES}
    kept = {
        name: (wire.encode(message).hex(), msgspec.to_builtins(message))
        for name, message in made.items()
    }
    (FOLDER / f"v{version}.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    _write(int(sys.argv[1]))
