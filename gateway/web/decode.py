"""Bytes and query texts to checked request structs; what is wrong names field, value and remedy.

Not here: what a request means.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from gateway.settings import doc_of
from gateway.web.problems import Kind, Problem

S = TypeVar("S")

SECRET_FIELDS: Final = frozenset({"password", "token"})  # never given back, not even when wrong
_NAMED: Final = re.compile(r"(unknown|required) field `([^`]*)`")
_PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def body_decoder(shape: Any) -> Callable[[bytes], Any]:
    """Return a decoder of JSON bodies; `shape` is a Struct, or a union of tagged ones."""
    decode = msgspec.json.Decoder(shape).decode

    def decode_body(raw: bytes) -> Any:
        try:
            return decode(raw)
        except msgspec.ValidationError as error:
            raise _not_valid(str(error), _plain(raw), shape) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Problem(Kind.MALFORMED_JSON, field="body", value=str(error)) from error

    return decode_body


def decode_query(texts: Mapping[str, str], shape: type[S]) -> S:
    """Return the query parameters as `shape`."""
    plain = dict(texts)
    if len(plain) != len(texts):
        raise Problem(Kind.NOT_VALID, field="query", remedy="name each parameter once")
    try:
        return msgspec.convert(plain, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _not_valid(str(error), plain, shape) from error


def _plain(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # broken further on; the first complaint stands


def _not_valid(complaint: str, plain: object, shape: Any) -> Problem:
    """Turn msgspec's complaint into a problem that says which field, its value and the remedy."""
    place = _PLACE.search(complaint)
    steps = [name or int(index) for name, index in _STEP.findall(place[1] if place else "")]
    named = _NAMED.search(complaint)
    if named is not None:
        steps.append(named[2])
    if not steps:
        return Problem(Kind.NOT_VALID, field="body", remedy="send one JSON object")
    field = str(steps[-1])
    known = _fields_of(shape, plain)
    remedy = f"must be {known[field]}" if known.get(field) else complaint.partition(" - at ")[0]
    if named is not None and named[1] == "unknown":
        remedy = f"remove it; known fields are {', '.join(known)}"
    elif named is not None:
        remedy = f"add it: {known.get(field) or 'it is needed'}"
    value = msgspec.UNSET if field in SECRET_FIELDS else _at(plain, steps)
    shown = None if value is msgspec.UNSET else "null" if value is None else value
    return Problem(Kind.NOT_VALID, field=field, value=shown, remedy=remedy)


def _fields_of(shape: Any, plain: object) -> dict[str, str]:
    """Return the field names of a request with their descriptions; of a union by its tag."""
    kinds = getattr(shape, "__args__", (shape,))
    if len(kinds) > 1:
        tag = plain.get("type") if isinstance(plain, dict) else None
        tags = [kind.__struct_config__.tag for kind in kinds]
        kinds = [kind for kind in kinds if kind.__struct_config__.tag == tag]
        if not kinds:
            return {"type": "one of " + ", ".join(tags)}
    return {field.encode_name: doc_of(field) for field in msgspec.structs.fields(kinds[0])}


def _at(plain: object, steps: list[str | int]) -> object:
    for step in steps:
        try:
            plain = plain[step]  # type: ignore[index]  # a wrong guess is caught
        except (KeyError, IndexError, TypeError):
            return msgspec.UNSET
    return plain
