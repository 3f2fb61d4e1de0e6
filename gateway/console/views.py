"""What the templates are given: values ready to be shown, with names resolved and text rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from gateway.console.names import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment for people and for machines."""

    iso: str
    text: str
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What every page has around it; `actor` is None before signing in."""

    workspace: str = ""
    actor: Who | None = None
    csrf: str = ""
    theme: str = "system"
    notice: str = ""
    here: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A channel in a list."""

    href: str
    name: str
    private: bool
    archived: bool
    about: str
    messages: int
    last: Moment | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A numbered link to a message that bears a claim out."""

    number: int
    href: str
    who: Who
    at: Moment
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One claim of a summary."""

    number: int
    kind: str
    text: Markup
    citations: tuple[Citation, ...]
    replaced: tuple[Citation, ...] = ()
    owner: Who | None = None
    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """What was found, used and skipped, in words."""

    found: int
    used: int
    skipped: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """A summary with everything a reader needs to judge it."""

    id: str
    window: str
    items: tuple[ItemView, ...]
    people: tuple[Who, ...]
    coverage: CoverageView
    provenance: tuple[tuple[str, str], ...]
    degraded: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A channel of a recap."""

    name: str
    href: str
    feedback_href: str
    mentions: int
    summary: SummaryView


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoView:
    """Something that is the reader's to do, and where it was said."""

    channel: str
    href: str
    item: ItemView


@dataclass(frozen=True, slots=True, kw_only=True)
class RecapView:
    """A digest over the reader's channels; `beside` are those without a section: heading, and names with a remark."""

    window: str
    zone: str
    todos: tuple[TodoView, ...]
    sections: tuple[SectionView, ...]
    beside: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    coverage: CoverageView
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message as people see it in a chat."""

    id: str
    href: str
    who: Who
    at: Moment
    body: Markup
    kind: str
    edited: Moment | None = None
    reactions: tuple[tuple[str, str, int, str], ...] = ()
    files: tuple[str, ...] = ()
    replies: int = 0
    flag: str = ""
    day: str = ""
    joins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A recommended channel or person, its rank and why."""

    rank: int
    item: int
    entry: str
    name: str
    href: str
    about: str
    who: Who | None
    private: bool
    reasons: tuple[str, ...]
    more: tuple[str, ...]
    score: float
    share: int
    explored: bool
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of several views of a page."""

    href: str
    name: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRow:
    """A prompt in the list."""

    name: str
    href: str
    about: str
    version: str
    stage: str
    by: str
    since: Moment | None
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version of a prompt."""

    version: str
    stage: str
    by: str
    since: Moment | None
    reason: str
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """Somebody to act as, and how much they may read."""

    who: Who
    channels: int
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What went wrong, what to do, and the id to report."""

    status: int
    title: str
    detail: str
    remedy: str
    request_id: str
