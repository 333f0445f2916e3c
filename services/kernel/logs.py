"""Structured logs: one JSON object a line, static messages, ids as attributes, no personal data."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from services.kernel import context

_AS_TEXT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON; everything passed as `extra=` becomes an attribute."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": context.request_id.get(),
            "trace_id": context.trace_id.get(),
        }
        facts = vars(record)
        entry.update({key: facts[key] for key in facts.keys() - _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _line(entry)


def _line(entry: dict[str, Any]) -> str:
    try:
        return orjson.dumps(entry, default=str, option=_AS_TEXT).decode()
    except TypeError:  # a lone surrogate or an integer beyond 64 bits, which the slower encoder takes
        return json.dumps(entry, ensure_ascii=False, default=str)


def write_access(log: logging.Logger, facts: Mapping[str, str | int | float]) -> None:
    """Write the line of one request, with `facts` as attributes: as `log.info` does, at a third of its cost.

    Every request pays for it, and more than half of what `log.info` does is to find the line of code that called.
    """
    if log.isEnabledFor(logging.INFO):
        record = logging.LogRecord(log.name, logging.INFO, __file__, 0, "request", None, None)
        vars(record).update(facts)
        log.handle(record)


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send every logger of this process to standard error as JSON lines."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line shows them
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log whole URLs
    logging.getLogger("uvicorn.access").disabled = True  # the access line is written by the kernel's middleware
