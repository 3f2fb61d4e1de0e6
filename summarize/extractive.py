"""The embedded engine: summaries in the messages' own words, no language model.

Conversations are told apart, each message is weighed (`salience`) and read for what it does (`cues`, `discourse`);
every conversation of weight gets its say, then the strongest items by maximal marginal relevance
(Carbonell and Goldstein 1998), and `compose` words them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.embedding import Embedder, Vectors
from core.ids import UserId
from summarize.compose import LENGTHS, best_sentence, text_of
from summarize.cues import Cues, speaks_for_oneself
from summarize.discourse import answer_to, interest, supersessions
from summarize.due import due_in
from summarize.engine import Draft
from summarize.material import Entry, Material
from summarize.models import Detail, Item, ItemKind, MessageKind
from summarize.salience import Meaning, meaning, salience
from summarize.segment import conversations

NAME = "extractive/1"

_LEVELS = {Detail.BRIEF: (0.7, 1, 5), Detail.STANDARD: (1.6, 2, 24), Detail.FULL: (2.8, 3, 60)}
_ROOM = {Detail.BRIEF: 8, Detail.STANDARD: 30, Detail.FULL: 80}
_REDUNDANT = 0.82
_DIVERSITY = 0.8
_FRAGMENT = 6  # words of a sentence that only adds to the one before
_FEW = 4  # words that hardly say to what somebody commits themselves
_AGREED = 3  # assents that turn "let's …" into a decision
MAY_ASK = frozenset({ItemKind.TOPIC, ItemKind.UPDATE, ItemKind.INCIDENT})
_BONUS = {
    ItemKind.DECISION: 1.0,
    ItemKind.ACTION: 0.5,
    ItemKind.QUESTION: 0.7,
    ItemKind.INCIDENT: 0.6,
    ItemKind.UPDATE: 0.1,
    ItemKind.TOPIC: 0.0,
}


@dataclass(slots=True, kw_only=True)
class _Candidate:
    """A message that could become an item."""

    position: int
    conversation: int
    score: float
    kind: ItemKind = ItemKind.TOPIC
    answer: int | None = None
    superseded: int | None = None


class Extractive:
    """Picks what matters from a window, in the window's own words."""

    name = NAME

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The name of the embedder."""
        return self._embedder.name

    def draft(self, material: Material, detail: Detail) -> Draft:
        """Return the items of a window; the same material gives the same items. Synchronous and vectorized."""
        found = meaning(material.entries, self._embedder)
        groups = conversations(material.entries, found.messages)
        candidates = _candidates(material.entries, found, groups)
        chosen = _choose(candidates, found.messages, groups, material.used, detail)
        items = tuple(_item(one, material, found, groups, detail) for one in _ordered(chosen, groups))
        shown = len({one.conversation for one in chosen})
        return Draft(items=items, conversations=len(groups), shown=shown)


def _candidates(
    entries: Sequence[Entry], found: Meaning, groups: Sequence[Sequence[int]]
) -> list[_Candidate]:
    replaced = supersessions(groups, entries, found.messages)
    gone = set(replaced.values())
    candidates: list[_Candidate] = []
    for number, members in enumerate(groups):
        scores = salience(entries, found, members)
        for i, score in zip(members, scores.tolist(), strict=True):
            if i not in gone and _can_stand(entries[i]):
                one = _Candidate(position=i, conversation=number, score=score, superseded=replaced.get(i))
                candidates.append(_candidate(one, members, entries, found.messages))
    return candidates


def _candidate(
    one: _Candidate, members: Sequence[int], entries: Sequence[Entry], vectors: Vectors
) -> _Candidate:
    """Return a candidate with its kind, and the answer if it is a question that has one."""
    entry = entries[one.position]
    kind, answer, bonus = kind_of(entry, reverses=one.superseded is not None), None, 0.0
    if entry.cues.question >= 0.7 and kind in MAY_ASK:
        answer = answer_to(one.position, members, entries, vectors)
        if answer is None and entry.cues.question >= 0.9:
            kind = ItemKind.QUESTION
            bonus = interest(one.position, members, entries)
    if kind is ItemKind.ACTION and _empty_handed(entry):
        bonus = -0.8
    if kind is ItemKind.INCIDENT and entry.cues.cause >= 1:
        bonus = 1.0
    return replace(one, kind=kind, score=one.score + _BONUS[kind] + bonus, answer=answer)


def _can_stand(entry: Entry) -> bool:
    """Tell whether a message says enough to be read alone; context never is the claim itself."""
    words = len(entry.text.split())
    return (
        not entry.context
        and bool(entry.sentences)
        and (words >= 3 or (words >= 2 and entry.assents >= _AGREED))
    )


def kind_of(entry: Entry, *, reverses: bool = False) -> ItemKind:
    """Return what an item made of a message would be, before it is known whether it is an open question."""
    done = entry.cues
    agreed = entry.assents >= _AGREED and any(one.decision >= 0.4 and not _tells(one) for one in entry.each)
    if done.decision >= 1 or agreed or (reverses and (done.decision or entry.assents >= _AGREED)):
        return ItemKind.DECISION
    if done.routine:
        return ItemKind.TOPIC
    if done.incident and entry.message.kind is MessageKind.BOT:
        return ItemKind.INCIDENT
    if done.cause < 1 and not done.reversal and _acts(entry):
        return ItemKind.ACTION
    if done.incident or done.cause >= 1 or (done.cause and done.resolved):
        return ItemKind.INCIDENT
    return ItemKind.UPDATE if done.news or done.resolved or reverses else ItemKind.TOPIC


def _tells(one: Cues) -> bool:
    """Tell whether a sentence does something that a mere assent does not make a decision of."""
    return bool(one.question >= 0.9 or one.incident or one.cause or one.resolved or one.news or one.action)


def _acts(entry: Entry) -> bool:
    """Tell whether somebody takes something on, or is given it by name."""
    return (
        entry.cues.action >= 0.8 or entry.assignee is not None or bool(entry.cues.request and entry.mentions)
    )


def _empty_handed(entry: Entry) -> bool:
    """Tell whether a commitment does not say to what ("On it.", "Will do it.")."""
    parts = zip(entry.each, entry.sentences, strict=True)
    acting = [len(sentence.text.split()) for one, sentence in parts if one.action >= 0.8]
    return entry.assignee is None and max(acting, default=_FRAGMENT) <= _FEW


def _choose(
    candidates: Sequence[_Candidate],
    vectors: Vectors,
    groups: Sequence[Sequence[int]],
    used: int,
    detail: Detail,
) -> list[_Candidate]:
    """Return the items' messages: one for each conversation of weight, then the best of what is left."""
    factor, least, most = _LEVELS[detail]
    budget = min(most, max(least, math.ceil(factor * math.sqrt(used))))
    ranked = sorted(candidates, key=lambda one: (-one.score, one.position))
    leads = _leads(ranked, groups)[: _ROOM[detail]]
    return leads if len(leads) >= budget else _fill(leads, ranked, vectors, budget)


