"""A short talk in two or three sentences, chosen one by one: what a reader wants who asks for the gist.

A sentence counts by its closeness to the middle of its conversation, by how early it stands, by how much it says and by
what it does. Weights and the length of the whole are round numbers, chosen among a few by reading and scoring the dev
part of DialogSum; nothing was fitted to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from core.embedding import Vectors
from summarize.compose import best_sentence
from summarize.extract.candidates import Candidate
from summarize.extract.reported import stripped
from summarize.extract.scene import Scene
from summarize.material import Entry
from summarize.models import ItemKind
from summarize.salience import acts, crowd

_SHORT, _SITTING = 24, timedelta(hours=3)  # what is one sitting's talk
_SENTENCES = 3
_WORDS = 28  # about two sentences; more only where there are more conversations
_FULL = 12  # words after which a sentence says no more by being longer
_EARLY = 3.0  # messages over which standing first is worth e times less
_CENTRAL = 2.0
_DIVERSITY = 0.25
_LEAST = 4  # words of a sentence that can stand alone
_FREE = frozenset({ItemKind.TOPIC, ItemKind.UPDATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    """One sentence of a candidate, its vector, its words and its worth."""

    of: Candidate
    at: int
    row: Vectors
    words: int
    worth: float


def is_short(entries: Sequence[Entry]) -> bool:
    """Tell whether a window is one short talk, not gleanings of days."""
    own = [entry.message.at for entry in entries if not entry.context]
    return 0 < len(own) <= _SHORT and own[-1] - own[0] <= _SITTING


def gist(made: Sequence[Candidate], scene: Scene) -> list[Candidate]:
    """Return the candidates of a short talk's best sentences, each with those sentences."""
    pool = [one for candidate in made for one in _sentences(candidate, scene)]
    heads = _heads(pool, scene.groups)
    chosen = list(heads)
    rest = [one for one in pool if one not in heads]
    words = sum(one.words for one in chosen)
    while rest and len(chosen) < _SENTENCES:
        near = [max((float(one.row @ other.row) for other in chosen), default=0.0) for one in rest]
        best = int(
            np.argmax([one.worth - _DIVERSITY * max(0.0, n) for one, n in zip(rest, near, strict=True)])
        )
        pick = rest.pop(best)
        if words + pick.words <= _WORDS:
            chosen.append(pick)
            words += pick.words
    return _merged(chosen)


def _sentences(one: Candidate, scene: Scene) -> Iterator[_Sentence]:
    """Yield the sentences an item may be made of: for a decision, say, the one that decides."""
    entry, members = scene.entries[one.position], scene.groups[one.conversation]
    centre, rows = scene.centre(one.conversation), scene.found.sentences[one.position]
    allowed = range(len(rows)) if one.kind in _FREE else [best_sentence(entry, one.kind, rows, centre)]
    length = float(np.linalg.norm(centre)) or 1.0
    early = math.exp(-members.index(one.position) / _EARLY)
    shared = crowd(entry, sum(scene.entries[i].message.root == entry.message.id for i in members))
    for at in allowed:
        words = len(stripped(entry.sentences[at].text).split())
        if words < _LEAST and len(entry.sentences) > 1 and one.kind in _FREE:
            continue
        worth = _CENTRAL * float(rows[at] @ centre) / length + early + min(words, _FULL) / _FULL + shared
        worth += min(acts(entry.each[at]), 2.2) - entry.each[at].greeting - 1.2 * entry.cues.routine
        worth += 0.5 * (one.kind is ItemKind.DECISION) - 0.6 * entry.sentences[at].quoted
        yield _Sentence(of=one, at=at, row=rows[at], words=words, worth=worth)


def _heads(pool: Sequence[_Sentence], groups: Sequence[Sequence[int]]) -> list[_Sentence]:
    """Return the best sentence of each conversation of weight, or of all if none is."""
    best: dict[int, _Sentence] = {}
    for one in sorted(pool, key=lambda one: (-one.worth, one.of.position, one.at)):
        best.setdefault(one.of.conversation, one)
    heavy = [one for one in best.values() if len(groups[one.of.conversation]) >= 3]
    return heavy or list(best.values())[:1]


def _merged(chosen: Iterable[_Sentence]) -> list[Candidate]:
    """Return each message once, with its sentences in order."""
    parts: dict[int, list[_Sentence]] = {}
    for one in chosen:
        parts.setdefault(one.of.position, []).append(one)
    return [
        replace(some[0].of, sentences=tuple(sorted(one.at for one in some)), answer=None)
        for some in parts.values()
    ]
