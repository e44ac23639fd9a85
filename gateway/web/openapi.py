"""The OpenAPI 3.1 document, made from the route table, the schemas and the reasons.

`python -m gateway.web.openapi` prints it; docs/reference/openapi.json is that text, and a test
compares. Not here: a second description of anything: what is missing here is missing there.
"""

import inspect
import json
import sys
from functools import cache
from typing import Any, Final

import msgspec

from gateway.web import messages as m
from gateway.web.problems import CONTENT_TYPE, KINDS, TYPE_PREFIX, Kind, ProblemBody
from gateway.web.routes import ROUTES, Access, Route
from risk.domain.reasons import REASONS, ReasonCode

VERSION: Final = "1.0.0"
_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = {"$ref": _REF.format(name="ProblemBody")}
_PUBLIC_KINDS: Final = (Kind.TOO_MANY, Kind.BUSY, Kind.INTERNAL)
_BODY_KINDS: Final = (
    Kind.MALFORMED_JSON,
    Kind.NOT_VALID,
    Kind.BODY_TOO_LARGE,
    Kind.BODY_TOO_SLOW,
    Kind.CONTENT_TYPE,
)
_DESCRIPTION: Final = """\
Orders, fills, cash, holdings and quotes of one customer.

Prices and amounts are decimal text ("10.05"), never JSON numbers; times are RFC 3339 in China.
A 201 is sent only after the order is durable. An answer that is late is 202: ask again with the
same Idempotency-Key, and the answer is the first outcome. Problems are application/problem+json
(RFC 9457) in Chinese or English by Accept-Language, else by the customer's language.

A browser logs in for a cookie and sends the csrf_token of the answer as X-CSRF-Token with every
change; a program logs in with kind "bearer" and sends Authorization: Bearer.
"""
_STREAM: Final = """\
Text frames: a message, or an array of at most 64, to us; always an array to you. `n` counts our
messages from 1 without gaps. Send `subscribe` for a snapshot and then changes; after a connection
is lost, open another and subscribe again. One who does not read is cut. Close code 4401: the login
ended. 1001: the gateway stops.
"""


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    components = _components()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        name = route.arg[0]
        path = route.path.replace("{}", f"{{{name}}}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hotline gateway", "version": VERSION, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-hotline",
                    "description": "Changes also need the header X-CSRF-Token.",
                },
            },
        },
        "x-problems": _problems(),
    }


def document_bytes() -> bytes:
    """Return the document as the text that is served and kept."""
    return (json.dumps(document(), ensure_ascii=False, indent=1) + "\n").encode()


def _components() -> dict[str, Any]:
    shapes: set[Any] = {ProblemBody, *m.ToUs.__args__, *m.ToThem.__args__}
    for route in ROUTES:
        shapes |= {shape for shape in (route.body, *route.answers.values()) if shape is not None}
    ordered = sorted(shapes, key=lambda shape: str(shape.__name__))
    _, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    for schema in components.values():
        if "description" in schema:  # Python 3.13 strips the indent of docstrings, others do not
            schema["description"] = inspect.cleandoc(schema["description"])
    return dict(sorted(components.items()))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.call.replace(".", "_"),
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.access is not Access.PUBLIC:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    if route.body is not None:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    if 101 in route.answers:
        operation["description"] = _STREAM
        operation["x-messages-to-us"] = _refs(m.ToUs)
        operation["x-messages-to-you"] = _refs(m.ToThem)
    return operation


def _refs(union: Any) -> list[dict[str, str]]:
    return [{"$ref": _REF.format(name=kind.__name__)} for kind in union.__args__]


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    name, shape = route.arg
    if name:
        schema = msgspec.json.schema(shape)
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if route.query is not None:
        shapes = msgspec.json.schema(route.query)["$defs"][route.query.__name__]
        for field, schema in shapes["properties"].items():
            is_needed = field in shapes.get("required", ())
            parameters.append(
                {"name": field, "in": "query", "required": is_needed, "schema": schema}
            )
    if route.needs_key:
        schema = {"type": "string", "pattern": "^[!-~]{1,64}$", "maxLength": 64}
        words = "New for each order; the same one again asks for the first outcome."
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": schema,
                "description": words,
            }
        )
    if route.access is Access.CHANGE:
        parameters.append(
            {
                "name": "X-CSRF-Token",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "Needed with a cookie login.",
            }
        )
    return parameters


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, shape in route.answers.items():
        content: dict[str, Any] = {}
        if shape is not None:
            schema = {"$ref": _REF.format(name=shape.__name__)}
            content = {"content": {"application/json": {"schema": schema}}}
        responses[str(status)] = {"description": _summary(shape) or route.summary, **content}
    for status, names in sorted(_problem_statuses(route).items()):
        content = {CONTENT_TYPE.decode(): {"schema": _PROBLEM}}
        responses[str(status)] = {"description": ", ".join(names), "content": content}
    return responses


def _summary(shape: type | None) -> str:
    return inspect.getdoc(shape) or "" if shape is not None else ""


def _problem_statuses(route: Route) -> dict[int, list[str]]:
    """Return the names of the problems of a route by status."""
    kinds = [*route.kinds, *_PUBLIC_KINDS]
    if route.access is not Access.PUBLIC:
        kinds.append(Kind.NOT_LOGGED_IN)
    if route.access is Access.CHANGE:
        kinds.append(Kind.CSRF)
    if route.body is not None:
        kinds += _BODY_KINDS
    if route.query is not None or route.arg[0]:
        kinds.append(Kind.NOT_VALID)
    if route.needs_key:
        kinds.append(Kind.IDEMPOTENCY_KEY)
    if route.may_be_denied:
        kinds.append(Kind.UNKNOWN_OUTCOME)
    statuses: dict[int, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        statuses.setdefault(KINDS[kind].status, []).append(kind.value)
    if route.may_be_denied:
        for reason, row in REASONS.items():
            statuses.setdefault(row.http_status, []).append(reason.name.lower())
    return statuses


def _problems() -> list[dict[str, Any]]:
    """Return every problem with its words: kinds of the door first, then reasons of the heart."""
    found: list[dict[str, Any]] = [
        {"type": TYPE_PREFIX + kind.value, "status": row.status, "zh": row.zh, "en": row.en}
        for kind, row in KINDS.items()
    ]
    for reason in sorted(REASONS):
        row = REASONS[ReasonCode(reason)]
        found.append(
            {
                "type": TYPE_PREFIX + reason.name.lower(),
                "status": row.http_status,
                "reason": reason.value,
                "zh": row.zh,
                "en": row.en,
            }
        )
    return found


if __name__ == "__main__":
    sys.stdout.buffer.write(document_bytes())
