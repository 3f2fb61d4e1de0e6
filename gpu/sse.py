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
