"""Which messages were taken back by a later one, told by what people say when they do: "nvm", "correction: Friday".

Works on the words alone; `summarize.discourse` does the same by meaning for the engine that has vectors.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from core.ids import MessageId
from summarize.ground.lexicon import content
from summarize.ground.times import named
from summarize.material import Entry
from summarize.plain import KEPT

_TAKES_BACK = re.compile(
    r"\bnvm\b|\bnever ?mind\b|\b(?:scratch|strike|forget) (?:that|my last)\b"
    r"|\bcorrection\b\s*[:,-]|\bon second thoughts?\b"
    r"|\bi (?:was wrong|misspoke|take (?:it|that) back)\b|\bchange of plans?\b|\bmake (?:it|that) \w+ instead\b"
    r"|\boff the table\b|^\W*reversed\b|^\W*(?:doch nicht|kommando zurück)|\bactually\b.{0,80}\binstead\b",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"\b(?:moved|moves|moving|pushed|slips|slipped|postponed|shifted|bumped|delayed|rescheduled)\b"
    r".{0,60}\b(?:to|until|from|by)\b"
    r"|\bnew (?:\w+ )?(?:date|deadline|plan)\b"
    r"|\b(?:is|are|was) (?:now )?(?:cancel+ed|reversed|off|dropped)\b"
    r"|\bno longer\b|\breverse[sd]?\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[:.!?;\n]\s")
_LABEL = re.compile(r"\b([^\W\d_]{2,})[ #-]{1,2}(\d+|[A-Z])\b")
_WITHIN = 400  # messages back in which the old one is looked for
_AGO = timedelta(days=30)
_NEXT = timedelta(minutes=20)
_ENOUGH = 3.0
_ALSO = 2.0
_OPTIONS = re.compile(r"^\W*(?:options?|proposals?|ideas?|doubts?|question)\b", re.IGNORECASE)


class Reversals:
    """For each message that was taken back, the one that did it last."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by: dict[MessageId, MessageId] = {}
        strengths = [_strength(entry) for entry in entries]
        if not any(strengths):
            return  # nobody takes anything back: the rest need not be read
        self._said = [content(entry.text) for entry in entries]
        self._days = [_days(entry.text) for entry in entries]
        for new, old in self._found(entries, strengths):
            self._by[entries[old].message.id] = entries[new].message.id

    @property
    def by(self) -> Mapping[MessageId, MessageId]:
        """Return the messages that were taken back, each with the one that did."""
        return self._by

    def now(self, id: MessageId) -> MessageId | None:
        """Return the message that tells how things stand now, or None if this one was not taken back."""
        latest = self._by.get(id)
        seen = {id}
        while latest is not None and latest not in seen and (later := self._by.get(latest)) is not None:
            seen.add(latest)
            latest = later
        return latest

    def _found(self, entries: Sequence[Entry], strengths: Sequence[int]) -> Iterator[tuple[int, int]]:
        plans = [
            i
            for i, entry in enumerate(entries)
            if entry.cues.question < 0.7 and _is_plan(entry, self._days[i])
        ]
        for new in range(len(entries)):
            if strengths[new]:
                for old in self._old(new, strengths[new], plans, entries):
                    yield new, old

    def _old(self, new: int, strength: int, plans: Sequence[int], entries: Sequence[Entry]) -> list[int]:
        """Return what a message takes back: the likest, and decisions on the same that are hardly less like."""
        earlier = plans[: bisect_right(plans, new - 1)][-_WITHIN:]
        scored = [(self._score(new, old, strength, entries), old) for old in earlier]
        best = max((score for score, _ in scored), default=0.0)
        if best < _ENOUGH:
            return []
        also = max(best - _ALSO, _ENOUGH)
        return [
            old
            for score, old in scored
            if score == best or (score >= also and entries[old].cues.decision >= 1 and self._days[old])
        ]

    def _score(self, new: int, old: int, strength: int, entries: Sequence[Entry]) -> float:
        """Return how much speaks for one message's taking back another: shared words above all."""
        one, other = entries[new].message, entries[old].message
        if one.at - other.at > _AGO:
            return 0.0
        thread = (one.root or one.id) == (other.root or other.id)
        mine = one.author == other.author
        follows = new - old <= 4 and one.at - other.at <= _NEXT and one.root == other.root
        shared = len(self._said[new] & self._said[old])
        dated = bool(self._days[new] and self._days[old] and self._days[new] != self._days[old])
        firm = entries[old].cues.decision >= 0.4 or entries[old].cues.action >= 0.8
        if strength < 2 and not (dated or firm):
            return 0.0
        if _is_of_another(entries[new].text, entries[old].text, strength):
            return 0.0
        if not (shared >= 2 or (follows and (mine or dated)) or (thread and (dated or shared))):
            return 0.0
        score = min(shared, 4) + 0.5 * mine + 1.0 * thread + 1.0 * dated + 0.5 * strength + 1.0 * follows
        return score + 1.0 * (entries[old].cues.decision >= 1) - 0.002 * (new - old)


def _is_of_another(new: str, old: str, strength: int) -> bool:
    """Tell whether two statements are alike but of different subjects: team 10, not team 0; billing, not checkout."""
    subject, labels = _subject(new)
    if any(word == other and number != another for word, number in labels for other, another in _labels(old)):
        return not labels & _labels(old)
    other, _ = _subject(old)
    return strength < 2 and bool(subject and other) and not subject & other


@lru_cache(KEPT)
def _subject(text: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Return the words, and the words with numbers, of what is said to move; empty if nothing is."""
    moved = _MOVED.search(text)
    if moved is None:
        return frozenset(), frozenset()
    head = _CLAUSE.split(text[: moved.start()])[-1]
    return content(head), _labels(head)


@lru_cache(KEPT)
def _labels(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((word.casefold(), number) for word, number in _LABEL.findall(text))


def _strength(entry: Entry) -> int:
    """Return 2 where a message says in so many words that it takes something back, 1 where it only moves something."""
    if entry.cues.question >= 0.9 and len(entry.sentences) < 2:
        return 0
    return _said_back(entry.text) or int(entry.cues.reversal > 0)


@lru_cache(KEPT)
def _said_back(text: str) -> int:
    if _TAKES_BACK.search(text):
        return 2
    return int(_MOVED.search(text) is not None)


def _is_plan(entry: Entry, days: frozenset[str]) -> bool:
    """Tell whether a message sets something that can be taken back; a question or a list of options sets nothing."""
    done = entry.cues
    if _OPTIONS.search(entry.text):
        return False
    return done.decision >= 0.4 or done.action >= 0.8 or done.news > 0 or done.reversal > 0 or bool(days)


@lru_cache(KEPT)
def _days(text: str) -> frozenset[str]:
    return frozenset(key for when in named(text) for key in when.keys)
