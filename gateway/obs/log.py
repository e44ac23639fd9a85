"""Logs: one JSON line per event, with trace ids from contextvars and secrets taken out.

structlog for our own lines; Twisted's and the standard library's go the same way, so that a
library's complaint is a JSON line as well. Not here: what is logged (each room names its events).
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO, cast

import msgspec
import structlog
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher

# Fields that never reach a log, whatever room wrote them.
SECRET_FIELDS: Final = frozenset(
    {"pin", "password", "token", "keys", "digits", "secret", "authorization", "cookie", "csrf"}
)
# Fields shown by their last digits only: enough to find the case, too little to misuse.
SHORTENED_FIELDS: Final = frozenset({"account_no", "mobile", "ani", "email", "phone"})
SHOWN_MAX: Final = 4
_REMOVED: Final = "(removed)"
_LONG_NUMBER: Final = re.compile(r"\b\d{11,19}\b")  # a phone or identity number inside a text

EventDict = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Remove secret fields and shorten personal ones (structlog processor)."""
    for key, value in event.items():
        if key in SECRET_FIELDS:
            event[key] = _REMOVED
        elif key in SHORTENED_FIELDS and value:
            event[key] = "*" + str(value)[-SHOWN_MAX:]
        elif key == "text" and isinstance(value, str):
            event[key] = _LONG_NUMBER.sub(lambda found: "*" + found[0][-SHOWN_MAX:], value)
    return event


def _to_json(event: EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def start_logging(level: str, stream: TextIO, now_iso: Callable[[], str]) -> None:
    """Send all logs to `stream` as JSON lines; call once per process.

    level: debug, info, warning or error. now_iso gives the wall-clock text of a line.
    """

    def stamp(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["time"] = now_iso()
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamp,
        redact,
        structlog.processors.format_exc_info,
    ]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_json),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
    globalLogPublisher.addObserver(cast(ILogObserver, _from_twisted))


def _from_twisted(event: LogEvent) -> None:
    """Pass Twisted's own warnings and failures on as `twisted.*` lines."""
    level = event.get("log_level", LogLevel.info)
    if level < LogLevel.warn:
        return
    failure = event.get("log_failure")
    text = failure.getTraceback() if failure else str(event.get("log_format", ""))
    structlog.get_logger("twisted").error(
        "twisted.failure" if failure else "twisted.warning", text=text
    )


def to_stderr() -> TextIO:
    """Return where a service manager collects logs."""
    return sys.stderr
