"""Reading back what was logged."""

from __future__ import annotations

import io
from typing import Any

import orjson


def lines(stream: io.StringIO, event: str) -> list[dict[str, Any]]:
    """Return the log lines of one event."""
    found = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]
