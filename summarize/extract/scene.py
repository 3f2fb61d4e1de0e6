"""A window as the engine has taken it apart: its messages, what they mean, which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.embedding import Vectors
from summarize.material import Entry
from summarize.salience import Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Entries by position, their vectors, and the positions of each conversation in order."""

    entries: Sequence[Entry]
    found: Meaning
    groups: Sequence[Sequence[int]]

    def centre(self, conversation: int) -> Vectors:
        """Return the mean vector of a conversation, shape (dimension,)."""
        return self.found.messages[self.groups[conversation]].mean(axis=0)
