"""What a window says to a question: the messages that bear on it, or none.

A message bears on a question by the words it shares with it, the rarer the better, and by its meaning; an answer may
leave the subject to the talk it stands in ("Friday it is"), but then has to be of the kind that is asked for. What was
taken back answers nothing: the message that took it back stands in its place.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.embedding import Embedder, Vectors
from summarize.due import DATE
from summarize.extract.candidates import Candidate
from summarize.extract.scene import Scene
from summarize.ground import Reversals
from summarize.ground.lexicon import FUNCTION, stem, words
from summarize.material import Entry
from summarize.models import Detail, ItemKind
from summarize.salience import Meaning
from summarize.words import wordset

_MOST = {Detail.BRIEF: 2, Detail.STANDARD: 4, Detail.FULL: 8}
_BEARS = 0.42  # the least relevance of an answer
_NEAR_BEST = 0.6  # of the best answer's relevance, what a further one needs
_OF_KIND, _PLACE, _UNANSWERED = 0.25, 0.45, 0.25
_FAR = 6  # messages over which a talk's subject counts e times less
_REDUNDANT = 0.82
_STRANGER, _TWIN = 0.15, 0.6  # similarities that say nothing, and everything
_CODE = re.compile(r"[\w-]*\d[\w.-]*\b")
_DATED = re.compile(rf"\b{DATE}\b|\b\d{{1,2}}(?:st|nd|rd|th)\b", re.IGNORECASE)


class Want(StrEnum):
    """What kind of answer a question asks for."""

    DECISION = "decision"
    ACTION = "action"
    WHEN = "when"
    WHY = "why"
    OPEN = "open"


_WANTS: Mapping[Want, re.Pattern[str]] = {
    Want.OPEN: re.compile(
        r"\b(?:open|unanswered|unresolved) (?:questions?|issues?|points?)\b|\bstill open\b|\boffene fragen?\b",
        re.I,
    ),
    Want.DECISION: re.compile(
        r"\b(?:decid\w+|decisions?|agree\w*|settle\w*|chose\w*|choose|picked|conclu\w+|outcome|entschieden|beschlossen"
        r"|entscheidung\w*)\b",
        re.I,
    ),
    Want.WHEN: re.compile(
        r"\b(?:when|what (?:date|day|time)|which (?:date|day)|deadlines?|dates?|how soon|wann|bis wann)\b",
        re.I,
    ),
    Want.WHY: re.compile(r"\b(?:why|causes?|caused|reasons?|how come|warum|wieso|ursache)\b", re.I),
    Want.ACTION: re.compile(
        r"\b(?:who|whose|owners?|owns|action items?|to-?dos?|tasks?|assigned|responsible|wer)\b", re.I
    ),
}
_META = frozenset(
    stem(word)
    for word in wordset(
        """
        action agree agreed answer answered anyone asked assigned cause caused chose choose conclude conclusion date
        day deadline decide decided decision did discuss discussed happen happened issue item know latest mentioned news
        open outcome owner owns picked point question reason responsible said say settle settled somebody status
        still task team think thought tell time todo told unanswered unresolved update updates
        entschieden beschlossen entscheidung frage fragen offen offene ursache wann warum wieso
        """
    )
)
"""Stems that say what kind of answer is wanted, not what about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, taken apart: the stems of its subject with their weights, the kind of answer it wants."""

    text: str = ""
    subject: Mapping[str, float] = field(default_factory=dict[str, float])
    want: Want | None = None
    said: tuple[frozenset[str], ...] = ()

    @classmethod
    def of(cls, question: str, entries: Sequence[Entry]) -> Asked:
        """Return a question as it bears on a window: words that few messages have weigh most. Empty asks nothing."""
        if not question.strip():
            return cls()
        said = tuple(_keys(entry.text) for entry in entries)
        spread = Counter(key for keys in said for key in keys)
        subject = {key: math.log1p(len(entries) / max(1, spread[key])) for key in _keys(question) - _META}
        want = next((want for want, pattern in _WANTS.items() if pattern.search(question)), None)
        return cls(text=question, subject=subject, want=want, said=said)

    @property
    def specific(self) -> bool:
        """Tell whether the question asks for less than all that matters."""
        return bool(self.subject) or self.want is not None

    @property
    def sharing(self) -> frozenset[int]:
        """Return the positions of the messages that share a word with the question."""
        return frozenset(i for i, keys in enumerate(self.said) if not keys.isdisjoint(self.subject))

    def answers(
        self,
        made: Sequence[Candidate],
        scene: Scene,
        embedder: Embedder,
        detail: Detail,
    ) -> list[Candidate]:
        """Return the few candidates that answer, the best first; none if nothing in the window does."""
        stands = Reversals(scene.entries)  # by words, beside what `discourse` finds by meaning
        made = [one for one in made if stands.now(scene.entries[one.position].message.id) is None]
        if not self.subject:
            ranked = [one for one in made if self._is_wanted(one, scene.entries[one.position])]
        else:
            ranked = self._bearing(made, self._relevance(scene.found, embedder), scene)
        ranked = sorted(ranked, key=lambda one: (-one.score, one.position))
        return _distinct(ranked, scene.found.messages)[: _MOST[detail]]

    def _bearing(
        self,
        made: Sequence[Candidate],
        own: Sequence[float],
        scene: Scene,
    ) -> list[Candidate]:
        """Return the candidates that bear on the subject, scored by how far they answer."""
        found: list[Candidate] = []
        for one in made:
            wanted = self._is_wanted(one, scene.entries[one.position])
            relevance = own[one.position]
            if one.superseded is not None:
                relevance = max(relevance, own[one.superseded])
            if wanted:
                relevance = max(relevance, _placed(one.position, scene.groups[one.conversation], own))
            if relevance >= _BEARS:
                score = relevance + _OF_KIND * wanted + 0.04 * one.score
                score -= _UNANSWERED * (one.kind is ItemKind.QUESTION and self.want is not Want.OPEN)
                found.append(replace(one, score=score))
        best = max((one.score for one in found), default=0.0)
        return [one for one in found if one.score >= _NEAR_BEST * best]

    def _relevance(self, found: Meaning, embedder: Embedder) -> list[float]:
        """Return how far each message is about the subject, from 0 to 1."""
        row = embedder.embed([" ".join(w for w in words(self.text) if w not in FUNCTION) or self.text])[0]
        total = sum(self.subject.values())
        relevance: list[float] = []
        for keys, rows in zip(self.said, found.sentences, strict=True):
            share = sum(weight for key, weight in self.subject.items() if key in keys) / total
            alike = float((rows @ row).max(initial=0.0))
            meant = min(1.0, max(0.0, (alike - _STRANGER) / (_TWIN - _STRANGER)))
            relevance.append(0.5 * share + 0.5 * meant)
        return relevance

    def _is_wanted(self, one: Candidate, entry: Entry) -> bool:
        """Tell whether a message is of the kind that the question asks for."""
        match self.want:
            case Want.DECISION:
                return one.kind is ItemKind.DECISION or entry.cues.reversal > 0
            case Want.ACTION:
                return one.kind is ItemKind.ACTION or entry.assignee is not None
            case Want.WHEN:
                return one.kind is not ItemKind.QUESTION and bool(_DATED.search(entry.text))
            case Want.WHY:
                return entry.cues.cause > 0
            case Want.OPEN:
                return one.kind is ItemKind.QUESTION
            case None:
                return False


def _placed(position: int, members: Sequence[int], own: Sequence[float]) -> float:
    """Return how far a message's conversation was about the subject just before it."""
    before = [i for i in members if i < position]
    near = (own[i] * math.exp(-(len(before) - at - 1) / _FAR) for at, i in enumerate(before))
    return own[position] + _PLACE * max(near, default=0.0)


def _distinct(ranked: Sequence[Candidate], vectors: Vectors) -> list[Candidate]:
    """Return candidates without those that say what a better one has said, or that answer it already."""
    kept: list[Candidate] = []
    for one in ranked:
        row = vectors[one.position]
        told = {position for other in kept for position in (other.position, other.answer)}
        if one.position not in told and all(float(row @ vectors[k.position]) < _REDUNDANT for k in kept):
            kept.append(one)
    return kept


def _keys(text: str) -> frozenset[str]:
    """Return the stems and the numbered names of a text."""
    named = {match.casefold().rstrip(".-") for match in _CODE.findall(text)}
    return frozenset(stem(word) for word in words(text) if word not in FUNCTION and len(word) > 1) | named
