"""One JSON object a line: what happened and how long it took, never what was said."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

__all__ = ["LOGGER", "JsonLines", "event", "log_config"]

LOGGER = logging.getLogger("ragcompress.service")


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log ``name`` with fields; callers pass numbers, route templates and reasons, no content."""
    LOGGER.log(level, name, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """Records as JSON. Of other packages' records only the template is kept: their arguments could hold content."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a stack trace shrinks to its error's type."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        row = {"time": f"{stamp}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), "event": str(record.msg)}
        row |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            row["error"] = record.exc_info[0].__name__
        return json.dumps(row)


def log_config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything to standard error as JSON lines."""
    own = {"handlers": ["lines"], "level": level.upper(), "propagate": False}
    other = {**own, "level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "loggers": {LOGGER.name: own, "uvicorn": other, "uvicorn.error": other},
    }
