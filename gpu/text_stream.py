"""Tokens to text as they come, and where to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_UNFINISHED: Final = "\N{REPLACEMENT CHARACTER}"


class Detokenizer:
    """Turns a growing list of tokens into pieces of text that join to the text of the whole.

    A piece that ends inside a character waits for the rest of it. Each step decodes a few tokens, since the
    text of a token can depend on the one before it.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._context = 0
        self._read = 0

    def push(self, token: int) -> str:
        """Return the text that a token completes; often its own, sometimes none yet."""
        self._ids.append(token)
        piece = self._pending()
        if piece.endswith(_UNFINISHED):
            return ""
        self._context, self._read = self._read, len(self._ids)
        return piece

    def flush(self) -> str:
        """Return what waits, without the character that was never finished."""
        piece = self._pending().rstrip(_UNFINISHED)
        self._context = self._read = len(self._ids)
        return piece

    def _pending(self) -> str:
        """Return the text of the tokens not yet returned."""
        known = self._decode(self._ids[self._context : self._read])
        return self._decode(self._ids[self._context :])[len(known) :]


class StopScanner:
    """Passes text through up to the stop string that is complete first, which it leaves out.

    Holds back only what could be the beginning of one; however the text is cut, the result is the same.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def push(self, piece: str) -> str:
        """Return the text that is now certain."""
        text = self._held + piece
        ends = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)[1]]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """Return what was held back: it was no stop string after all."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of a text that begins a stop string."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
