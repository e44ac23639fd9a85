"""docs/reference/wire.md, made from wire.py: `python -m gateway.branch.wire_reference > FILE`.

Not here: the messages (wire).
"""

import inspect
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec

from gateway.branch import frames, protocol, wire

_INTRO: Final = """# The branch wire

Version {version}. Made from `gateway/branch/wire.py`; do not edit.

TCP with TLS 1.3 and client certificates: the common name of the certificate is the branch code. A
frame is four bytes of length, most significant first, then one message: a msgpack map with a
`type`. A branch sends at most {request} bytes a frame, the gateway {answer}. Unknown fields, wrong
types and values outside their limits make a message `invalid`; nothing of it is done.

1. The branch sends `hello` within {hello_s:.0f} s; the gateway answers `welcome`, or `refused` and
   closes.
2. Requests may follow one another without waiting. An order or cancel is answered once its outcome
   is durable, in any order; the answer carries its `client_seq`.
3. Who loses a connection before an answer came connects again and sends the request again, with the
   same `day`, `client_seq` and content: it is answered with its first outcome and never done twice.
   Other content under a used number is denied with REQUEST_ID_REUSED.
4. `failed` with `is_unknown` says the same: ask again. Without it the request was not taken.
5. Events of the branch's accounts are pushed once `welcome` was sent. `hello.last_event_seq` asks
   for those missed since; `welcome.has_missed_events` says that some are no longer kept.
6. Either side sends `heartbeat` after `heartbeat_s` of silence and cuts a peer that was silent for
   {silent} times as long.
7. The gateway stops reading a connection with too many unanswered requests, and cuts one that does
   not read its answers ([branch] in settings).
"""


def wire_reference() -> str:
    """Return the reference as Markdown."""
    return "\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    yield _INTRO.format(
        version=wire.WIRE_VERSION,
        request=frames.REQUEST_BYTES_MAX,
        answer=frames.ANSWER_BYTES_MAX,
        hello_s=protocol.HELLO_S_MAX,
        silent=protocol.SILENT_HEARTBEATS_MAX,
    )
    yield "## From the branch\n"
    for message in (wire.Hello, *get_args(wire.Request)):
        yield from _message(message)
    yield "## From the gateway\n"
    for message in get_args(wire.Answer):
        if message is not wire.Heartbeat:
            yield from _message(message)
    yield "## Rows of lists\n"
    for row in (wire.OrderRow, wire.PositionRow):
        yield from _message(row)
    yield "## Codes of refused\n"
    yield "| code | when |\n| --- | --- |"
    for code, meaning in wire.REFUSALS.items():
        yield f"| `{code}` | {meaning} |"


def _message(message: type[msgspec.Struct]) -> Iterator[str]:
    tag = message.__struct_config__.tag
    yield f"### {tag or message.__name__}\n"
    yield f"{inspect.getdoc(message)}\n"
    fields = msgspec.structs.fields(message)
    if fields:
        yield "| field | type | default | meaning |\n| --- | --- | --- | --- |"
        for field in fields:
            default = "" if field.required else f"`{field.default!r}`"
            yield f"| `{field.name}` | {_kind(field.type)} | {default} | {_meaning(field.type)} |"
        yield ""


def _kind(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return _kind(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if get_origin(hint) in (list, dict):
        inner = ", ".join(_kind(part) for part in get_args(hint))
        return f"{get_origin(hint).__name__} of {inner}"
    return str(hint.__name__)


def _meaning(hint: Any) -> str:
    if get_origin(hint) is not Annotated:
        return ""
    parts = []
    for meta in get_args(hint)[1:]:
        parts += [meta.description or ""]
        limits = [
            ("at least", meta.ge),
            ("at most", meta.le),
            ("characters up to", meta.max_length),
        ]
        parts += [f"{words} {limit}" for words, limit in limits if limit is not None]
    return "; ".join(part.rstrip(".") for part in parts if part)


if __name__ == "__main__":
    sys.stdout.write(wire_reference())
