"""The checks of one item, and the repairs: each by rule, once, without a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from core.ids import MessageId, UserId
from summarize.ground.evidence import Evidence
from summarize.ground.facts import Fact, FactKind, facts, loose
from summarize.ground.lexicon import content, flat, language, stems
from summarize.ground.people import Named, misattributed, unborne
from summarize.ground.polarity import contradicts
from summarize.ground.reversals import Reversals
from summarize.ground.times import named
from summarize.guard import MARKS, MOST_TEXT, defuse, is_safe, normalise, settled
from summarize.material import Entry, Material
from summarize.models import Item

CITATION, PARTICIPANT, ACTIVE, DUE, UNSUPPORTED = (
    "citation",
    "participant",
    "active-content",
    "due",
    "unsupported",
)
SUPERSEDED, CONTRADICTED = "superseded", "contradicted"

_NEAR = 12  # messages to either side in which a missing citation is looked for
_MOST_ADDED = 2
_FEW = 2
_ALIKE = 0.8
_SENTENCE = re.compile(r"(?<=[.!?;…])\s+|\n")
_LONGEST_DUE = 80
_ROOM = 4  # times as long as it may be in the end is read of a text; it is a flood anyway
_LEAST_SHARE = 0.2  # of a claim's own words that must stand in what it cites


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of an item: as it may go out, mended if it had to be; or None, and the name of its fault."""

    item: Item | None
    fault: str = ""
    repaired: bool = False


