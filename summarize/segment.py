"""Conversations for an engine that knows what messages mean: the link model's, cut where two of them alternate."""

from __future__ import annotations

from collections.abc import Sequence

from core.embedding import Vectors
from summarize.conversations import separate
from summarize.facets import parts
from summarize.material import Entry


def conversations(entries: Sequence[Entry], vectors: Vectors) -> list[list[int]]:
    """Return the positions of entries by conversation, in order; `vectors` holds one unit row an entry.

    Unlike `separate` not causal: a cut looks at a whole conversation.
    """
    apart = [part for group in separate(entries) for part in parts(group, entries, vectors)]
    return sorted(apart, key=lambda members: members[0])
