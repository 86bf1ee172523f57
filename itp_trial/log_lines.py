"""Logs as one JSON object a line: nothing that was sent can begin a line of its own, and no value of the casebook is in it."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from itp_trial.actor import request_id


class OneLine(logging.Formatter):
    """UTC, level, logger, message, request. Of an error its kind and where it happened: its text may hold answers."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
        }  # fmt: skip
        if number := getattr(getattr(record, "request", None), "number", "") or request_id():
            line["request"] = number
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line["message"] = _without(line["message"], error)
            line["error"] = type(error).__name__
            line["trace"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(line)


def _without(message: str, error: BaseException) -> str:
    """Some libraries write the text of the error into the message."""
    for told in (repr(error), str(error)):
        message = message.replace(told, type(error).__name__) if told else message
    return message
