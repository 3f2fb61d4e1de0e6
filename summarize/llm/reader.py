"""Items out of JSON that is still being written: each as soon as its closing brace is there."""

from __future__ import annotations

import json
import re
from typing import cast

from core.chat import Json

Raw = dict[str, Json]
_DEPTH = 2  # of an item: the answer is an object, its items an array
_LENIENT = json.JSONDecoder(strict=False)  # some grammars let a raw line break into a string
_MARK = re.compile(r'[\\"{}\[\]]')


class ItemReader:
    """Feeds on pieces of one JSON object and gives the objects of its first array, once each. Linear in the text."""

    def __init__(self) -> None:
        self._text: list[str] = []  # of the item that has begun
        self._depth = 0
        self._quoted = self._escaped = False

    def feed(self, piece: str) -> list[Raw]:
        """Return the items that this piece completes; what is not JSON is passed over."""
        if not piece:
            return []
        found: list[Raw] = []
        start = 0 if self._depth > _DEPTH else -1
        skip = 0 if self._escaped else -1
        for match in _MARK.finditer(piece):
            place = match.start()
            if place == skip:
                continue
            before = self._depth
            skip = self._step(match[0], place, skip)
            if before == _DEPTH < self._depth:
                start = place
            elif before > _DEPTH == self._depth and start >= 0:
                found += self._closed(piece[start : place + 1])
                start = -1
        self._escaped = skip == len(piece)
        if start >= 0:
            self._text.append(piece[start:])
        return found

    def _step(self, char: str, place: int, skip: int) -> int:
        """Take in one mark; return the place of a character that a backslash takes the meaning of."""
        if char == '"':
            self._quoted = not self._quoted
        elif self._quoted:
            return place + 1 if char == "\\" else skip
        else:
            self._depth += (char in "{[") - (char in "}]")
        return skip

    def _closed(self, last: str) -> list[Raw]:
        text = "".join([*self._text, last])
        self._text.clear()
        try:
            value: object = _LENIENT.decode(text)
        except json.JSONDecodeError:
            return []
        return [cast("Raw", value)] if isinstance(value, dict) else []