def _leads(ranked: Sequence[_Candidate], groups: Sequence[Sequence[int]]) -> list[_Candidate]:
    """Return the strongest item of each conversation that is more than a passing remark, by its weight."""
    best: dict[int, _Candidate] = {}
    for one in ranked:
        best.setdefault(one.conversation, one)
    heavy = [one for one in best.values() if len(groups[one.conversation]) >= 3 or one.score >= 1.6]
    leads = heavy or list(best.values())[:1]
    return sorted(leads, key=lambda one: -one.score - 0.4 * math.log(len(groups[one.conversation])))


def _fill(
    leads: Sequence[_Candidate], ranked: Sequence[_Candidate], vectors: Vectors, budget: int
) -> list[_Candidate]:
    """Add items by maximal marginal relevance until the budget is spent or only redundant or weak ones are left."""
    chosen = list(leads)
    rest = [one for one in ranked if one not in chosen]
    nearest = np.zeros(len(rest))
    scores = np.array([one.score for one in rest])
    rows = vectors[[one.position for one in rest]]
    alive = scores >= 0.9
    for one in chosen:
        nearest = np.maximum(nearest, rows @ vectors[one.position])
    while len(chosen) < budget:
        gain = np.where(alive & (nearest < _REDUNDANT), scores - _DIVERSITY * nearest, -np.inf)
        pick = int(np.argmax(gain)) if len(gain) else -1
        if pick < 0 or not np.isfinite(gain[pick]):
            break
        alive[pick] = False
        chosen.append(rest[pick])
        nearest = np.maximum(nearest, rows @ vectors[rest[pick].position])
    return chosen


