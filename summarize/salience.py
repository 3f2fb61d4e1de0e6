"""How much a message matters: centrality, what people did with it, what it does, where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.embedding import Embedder, Vectors
from summarize.cues import Cues
from summarize.material import Entry
from summarize.models import MessageKind

Scores = NDArray[np.float64]

_READ = 240  # characters of a sentence that are embedded
_AT_MOST = 1_500  # sentences embedded for one summary; the rest are placed by time, authors and mentions


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Unit vectors of sentences and messages; a row of zeros is one that was not looked at."""

    sentences: tuple[Vectors, ...]
    messages: Vectors


def meaning(
    entries: Sequence[Entry], embedder: Embedder, *, first: Container[int] = frozenset[int]()
) -> Meaning:
    """Embed each sentence once; when a window is huge, of the messages `first` and of the most promising ones only."""
    chosen = _promising(entries, first)
    texts = [s.text[:_READ] for i in chosen for s in entries[i].sentences]
    rows = embedder.embed(texts or ["-"])
    dimension = rows.shape[1]
    each = [np.zeros((len(entry.sentences), dimension), dtype=np.float32) for entry in entries]
    start = 0
    for i in chosen:
        end = start + len(entries[i].sentences)
        each[i] = rows[start:end]
        start = end
    means = np.array(
        [one.mean(axis=0) if len(one) else np.zeros(dimension) for one in each], dtype=np.float32
    )
    return Meaning(sentences=tuple(each), messages=_unit(means))


def salience(entries: Sequence[Entry], found: Meaning, members: Sequence[int]) -> Scores:
    """Return a score for each message of one conversation, shape (len(members),).

    Weighted degree within the conversation (cf. LexRank, Erkan and Radev 2004; one step is enough on rows this
    dense), then reactions, replies, dialogue acts, length and position.
    """
    rows = found.messages[members]
    degree = np.maximum(rows @ rows.T - 0.1, 0.0).sum(axis=1) - 0.9
    centrality = degree / max(1.0, float(degree.max(initial=0.0)))
    replies = Counter(entries[i].message.root for i in members)
    marks = np.array([_marks(entries[i], replies[entries[i].message.id]) for i in members])
    opening = np.zeros(len(members))
    opening[0] = 0.5
    return centrality + marks + opening


def _promising(entries: Sequence[Entry], first: Container[int]) -> list[int]:
    """Return the positions of the messages to embed, oldest first."""
    sizes = np.array([len(entry.sentences) for entry in entries], dtype=np.int64)
    if sizes.sum() <= _AT_MOST:
        return list(range(len(entries)))
    order = np.argsort(
        [-_marks(entry, 0) - 9 * (i in first) for i, entry in enumerate(entries)], kind="stable"
    )
    return sorted(order[np.cumsum(sizes[order]) <= _AT_MOST].tolist())


def _marks(entry: Entry, replies: int) -> float:
    done = entry.cues
    acted = acts(done) - 0.3 * (done.question >= 0.7) - 0.8 * done.greeting
    if entry.message.kind is MessageKind.BOT:
        acted += 0.5 * done.incident - 1.2 * done.resolved - 0.4 * (done.news and not done.incident)
    quoted = all(s.quoted for s in entry.sentences) if entry.sentences else True
    words = len(entry.text.split())
    length = 0.7 * min(words, 22) / 22 - (0.5 if words < 4 else 0.0)
    told = min(acted, 2.2) - 1.2 * done.routine
    return told + length + crowd(entry, replies) - 0.6 * quoted - 0.7 * entry.context


def acts(done: Cues) -> float:
    """Return what dialogue acts are worth together."""
    told = 0.9 * done.decision + 0.6 * done.action + 0.5 * done.incident + 0.5 * done.news + 0.8 * done.cause
    return told + 0.4 * done.resolved + 0.7 * done.reversal + 0.5 * done.recap


def crowd(entry: Entry, replies: int) -> float:
    """Return what reactions and replies are worth."""
    return 0.35 * float(np.log1p(entry.reactions)) + 0.25 * float(np.log1p(replies))


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
