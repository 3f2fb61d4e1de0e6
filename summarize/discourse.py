"""What later messages do to earlier ones: questions answered or left open, decisions taken back."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from core.embedding import Vectors
from summarize.cues import agrees
from summarize.material import Entry
from summarize.words import COMMON

_NEAR = 8  # messages after a question in which its answer is looked for
_PROMPT = 3  # of these, the ones that answer by their place alone
_TALK = 4  # messages of a conversation that is more than an aside
_ALIKE = 0.3
_SUPERSEDES = 0.5
_CANDIDATES = 24  # earlier plans that are looked at closely
_CONTENT = re.compile(r"[^\W\d_]{4,}|\d+")


def answer_to(
    question: int, members: Sequence[int], entries: Sequence[Entry], vectors: Vectors
) -> int | None:
    """Return the position of the message that answers a question in its conversation, or None if it is open."""
    asked = entries[question]
    later = [i for i in members if i > question and _in_reach(asked, entries[i])]
    found: int | None = None
    prompt = _PROMPT
    for order, i in enumerate(later[:_NEAR]):
        if entries[i].cues.unanswered:
            prompt = 0
            found = None if found is None or entries[i].message.author == asked.message.author else found
        elif found is None and _answers(
            asked, entries[i], float(vectors[i] @ vectors[question]), prompt=order < prompt
        ):
            found = i
    reopened = any(
        entries[i].cues.unanswered and _same_talk(asked, entries[i], float(vectors[i] @ vectors[question]))
        for i in later
    )
    return None if reopened else found


def interest(question: int, members: Sequence[int], entries: Sequence[Entry]) -> float:
    """Return what an open question gains by others' not knowing either, and loses if nobody took it up at all."""
    asked = entries[question]
    later = [entries[i] for i in members if i > question and _in_reach(asked, entries[i])][:_NEAR]
    if any(entry.cues.unanswered for entry in later):
        return 0.9
    put_to_somebody = asked.cues.question >= 1 or bool(asked.mentions)
    if len(members) < _TALK:
        return 0.0 if put_to_somebody else -1.0
    return 0.2 * (put_to_somebody or len(asked.sentences) > 1)


def supersessions(
    groups: Sequence[Sequence[int]], entries: Sequence[Entry], vectors: Vectors
) -> dict[int, int]:
    """Return which message takes back which earlier decision or plan, by position."""
    plans = [i for i, entry in enumerate(entries) if _is_plan(entry)]
    found: dict[int, int] = {}
    for members in groups:
        here = set(members)
        for i in members:
            if (
                entries[i].cues.reversal
                and (old := _taken_back(i, here, plans, entries, vectors)) is not None
            ):
                found[i] = old
    return found


def _taken_back(
    reversal: int, here: set[int], plans: Sequence[int], entries: Sequence[Entry], vectors: Vectors
) -> int | None:
    """Return the plan that a message takes back: the likest of its own conversation or of the whole window."""
    earlier = plans[: bisect_left(plans, reversal)]
    if not earlier:
        return None
    alike = vectors[earlier] @ vectors[reversal]
    order: list[int] = np.argsort(-alike, kind="stable")[:_CANDIDATES].tolist()
    near = [earlier[i] for i in order]
    near += [i for i in earlier[-_CANDIDATES:] if i in here]
    scored = [(_takes_back(reversal, i, entries, vectors) + 0.15 * (i in here), i) for i in near]
    best = max(scored)
    return best[1] if best[0] >= _SUPERSEDES else None


def _in_reach(asked: Entry, later: Entry) -> bool:
    """Tell whether a message could speak to a question: same thread, or the same floor of the channel."""
    thread = asked.message.root or asked.message.id
    if later.message.root == thread:
        return True
    return later.message.root == asked.message.root or later.message.broadcast


def _same_talk(asked: Entry, later: Entry, alike: float) -> bool:
    """Tell whether a doubt is about the question: of its asker, or in its thread."""
    mine = later.message.author == asked.message.author
    return alike > _ALIKE and (mine or later.message.root is not None)


def _answers(asked: Entry, later: Entry, alike: float, *, prompt: bool) -> bool:
    if later.message.author == asked.message.author or later.cues.greeting:
        return False
    if later.cues.question >= 0.7 and len(later.sentences) < 2:
        return False
    named = asked.message.author in later.mentions
    addressed = not asked.mentions or later.message.author in asked.mentions
    asks_back = bool(later.each) and later.each[-1].question >= 0.9
    threaded = later.message.root == asked.message.id
    return (
        named
        or threaded
        or (addressed and prompt and not asks_back)
        or alike > _ALIKE
        or (addressed and agrees(later.text))
    )


def _is_plan(entry: Entry) -> bool:
    return entry.cues.decision >= 0.4 or entry.cues.action >= 0.8 or bool(entry.cues.news)


def _takes_back(reversal: int, earlier: int, entries: Sequence[Entry], vectors: Vectors) -> float:
    new, old = entries[reversal], entries[earlier]
    shared = _words(new.text) & _words(old.text)
    weight = 0.9 * float(vectors[reversal] @ vectors[earlier]) + 0.12 * min(len(shared), 3)
    weight += 0.1 * (new.message.author == old.message.author)
    weight += 0.2 * (old.cues.decision >= 1) + 0.1 * (old.assents >= 3)
    return weight - 0.1 * min(1.0, (reversal - earlier) / 200)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _CONTENT.findall(text)} - COMMON