def _ordered(chosen: Sequence[_Candidate], groups: Sequence[Sequence[int]]) -> Iterator[_Candidate]:
    """Yield items conversation by conversation, the weightiest first; within one, what matters most."""
    weight: dict[int, float] = {}
    for one in chosen:
        weight[one.conversation] = weight.get(one.conversation, 0.0) + max(0.0, one.score)
    for number, total in weight.items():
        weight[number] = total + 0.4 * math.log(len(groups[number]))
    yield from sorted(
        chosen, key=lambda one: (-weight[one.conversation], one.conversation, -one.score, one.position)
    )


def _item(
    one: _Candidate, material: Material, found: Meaning, groups: Sequence[Sequence[int]], detail: Detail
) -> Item:
    entries = material.entries
    entry = entries[one.position]
    centre = found.messages[groups[one.conversation]].mean(axis=0)
    best = best_sentence(entry, one.kind, found.sentences[one.position], centre)
    text = text_of(entry, one.kind, best=best, limit=LENGTHS[detail])
    cited = [entry]
    if one.answer is not None:
        reply = entries[one.answer]
        cited.append(reply)
        said = best_sentence(reply, ItemKind.TOPIC, found.sentences[one.answer], centre)
        text = f"{text} {text_of(reply, ItemKind.TOPIC, best=said, limit=LENGTHS[detail] // 2)}"
    people = dict.fromkeys(user for e in cited for user in (e.message.author, *e.mentions))
    return Item(
        kind=one.kind,
        text=text,
        citations=tuple(e.message.id for e in cited),
        participants=tuple(people),
        owner=_owner(entry) if one.kind is ItemKind.ACTION else None,
        due=_due(entry) if one.kind is ItemKind.ACTION else None,
        superseded=() if one.superseded is None else (entries[one.superseded].message.id,),
    )


def _owner(entry: Entry) -> UserId | None:
    """Return who is to act, if the message says so: whom it assigns, else its author where they commit themselves."""
    if entry.assignee is not None:
        return entry.assignee
    if entry.cues.request and len(entry.mentions) == 1:
        return entry.mentions[0]
    own = any(
        one.action >= 0.8 and speaks_for_oneself(sentence.text)
        for one, sentence in zip(entry.each, entry.sentences, strict=True)
    )
    return entry.message.author if own else None


def _due(entry: Entry) -> str | None:
    """Return when it is due: as a sentence that commits or asks says, or a fragment right after it ("By Tuesday.")."""
    parts = list(zip(entry.sentences, entry.each, strict=True))
    for position, (sentence, one) in enumerate(parts):
        if one.action < 0.8 and not one.request and not (entry.assignee and one.question < 0.9):
            continue
        if found := due_in(sentence.text):
            return found
        rest = parts[position + 1 : position + 2]
        if rest and len(rest[0][0].text.split()) <= _FRAGMENT and (found := due_in(rest[0][0].text)):
            return found
    return None
