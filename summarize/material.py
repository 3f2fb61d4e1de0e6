"""What an engine is given: the messages of a window, cleaned, with what each does; and why the rest was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce

from core.ids import MessageId, UserId
from summarize.cues import Cues, assigns, cues
from summarize.guard import normalise
from summarize.models import Message, MessageKind, Window
from summarize.names import Names
from summarize.plain import KEPT, mentioned, plain
from summarize.sentences import Sentence, lines_of, split
from summarize.words import AGREEMENT, ASSENT, FILLER, TELLING

SYSTEM, DELETED, FILE_ONLY, EMPTY = "system", "deleted", "file-only", "empty"
BOT_NOISE, DUPLICATE, LOW_CONTENT, TO_MACHINES = (
    "bot-noise",
    "duplicate",
    "low-content",
    "addressed-to-machines",
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER = re.compile(r"\d+(?:[.:,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A window as it was read: `found` in it, and `context`, the roots from before it that its replies hang on."""

    window: Window
    found: Sequence[Message]
    context: Sequence[Message] = ()
    thread: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A message as an engine sees it: plain text only, with its author's name and what it does."""

    message: Message
    author: str
    text: str
    sentences: tuple[Sentence, ...]
    each: tuple[Cues, ...]
    cues: Cues
    mentions: tuple[UserId, ...]
    reactions: int
    assents: int
    assignee: UserId | None = None
    context: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything a summary may be made from, oldest first, and the count of what is not among it, by reason."""

    window: Window
    entries: tuple[Entry, ...]
    skipped: Counter[str]
    names: Names

    @property
    def used(self) -> int:
        """Return how many of the window's own messages are here."""
        return sum(not entry.context for entry in self.entries)


def prepare(reading: Reading, names: Names) -> Material:
    """Return the material of a window: each message of it is either an entry or counted under one reason."""
    skipped: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    entries = [entry for m in reading.context if not _kind_reason(entry := _entry(m, names, context=True))]
    for message in reading.found:
        entry = _entry(message, names)
        reason = _kind_reason(entry) or _content_reason(entry, seen)
        if reason:
            skipped[reason] += 1
        else:
            entries.append(entry)
    entries.sort(key=lambda entry: (entry.message.at, entry.message.id))
    return Material(window=reading.window, entries=tuple(entries), skipped=skipped, names=names)


def people_in(messages: Iterable[Message]) -> frozenset[UserId]:
    """Return everyone who speaks or is spoken of."""
    return frozenset(user for m in messages for user in (m.author, *mentioned(m.text)))


def _entry(message: Message, names: Names, *, context: bool = False) -> Entry:
    text = plain(_told(message.text), names)
    sentences, each, whole = _heard(text)
    mentions = mentioned(message.text)
    return Entry(
        message=message,
        author=names.person(message.author),
        text=text,
        sentences=sentences,
        each=each,
        cues=whole,
        mentions=mentions,
        reactions=_count(message, AGREEMENT),
        assents=_count(message, ASSENT),
        assignee=_assignee(text, mentions, names),
        context=context,
    )


@lru_cache(KEPT)
def _told(text: str) -> str:
    """Return what a message says to people."""
    return "\n".join(lines_of(normalise(text)))


@lru_cache(KEPT)
def _heard(text: str) -> tuple[tuple[Sentence, ...], tuple[Cues, ...], Cues]:
    """Return the sentences of a plain text, what each does, and what all of them do."""
    sentences = tuple(split(text))
    each = tuple(cues(sentence.text) for sentence in sentences)
    return sentences, each, reduce(Cues.joined, each, Cues())


def _assignee(text: str, mentions: Sequence[UserId], names: Names) -> UserId | None:
    """Return whom a message gives something to do: somebody mentioned, else somebody asked by name."""
    return next((user for user in mentions if assigns(text, names.person(user))), None) or names.asked(text)


def _kind_reason(entry: Entry) -> str:
    """Return why a message is nothing to summarize whatever it says, or an empty text."""
    kind = entry.message.kind
    if kind is MessageKind.SYSTEM:
        return SYSTEM
    if kind is MessageKind.DELETED:
        return DELETED
    if kind is MessageKind.FILE or (not entry.message.text.strip() and entry.message.files):
        return FILE_ONLY
    if entry.sentences:
        return ""
    if not entry.message.text.strip():
        return EMPTY
    return LOW_CONTENT if lines_of(normalise(entry.message.text)) else TO_MACHINES


def _content_reason(entry: Entry, seen: set[tuple[str, str]]) -> str:
    """Return why a message adds nothing to the ones before it, or an empty text."""
    bot = entry.message.kind is MessageKind.BOT
    if bot and not _signals(entry.cues):
        return BOT_NOISE
    words = _told_words(entry.text)
    if words == 0:
        return LOW_CONTENT
    shape = _NUMBER.sub("0", entry.text) if bot else entry.text
    key = (entry.message.author, " ".join(shape.lower().split()))
    if key in seen and words > 2:
        return DUPLICATE
    seen.add(key)
    return ""


@lru_cache(KEPT)
def _told_words(text: str) -> int:
    """Return how many words a text has, 0 if they tell nothing."""
    words = [word.lower() for word in _WORD.findall(text)]
    empty = all(word in FILLER for word in words) or (len(words) == 1 and words[0] not in TELLING)
    return 0 if empty else len(words)


def _signals(found: Cues) -> bool:
    """Tell whether a bot says something of an incident or a deployment."""
    return bool(found.incident or found.news or found.resolved)


def _count(message: Message, names: frozenset[str]) -> int:
    return len({user for r in message.reactions if r.name.split("::")[0] in names for user in r.users})
