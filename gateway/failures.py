"""What a log line may say: identifiers, and of an unexpected error its type and place, never its message."""

from __future__ import annotations

import logging
import re
import traceback
from pathlib import Path

from core.privacy import Metadata
from core.telemetry import Log

_ODD = re.compile(r"[^\w.:/+@=#,-]", re.ASCII)
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


def describe(error: BaseException) -> dict[str, Metadata]:
    """Return type and place of an error and of what caused it, fit for a log line.

    Messages of foreign errors are left out: a database driver's may quote the row, and so what somebody wrote.
    """
    fields: dict[str, Metadata] = {"error": type(error).__name__, "place": _place(error)}
    cause = error.__cause__ or error.__context__
    if cause is not None:
        fields["cause"] = type(cause).__name__
    return fields


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    path = "/".join(Path(last.filename).parts[-3:])
    return plain(f"{path[-100:]}:{last.lineno}")


def plain(text: str) -> str:
    """Return a name as a log line takes it: at most 128 characters, an odd one becomes `_`, `{id}` becomes `:id`."""
    return _ODD.sub("_", _PARAMETER.sub(r":\1", text))[:128]


class LibraryLogs(logging.Handler):
    """Turns what libraries log into lines of ours: who and where, never the message, which may quote anything."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[0] if record.exc_info else None
        place = f"{'/'.join(Path(record.pathname).parts[-3:])[-100:]}:{record.lineno}"
        self._log.warning(
            "library",
            logger=plain(record.name),
            severity=plain(record.levelname),
            place=plain(place),
            error=error.__name__ if error else "",
        )
