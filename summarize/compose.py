"""From a message to the text of an item: its own words, lightly pressed into reported speech where that is safe."""

from __future__ import annotations

import re

import numpy as np

from core.embedding import Vectors
from summarize.cues import Cues
from summarize.material import Entry
from summarize.models import Detail, ItemKind
from summarize.sentences import CODE_MARK

LENGTHS = {Detail.BRIEF: 150, Detail.STANDARD: 240, Detail.FULL: 400}

_OPENERS = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well|right|alright|anyway|btw|fyi|and|also|hey|hi(?: all| team| everyone)?|yeah|yes|hmm+|"
    r"um+|uh+|thanks(?: all| everyone)?|great|cool)\b[\s,.!:;—-]+)+(?=\S{2,}\s+\S+)",
    re.IGNORECASE,
)
_DECISION = re.compile(
    r"^(?:decision|decided|agreed|resolution|final(?: call)?)(?: by \w+)?\s*[:,–—-]\s*", re.IGNORECASE
)
_COMMITS = re.compile(
    r"^(?:i'll|i will|i'm going to|i am going to)\s+(?:then\s+|also\s+|just\s+)?(?=\w)", re.IGNORECASE
)
_PERSONAL = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|myself|you|you're|your|yours|we|we'll|we're|us|our|ours)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:–—(]\s|\s(?:and|but|because|so|which|that|while|until|unless)\s")


def text_of(entry: Entry, kind: ItemKind, *, best: int, limit: int, last: int | None = None) -> str:
    """Return an item's text: who, and what they said around sentence `best`, in at most about `limit` characters.

    With `last`, the sentences `best` and `last` alone.
    """
    if last is None:
        said = _spoken(entry, best, limit, alone=kind is ItemKind.QUESTION)
    else:
        parts = [entry.sentences[at].text for at in dict.fromkeys((best, last))]
        said = clip(_tidy(" ".join(_closed(part) for part in parts)), limit)
    if kind is ItemKind.QUESTION:
        return f"{entry.author} asked: {said}"
    if kind is ItemKind.DECISION and _DECISION.match(said):
        return f"{entry.author} decided: {_capital(_DECISION.sub('', said))}"
    if kind is ItemKind.ACTION:
        rest = _COMMITS.sub("", said)
        if rest != said and not _PERSONAL.search(rest):
            return f"{entry.author} will {rest}"
    return f"{entry.author}: {_capital(said)}"


def best_sentence(entry: Entry, kind: ItemKind, vectors: Vectors, centre: Vectors) -> int:
    """Return which sentence of a message to build an item around; `centre` is the conversation's mean vector."""
    if not entry.sentences:
        return 0
    scores = vectors @ centre
    weights = np.array([_fits(cue, kind) for cue in entry.each])
    size = np.array([min(len(s.text.split()), 12) / 12 - 0.6 * s.quoted for s in entry.sentences])
    return int(np.argmax(scores + 1.5 * weights + 0.6 * size))


def clip(text: str, limit: int) -> str:
    """Return a text cut at the end of a clause or a word, with an ellipsis, if it is longer than the limit."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    ends = [match.start() for match in _CLAUSE.finditer(head) if match.start() > limit * 0.6]
    cut = ends[-1] if ends else head.rfind(" ")
    head = head[: cut if cut > 0 else limit].rstrip(" ,;:–—(")
    if head.count("`") % 2:
        head = head[: head.rfind("`")].rstrip()
    return f"{head}…"


def _spoken(entry: Entry, best: int, limit: int, *, alone: bool) -> str:
    """Return the best sentence with as many of its neighbours, the following first, as fit."""
    parts = [s.text for s in entry.sentences]
    low = high = best
    size = len(parts[best])
    grown = not alone
    while grown:
        grown = False
        if high + 1 < len(parts) and size + len(parts[high + 1]) < limit:
            high += 1
            size += len(parts[high]) + 1
            grown = True
        if low > 0 and size + len(parts[low - 1]) < limit:
            low -= 1
            size += len(parts[low]) + 1
            grown = True
    joined = " ".join(_closed(part) for part in parts[low : high + 1])
    return clip(_tidy(joined), limit)


def _closed(part: str) -> str:
    """Return a line of a list or a chat line with a full stop, unless it ends in a mark of its own."""
    return part if part[-1] in ".!?…:;,。！？)" or part.endswith(CODE_MARK) else f"{part}."


def _tidy(text: str) -> str:
    text = _OPENERS.sub("", " ".join(text.split()))
    text = re.sub(rf":\s*{re.escape(CODE_MARK)}", f" {CODE_MARK}", text)
    text = re.sub(rf"(?:{re.escape(CODE_MARK)}\s*){{2,}}", f"{CODE_MARK} ", text)
    return text.rstrip(" :,;") or text


def _capital(text: str) -> str:
    first = text.split(" ", 1)[0]
    bare = first.rstrip(",.:;!?'")
    return text[:1].upper() + text[1:] if bare.isalpha() and bare.islower() else text


def _fits(cue: Cues, kind: ItemKind) -> float:
    """Return how far a sentence does what an item of this kind is about."""
    if kind is ItemKind.DECISION:
        return max(cue.decision, 0.8 * cue.reversal)
    if kind is ItemKind.ACTION:
        return max(cue.action, 0.9 * cue.request)
    if kind is ItemKind.QUESTION:
        return cue.question
    if kind is ItemKind.INCIDENT:
        return max(cue.incident, cue.cause, cue.resolved)
    return 0.5 * cue.news - 0.3 * (cue.question >= 0.7) - cue.greeting
