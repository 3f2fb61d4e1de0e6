"""Server-sent events, as bytes arrive.

Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import ModelUnavailable

MAX_EVENT_BYTES: Final = 8 * 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class SseParser:
    """Turns chunks of bytes, cut anywhere, into the data of complete events; other fields are skipped.

    An event is complete at its blank line; what is incomplete when the stream ends is no event.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False
        self._first = True
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """Return the data of the events that this chunk completes.

        Raises ModelUnavailable for an event of more than 8 MiB.
        """
        if (whole := self._whole(chunk)) is not None:
            return whole
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        self._after_cr = chunk.endswith(b"\r")
        events = [event for line in lines if (event := self._take(line)) is not None]
        if self._size + len(self._rest) > MAX_EVENT_BYTES:
            raise ModelUnavailable(
                f"The model server sent an event of more than {MAX_EVENT_BYTES} bytes.",
                remedy="Check that the URL is that of an OpenAI-compatible server.",
            )
        return events

    def _whole(self, chunk: bytes) -> list[str] | None:
        """Return the data of a chunk of whole one-line events, as servers send them; None if it is anything else."""
        if self._rest or self._data or self._after_cr or not chunk.endswith(b"\n\n") or b"\r" in chunk:
            return None
        events = chunk[:-2].split(b"\n\n")
        if any(not event.startswith(b"data: ") or b"\n" in event for event in events):
            return None
        self._first = False
        return [event[6:].decode("utf-8", "replace") for event in events]

    def _take(self, line: bytes) -> str | None:
        """Add one line to the event; return the event's data when the line ends it."""
        if self._first:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first = False
        if line:
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(line)
            return None
        data, self._data, self._size = self._data, [], 0
        return b"\n".join(data).decode("utf-8", "replace") if data else None
