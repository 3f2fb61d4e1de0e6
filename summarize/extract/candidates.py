"""Messages that could become items: how strong each is, and what an item made of it would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.embedding import Vectors
from summarize.cues import Cues
from summarize.discourse import answer_to, interest, supersessions
from summarize.extract.scene import Scene
from summarize.material import Entry
from summarize.models import ItemKind, MessageKind
from summarize.salience import salience

MAY_ASK = frozenset({ItemKind.TOPIC, ItemKind.UPDATE, ItemKind.INCIDENT})
_FRAGMENT = 6  # words of a commitment that says to what
_FEW = 4  # words that hardly say to what somebody commits themselves
_AGREED = 3  # assents that turn "let's …" into a decision
_BONUS = {
    ItemKind.DECISION: 1.0,
    ItemKind.ACTION: 0.5,
    ItemKind.QUESTION: 0.7,
    ItemKind.INCIDENT: 0.6,
    ItemKind.UPDATE: 0.1,
    ItemKind.TOPIC: 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A message that could become an item; `sentences` are those chosen of it, none: to be chosen when it is worded."""

    position: int
    conversation: int
    score: float
    kind: ItemKind = ItemKind.TOPIC
    answer: int | None = None
    superseded: int | None = None
    sentences: tuple[int, ...] = ()


def candidates(scene: Scene) -> list[Candidate]:
    """Return the messages of a window that can stand alone and were not taken back, conversation by conversation."""
    entries, found, groups = scene.entries, scene.found, scene.groups
    replaced = supersessions(groups, entries, found.messages)
    gone = {old: new for new, old in replaced.items()}
    made: list[Candidate] = []
    for number, members in enumerate(groups):
        scores = salience(entries, found, members)
        for i, score in zip(members, scores.tolist(), strict=True):
            if i not in gone and _can_stand(entries[i]):
                one = Candidate(position=i, conversation=number, score=score, superseded=replaced.get(i))
                one = _candidate(one, members, entries, found.messages)
                made.append(replace(one, answer=_standing(one.answer, gone)))
    return made


def _standing(answer: int | None, gone: Mapping[int, int]) -> int | None:
    """Return an answer as it stands: where it was taken back, the message that did."""
    while answer is not None and answer in gone:
        answer = gone[answer]
    return answer


def _candidate(
    one: Candidate, members: Sequence[int], entries: Sequence[Entry], vectors: Vectors
) -> Candidate:
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
