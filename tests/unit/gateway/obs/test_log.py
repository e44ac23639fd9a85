"""Log lines are JSON, carry context, and hold no secret."""

import io
import json
import logging

import pytest
import structlog
from twisted.internet.defer import fail
from twisted.logger import Logger

from gateway.obs.log import start_logging


@pytest.fixture
def lines():
    stream = io.StringIO()
    start_logging("info", stream, lambda: "2026-11-23T10:00:00+08:00")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.basicConfig(handlers=[], force=True)


def test_line_has_time_level_event_and_context(lines) -> None:
    with structlog.contextvars.bound_contextvars(trace_id="t1"):
        structlog.get_logger("web").info("order.denied", reason=301)

    assert lines() == [
        {
            "event": "order.denied",
            "reason": 301,
            "trace_id": "t1",
            "level": "info",
            "time": "2026-11-23T10:00:00+08:00",
        }
    ]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("pin", "135790", "(removed)"),
        ("digits", "135790", "(removed)"),
        ("token", "abc", "(removed)"),
        ("mobile", "+8613800000001", "*0001"),
        ("account_no", "10000001", "*0001"),
        ("text", "call 13800000001 now", "call *0001 now"),
        ("cl_ord_id", "261123000042", "261123000042"),
    ],
)
def test_secrets_are_removed_and_personal_fields_shortened(lines, field, value, shown) -> None:
    structlog.get_logger("any").info("some.event", **{field: value})

    assert lines()[0][field] == shown


def test_debug_is_below_the_level(lines) -> None:
    structlog.get_logger("any").debug("too.small")

    assert lines() == []


def test_other_loggers_arrive_as_json_too(lines) -> None:
    logging.getLogger("aiohttp").error("bad thing")
    Logger(namespace="x").failure("unhandled", failure=_failure())

    first, second = lines()
    assert (first["event"], first["logger"], first["level"]) == ("bad thing", "aiohttp", "error")
    assert second["event"] == "twisted.failure"
    assert "ValueError: no" in second["text"]


def _failure():
    caught = []
    fail(ValueError("no")).addErrback(caught.append)
    return caught[0]