class Grounding:
    """The checks, over one window's material. `handles` are people's handles as a model was shown them."""

    def __init__(self, material: Material, *, handles: Mapping[str, UserId] | None = None) -> None:
        self._material = material
        self._entries: Mapping[MessageId, Entry] = {entry.message.id: entry for entry in material.entries}
        self._place = {id: place for place, id in enumerate(self._entries)}
        self._named = Named(material, handles or {})
        self._alone: dict[MessageId, Evidence] = {}
        self._last: tuple[tuple[MessageId, ...], Evidence] = ((), Evidence([], material.names))

    @cached_property
    def reversals(self) -> Reversals:
        """Which messages of the window were taken back, and by which."""
        return Reversals(self._material.entries)

    def fault(self, item: Item) -> str:
        """Return why an item does not hold, as a name fit for a metric, or an empty text if it does."""
        return self._form(item) or self._people(item) or self._claim(item) or self._standing(item)

    def settle(self, item: Item) -> Settled:
        """Return the item if it holds, else mended once if a rule can, else nothing and the fault."""
        first = fault = self.fault(item)
        if not fault:
            return Settled(item=item)
        mended = item
        for repair in (
            self._harmless,
            self._sourced,
            self._peopled,
            self._borne,
            self._spoken,
            self._current,
        ):
            mended = repair(mended)
        fault = self.fault(mended)
        if fault or mended == item:
            return Settled(item=None, fault=fault or first)
        return Settled(item=mended, repaired=True)

    def repeats(self, item: Item, earlier: Sequence[Item]) -> bool:
        """Tell whether an item says what an earlier one has said from the same messages."""
        return any(_same(item, one) for one in earlier)

    # What holds

    def _form(self, item: Item) -> str:
        cited = [self._entries[id] for id in item.citations if id in self._entries]
        if not item.text.strip() or not cited or len(cited) != len(item.citations):
            return CITATION
        if len(set(item.citations)) != len(item.citations) or any(
            i not in self._entries for i in item.superseded
        ):
            return CITATION
        if all(entry.context for entry in cited):
            return CITATION
        return "" if settled(item.text) == item.text and is_safe(item.text) else ACTIVE

    def _people(self, item: Item) -> str:
        evidence = self._evidence(item.citations)
        if not evidence.people.issuperset(item.participants):
            return PARTICIPANT
        if item.owner is not None and item.owner not in evidence.people:
            return PARTICIPANT
        return DUE if item.due is not None and not self._says_due(item.due, evidence) else ""

    def _claim(self, item: Item) -> str:
        evidence = self._evidence(item.citations)
        if self._missing(item, evidence) or self._strange(item.text, evidence):
            return UNSUPPORTED
        if unborne(self._named, item.text, evidence) or misattributed(self._named, item.text, evidence):
            return PARTICIPANT
        sentences = [sentence.text for entry in evidence.entries for sentence in entry.sentences]
        return CONTRADICTED if contradicts(self._named.without(item.text), sentences) else ""

    def _standing(self, item: Item) -> str:
        """Return the fault of telling what was taken back as if it stood."""
        for old in item.citations:
            new = self.reversals.now(old)
            if new is not None and (new not in item.citations or not self._agrees(item.text, old, new)):
                return SUPERSEDED
        return ""

    # What can be mended

    def _harmless(self, item: Item) -> Item:
        text = settled(defuse(normalise(self._named.resolved(item.text[: _ROOM * MOST_TEXT]))))
        return item if text == item.text else replace(item, text=text)

    def _sourced(self, item: Item) -> Item:
        known = tuple(dict.fromkeys(id for id in item.citations if id in self._entries))
        superseded = tuple(dict.fromkeys(id for id in item.superseded if id in self._entries))
        return replace(item, citations=known, superseded=superseded)

    def _borne(self, item: Item) -> Item:
        """Add the citations, at most two, that bear out what the cited messages do not."""
        for _ in range(_MOST_ADDED):
            evidence = self._evidence(item.citations)
            missing = self._missing(item, evidence)
            if not missing and not self._strange(item.text, evidence):
                break
            told = facts(item.text)
            if any(evidence.rivals(fact, told) for fact in missing):
                break
            found = self._best(item, partial(self._gain, item.text, missing))
            if found is None:
                break
            item = replace(item, citations=(*item.citations, found))
        return item

    def _spoken(self, item: Item) -> Item:
        """Add what somebody who is said to act has written, where it is about the same."""
        for _ in range(_MOST_ADDED):
            evidence = self._evidence(item.citations)
            missing = unborne(self._named, item.text, evidence)
            if not missing or self._is_told_without(missing, item.text, evidence):
                break
            found = self._best(item, partial(_wrote, missing), least=2)
            if found is None:
                break
            item = replace(item, citations=(*item.citations, found))
        return item

    def _is_told_without(self, people: frozenset[UserId], text: str, evidence: Evidence) -> bool:
        """Tell whether people are only given what the cited messages say of others: nothing of theirs can mend that."""
        if content(self._named.without(text)) - evidence.stems:
            return False
        does = [
            text.partition(name)[2].split()[:1]
            for who, name, acts in self._named.actors(text)
            if who == people and not acts
        ]
        return any(content(word) for words in does for word in words)

    def _peopled(self, item: Item) -> Item:
        evidence = self._evidence(item.citations)
        return replace(
            item,
            participants=tuple(user for user in item.participants if user in evidence.people),
            owner=item.owner if item.owner in evidence.people else None,
            due=item.due if item.due is not None and self._says_due(item.due, evidence) else None,
        )

    def _current(self, item: Item) -> Item:
        """Cite the message that took back a cited one, if it is what the claim says."""
        for old in item.citations:
            new = self.reversals.now(old)
            if new is None or new in item.citations or not self._agrees(item.text, old, new):
                continue
            superseded = tuple(dict.fromkeys((*item.superseded, old)))
            item = replace(item, citations=(new, *item.citations), superseded=superseded)
        return item

    # The parts

    def _evidence(self, citations: Sequence[MessageId]) -> Evidence:
        key = tuple(id for id in citations if id in self._entries)
        if key != self._last[0]:
            self._last = key, Evidence([self._entries[id] for id in key], self._material.names)
        return self._last[1]

    def _of(self, entry: Entry) -> Evidence:
        found = self._alone.get(entry.message.id)
        if found is None:
            found = self._alone[entry.message.id] = Evidence([entry], self._material.names)
        return found

    def _missing(self, item: Item, evidence: Evidence) -> list[Fact]:
        """Return what the claim states and the messages do not; a proper name only if nobody ever used it."""
        count = max(len(evidence.entries), len({entry.message.author for entry in evidence.entries}))
        found = [fact for fact in facts(item.text) if not evidence.bears(fact, count=count)]
        return [fact for fact in found if fact.kind is not FactKind.NAME or self._is_foreign(fact, item.text)]

    def _is_foreign(self, fact: Fact, text: str) -> bool:
        return language(text) in {"en", ""} and not any(key in self._whole for key in fact.keys)

    @cached_property
    def _whole(self) -> str:
        """All that is said in the window, the names of its people and channels."""
        names = self._material.names
        texts = [*(entry.text for entry in self._material.entries), *names.every]
        return flat("\n".join(texts))

    def _strange(self, text: str, evidence: Evidence) -> bool:
        """Tell whether a claim or a sentence of it shares next to nothing with what it cites, in one language."""
        bare = MARKS.sub(" ", self._named.without(text))
        own = content(bare)
        here, there = language(text), language(evidence.text)
        if here and there and here != there:
            return False
        if len(own) < _FEW:
            return not (own or stems(bare)) & evidence.stems and not self._reports(text, bare, evidence)
        if len(own & evidence.stems) < _LEAST_SHARE * len(own):
            return True
        parts = (content(part) for part in _SENTENCE.split(bare))
        return any(len(part) >= _FEW and not part & evidence.stems for part in parts)

    def _reports(self, text: str, bare: str, evidence: Evidence) -> bool:
        """Tell whether a short claim says something all the same: a fact that is borne out, or what somebody did."""
        verbatim = loose(bare)
        if " " in verbatim and f" {verbatim} " in evidence.loose:
            return True
        if any(evidence.bears(fact) for fact in facts(text)):
            return True
        return bool(stems(bare)) and bool(self._named.actors(text)) and not content(bare)

    def _says_due(self, due: str, evidence: Evidence) -> bool:
        if len(due) > _LONGEST_DUE or not is_safe(due):
            return False
        if flat(due) and flat(due) in evidence.flat:
            return True
        stated = facts(due)
        return (
            bool(stated) and all(evidence.bears(fact) for fact in stated) and _beside(due) <= evidence.stems
        )

    def _best(self, item: Item, gain: Callable[[Evidence], float], *, least: int = 0) -> MessageId | None:
        """Return the message of the same thread or near by that adds most, and is about the same; or None.

        Up to the distance `least` one common word makes it about the same, beyond two.
        """
        own = stems(self._named.without(item.text))
        scored: list[tuple[float, int, MessageId]] = []
        for entry, distance in self._around(item):
            alone = self._of(entry)
            shared = len(own & alone.stems)
            added = gain(alone)
            if (
                added
                and shared >= (1 if distance <= least else 2)
                and self.reversals.now(entry.message.id) is None
            ):
                scored.append((added + 0.3 * min(shared, 6), -distance, entry.message.id))
        return max(scored)[2] if scored else None

    def _around(self, item: Item) -> list[tuple[Entry, int]]:
        """Return the messages of the cited ones' threads (at distance 0) and those near them, without the cited."""
        threads = {self._entries[id].message.root or id for id in item.citations}
        places = [self._place[id] for id in item.citations]
        found: list[tuple[Entry, int]] = []
        for place, entry in enumerate(self._material.entries):
            id = entry.message.id
            threaded = (entry.message.root or id) in threads
            distance = 0 if threaded else min((abs(place - one) for one in places), default=_NEAR + 1)
            if id not in item.citations and distance <= _NEAR:
                found.append((entry, distance))
        return found

    def _gain(self, text: str, missing: Sequence[Fact], alone: Evidence) -> float:
        """Return how many of the missing facts a message states; where only words are missing, whether it has some."""
        if not missing:
            return float(len(content(self._named.without(text)) & alone.stems) >= 2)
        return float(sum(alone.bears(fact) for fact in missing))

    def _agrees(self, text: str, old: MessageId, new: MessageId) -> bool:
        """Tell whether a claim says what the later of two messages says, where they differ."""
        before, after = self._of(self._entries[old]), self._of(self._entries[new])
        claim = [fact for fact in facts(text) if fact.kind is not FactKind.NAME]
        only_old = sum(before.bears(fact) and not after.bears(fact) for fact in claim)
        only_new = sum(after.bears(fact) and not before.bears(fact) for fact in claim)
        if only_old or only_new:
            return only_new > 0
        own = content(self._named.without(text))
        return len(own & (after.stems - before.stems)) > len(own & (before.stems - after.stems))


def _beside(due: str) -> frozenset[str]:
    """Return the words of a due date that are none of a date."""
    for when in named(due):
        low, high = when.span
        due = f"{due[:low]}{' ' * (high - low)}{due[high:]}"
    return stems(due)


def _wrote(people: frozenset[UserId], alone: Evidence) -> float:
    return float(alone.entries[0].message.author in people)


def _same(one: Item, other: Item) -> bool:
    """Tell whether two items say the same of the same messages: no other facts, and nearly all words of the shorter."""
    if not set(one.citations) & set(other.citations):
        return False
    a, b = stems(one.text), stems(other.text)
    nested = set(one.citations) <= set(other.citations) or set(other.citations) <= set(one.citations)
    if not nested:
        return a == b
    return len(a & b) >= _ALIKE * max(1, min(len(a), len(b))) and facts(one.text) == facts(other.text)
