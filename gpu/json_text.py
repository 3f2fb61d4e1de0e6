"""JSON found in what a model says around it: fences, prose, thoughts; and small faults mended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from core.chat import Json

_THOUGHT: Final = re.compile(r"\s*<think>.*?(</think>|\Z)", re.DOTALL)
_TRAILING: Final = re.compile(r",(\s*[}\]])")
_DECODER: Final = json.JSONDecoder(strict=False)


class JsonScanner:
    """Lets through the first JSON object of a text that comes in pieces, and nothing before or after it.

    `begun` once its brace was seen, `ended` once it is balanced; `stray` if something stands before it.
    """

    def __init__(self) -> None:
        self._waiting = ""
        self._depth = 0
        self._quoted = self._escaped = False
        self.text = ""
        self.whole = ""
        self.begun = self.ended = self.stray = False

    def push(self, piece: str) -> str:
        """Return the part of a piece that belongs to the object."""
        self.whole += piece
        if self.ended:
            return ""
        if not self.begun:
            piece = self._start(piece)
        end = self._end(piece)
        self.text += piece[:end]
        return piece[:end]

    def _start(self, piece: str) -> str:
        """Return the text from the first brace on, nothing while there is none."""
        self._waiting += piece
        said = self._waiting.lstrip("\ufeff \t\r\n")
        if said.startswith("<think>"[: len(said)]):
            self.stray = bool(said)
            if "</think>" not in said:
                return ""
            said = said.partition("</think>")[2]
        at = said.find("{")
        if said[: at if at >= 0 else None].strip():
            self.stray = True
        if at < 0:
            return ""
        self.begun = True
        return said[at:]

    def _end(self, piece: str) -> int:
        """Return where the object ends in a piece, its length if it goes on."""
        for at, sign in enumerate(piece):
            if self._quoted:
                self._quoted = self._escaped or sign != '"'
                self._escaped = sign == "\\" and not self._escaped
            elif sign == '"':
                self._quoted = True
            elif sign in "{[":
                self._depth += 1
            elif sign in "}]":
                self._depth -= 1
                if self._depth <= 0:
                    self.ended = True
                    return at + 1
        return len(piece)


def objects_in(text: str) -> Iterator[dict[str, Json]]:
    """Yield the JSON objects that a text holds, outermost first, trailing commas and raw line ends forgiven."""
    text = _THOUGHT.sub("", text, count=1)
    for source in dict.fromkeys((text, _TRAILING.sub(r"\1", text))):
        at = source.find("{")
        while at >= 0:
            try:
                value, end = _DECODER.raw_decode(source, at)
            except ValueError:
                end = at + 1
            else:
                if isinstance(value, dict):
                    yield value
            at = source.find("{", end)
