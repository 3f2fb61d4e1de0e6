"""From a chosen message to an item: its words, who is in it, who is to act and when."""

from __future__ import annotations

from core.ids import UserId
from summarize.compose import LENGTHS, best_sentence, text_of
from summarize.cues import speaks_for_oneself
from summarize.due import due_in
from summarize.extract.candidates import Candidate
from summarize.extract.partner import Partner, partner
from summarize.extract.reported import reported
from summarize.extract.scene import Scene
from summarize.extract.voice import Voice
from summarize.material import Entry
from summarize.models import Detail, Item, ItemKind, MessageKind
from summarize.names import Names

_FRAGMENT = 6  # words of a sentence that only adds to the one before
_TERSE = 6  # words of a report that says enough alone


class Writer:
    """Words the items of one window."""

    def __init__(self, scene: Scene, names: Names, detail: Detail) -> None:
        self._scene = scene
        self._entries = scene.entries
        self._names = names
        self._detail = detail
        self._limit = LENGTHS[detail]

    def item(self, one: Candidate) -> Item:
        """Return the item of a candidate: at brief detail as a report, else in the speaker's own words."""
        entry = self._entries[one.position]
        with_whom = partner(one.position, self._entries)
        told = self._report(one, with_whom) if self._detail is Detail.BRIEF else None
        text, cited = told if told is not None else (self._said(one, one.kind, self._limit), [entry])
        if one.answer is not None:
            reply = self._entries[one.answer]
            cited.append(reply)
            text = f"{text} {self._said(self._reply(one), ItemKind.TOPIC, self._limit // 2)}"
        cited = list(dict.fromkeys(cited))
        people = dict.fromkeys(user for e in cited for user in (e.message.author, *e.mentions))
        acts = one.kind is ItemKind.ACTION
        return Item(
            kind=one.kind,
            text=text,
            citations=tuple(e.message.id for e in cited),
            participants=tuple(people),
            owner=_owner(entry) if acts else None,
            due=_due(entry) if acts else None,
            superseded=() if one.superseded is None else (self._entries[one.superseded].message.id,),
        )

    def _reply(self, one: Candidate) -> Candidate:
        assert one.answer is not None  # noqa: S101
        return Candidate(position=one.answer, conversation=one.conversation, score=0.0)

    def _best(self, one: Candidate, kind: ItemKind) -> int:
        rows = self._scene.found.sentences[one.position]
        return best_sentence(self._entries[one.position], kind, rows, self._scene.centre(one.conversation))

    def _said(self, one: Candidate, kind: ItemKind, limit: int) -> str:
        """Return who said it, and their words; of chosen sentences, those alone."""
        entry = self._entries[one.position]
        if not one.sentences:
            return text_of(entry, kind, best=self._best(one, kind), limit=limit)
        return text_of(entry, kind, best=one.sentences[0], limit=limit, last=one.sentences[-1])

    def _again(self, text: str, full: str) -> str:
        """Return a text that calls somebody by their first name from the second time on, if nobody shares it."""
        first = full.split(" ", 1)[0]
        alone = sum(name.split(" ", 1)[0].casefold() == first.casefold() for name in self._names.every) == 1
        if not full or not alone or not first.isalpha() or full not in text:
            return text
        head, _, tail = text.partition(full)
        return f"{head}{full}{tail.replace(full, first)}"

    def _report(self, one: Candidate, with_whom: Partner | None) -> tuple[str, list[Entry]] | None:
        """Return a report of the chosen sentences with the messages that bear it out, or None if one cannot be told."""
        entry = self._entries[one.position]
        if entry.message.kind is MessageKind.BOT:
            return None
        name = "" if with_whom is None else self._names.person(with_whom.person)
        voice = Voice(speaker=entry.author, other=name)
        chosen = one.sentences or (self._best(one, one.kind),)
        told = [reported(entry.sentences[at].text, voice) for at in chosen]
        text = " ".join(sentence for sentence in told if sentence)
        short = not one.sentences and len(text.split()) < _TERSE
        if not all(told) or short or len(text) > self._limit:
            return None
        named = with_whom is not None and bool(name) and name in text.removeprefix(entry.author)
        witness = with_whom.witness if named and with_whom is not None else None
        for full in (entry.author, name):
            text = self._again(text, full)
        return text, [entry] if witness is None else [entry, self._entries[witness]]


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
