"""The nouns of summarization: messages, windows, items, coverage, summaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import InvalidInput
from core.ids import ChannelId, MessageId, SummaryId, UserId, WorkspaceId

NO_ENGINE = "none"
"""The engine and model of a summary of nothing: there was no need to ask one."""


class MessageKind(StrEnum):
    """What a message is, so that nothing is summarized as what it is not."""

    TEXT = "text"
    BOT = "bot"
    SYSTEM = "system"  # joins, leaves, topic changes …: carried, never summarized as talk
    FILE = "file"  # a file without a word
    POLL = "poll"
    DELETED = "deleted"  # a tombstone: its text is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji and who set it."""

    name: str
    users: tuple[UserId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMarker:
    """That a file was shared; never its content."""

    name: str
    mimetype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody said, with what happened to it since.

    `text` keeps mentions, channels and links as tokens: ``<@U1>``, ``<#C1|name>``, ``<https://x|label>``, ``<!here>``;
    entities are decoded. `root` is the first message of its thread, None outside threads and for the root itself.
    """

    id: MessageId
    workspace: WorkspaceId
    channel: ChannelId
    author: UserId
    at: datetime
    text: str
    kind: MessageKind = MessageKind.TEXT
    root: MessageId | None = None
    broadcast: bool = False
    edited_at: datetime | None = None
    reactions: tuple[Reaction, ...] = ()
    files: tuple[FileMarker, ...] = ()
    subtype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open span of time, [since, until). Raises InvalidInput unless both are aware and in order."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment.tzinfo is None:
                raise InvalidInput(
                    name, moment.isoformat(), "has no time zone", remedy="Add one, e.g. +00:00."
                )
        if self.until < self.since:
            raise InvalidInput(
                "until",
                self.until.isoformat(),
                f"lies before since, {self.since.isoformat()}",
                remedy="Swap them.",
            )

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment lies in the window; `until` itself does not."""
        return self.since <= moment < self.until


class Detail(StrEnum):
    """How much a reader wants."""

    BRIEF = "brief"
    STANDARD = "standard"
    FULL = "full"


class Feature(StrEnum):
    """What a model is asked for: somebody waits for a summary, nobody for a recap."""

    SUMMARY = "summary"
    RECAP = "recap"


class ItemKind(StrEnum):
    """What an item of a summary tells."""

    DECISION = "decision"
    ACTION = "action"
    QUESTION = "question"
    INCIDENT = "incident"
    UPDATE = "update"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One claim, and the messages that bear it out (at least one)."""

    kind: ItemKind
    text: str
    citations: tuple[MessageId, ...]
    participants: tuple[UserId, ...] = ()
    owner: UserId | None = None
    due: str | None = None
    superseded: tuple[MessageId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was found in the window, what was used, and why the rest was not: found == used + sum(skipped).

    `context` counts messages from before the window that were read along, thread roots above all; `dropped` counts
    items that grounding refused, `repaired` those it could mend; of `conversations` found in the window, `shown` have
    an item. The window was read in `segments`, of which `reused` were finished before; of `clipped` messages only the
    beginning fitted.
    """

    found: int
    used: int
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    context: int = 0
    dropped: int = 0
    conversations: int = 0
    shown: int = 0
    repaired: int = 0
    segments: int = 0
    reused: int = 0
    clipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a summary: enough to make it again and to judge who made it worse."""

    engine: str
    model: str
    prompt: str
    parameters: Mapping[str, float | int | str]
    input_hash: str
    arm: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An answer to "what did I miss?": items with citations, and what they cover.

    `stale` once a message it was made from was edited or deleted; its text is then gone.
    """

    id: SummaryId
    workspace: WorkspaceId
    channel: ChannelId
    reader: UserId
    window: Window
    thread: MessageId | None
    detail: Detail
    items: tuple[Item, ...]
    participants: tuple[UserId, ...]
    coverage: Coverage
    provenance: Provenance
    created_at: datetime
    degraded: str = ""
    stale: bool = False


class FeedbackKind(StrEnum):
    """What a reader thinks of a summary or of one item."""

    USEFUL = "useful"
    WRONG = "wrong"
    MISSING = "missing"
    UNSAFE = "unsafe"
