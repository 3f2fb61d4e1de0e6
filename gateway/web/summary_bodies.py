"""What a summary looks like in JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.errors import InvalidInput
from core.ids import MessageId
from gateway.links import message_path
from summarize.models import Detail, FeedbackKind, Item, ItemKind, Summary
from summarize.render import blocks, markdown
from summarize.sources import Sources
from summarize.wishes import LONGEST_QUESTION

_WORDS = frozenset({"comment", "text", "note", "reason", "message"})
_KINDS = f"Send one of {', '.join(FeedbackKind)} as `kind`, and the number of an item."


class AskBody(BaseModel):
    """Which messages to summarize, for whom."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"channel": "#incidents", "user": "@ana", "last": "7d", "detail": "standard"},
                {"channel": "#platform", "user": "@ana", "since": "2026-03-02", "until": "2026-03-09T12:00"},
                {"channel": "C024BE91L", "user": "U024BE7LH", "thread": "C024BE91L-1355517523.000005"},
                {
                    "channel": "#platform",
                    "user": "@ana",
                    "last": "7d",
                    "question": "What was decided about 4.12?",
                },
            ]
        },
    )
    channel: Annotated[
        str, Field(min_length=1, max_length=256, examples=["#incidents"], description="Id or #name.")
    ]
    user: Annotated[
        str | None,
        Field(
            max_length=256,
            examples=["@ana"],
            description="The reader: id or @handle; may come in the header X-Catchup-User.",
        ),
    ] = None
    last: Annotated[
        str | None,
        Field(max_length=32, examples=["7d"], description="So much time up to now: 30m, 12h, 7d, 2w."),
    ] = None
    since: Annotated[
        str | None,
        Field(
            max_length=64,
            examples=["2026-03-02"],
            description="ISO 8601, included; without an offset on the reader's clock.",
        ),
    ] = None
    until: Annotated[
        str | None,
        Field(max_length=64, examples=["2026-03-09"], description="ISO 8601, not included; left out: now."),
    ] = None
    thread: Annotated[str | None, Field(max_length=128, description="Any message of the thread, by id.")] = (
        None
    )
    unread_from: Annotated[
        str | None,
        Field(
            max_length=128,
            description="The last message that was read, by id, Slack ts or ISO 8601 time; it is not included.",
        ),
    ] = None
    unread: Annotated[
        bool, Field(description="What came after the read marker posted to /v1/read-markers.")
    ] = False
    question: Annotated[
        str | None,
        Field(
            max_length=10_000,  # longer than LONGEST_QUESTION, whose error says what to do
            examples=["What was decided about the release?"],
            description=f"Answer this alone, from the same messages; up to {LONGEST_QUESTION} characters.",
        ),
    ] = None
    language: Annotated[
        str | None,
        Field(max_length=256, examples=["de"], description="BCP 47 tag; left out: the channel's language."),
    ] = None
    detail: Annotated[Detail, Field(description="How much; it scales with what there is.")] = Detail.STANDARD
    timezone: Annotated[
        str, Field(max_length=64, examples=["Europe/Berlin"], description="IANA name; else the reader's own.")
    ] = ""


class CitationBody(BaseModel):
    """A message that bears an item out."""

    id: str
    author: str
    at: datetime | None
    href: Annotated[str, Field(description="The message in its context, in the console.")]


class PersonBody(BaseModel):
    """Somebody by id and the name that tells them from the others here."""

    id: str
    name: str


class ItemBody(BaseModel):
    """One claim. `text` is plain: show it escaped."""

    kind: ItemKind
    text: str
    citations: list[CitationBody]
    participants: list[PersonBody]
    owner: PersonBody | None
    due: str | None
    superseded: Annotated[list[CitationBody], Field(description="Earlier messages that this takes back.")]


class WindowBody(BaseModel):
    """The half-open window, in UTC."""

    since: datetime
    until: datetime
    timezone: Annotated[str, Field(description="The zone on whose clock times are shown.")]


class CoverageBody(BaseModel):
    """What was found and what became of it: found = used + all that was skipped."""

    found: int
    used: int
    skipped: dict[str, int]
    context: Annotated[int, Field(description="Thread roots from before the window, read for context.")]
    dropped: Annotated[int, Field(description="Items that grounding refused.")]
    conversations: int
    shown: Annotated[int, Field(description="Conversations that have an item.")]
    repaired: Annotated[int, Field(description="Items that grounding could mend.")]
    segments: Annotated[int, Field(description="Parts in which the window was read.")]
    reused: Annotated[int, Field(description="Of these, parts that were finished before.")]
    clipped: Annotated[int, Field(description="Messages of which only the beginning fitted.")]


class ProvenanceBody(BaseModel):
    """What made the summary."""

    engine: str
    model: str
    prompt: str
    parameters: dict[str, float | int | str]
    input_hash: str
    arm: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: Annotated[int, Field(description="Of the prompt's, those from the prefix cache.")]
    seconds: float


class SummaryBody(BaseModel):
    """A summary. Post `blocks` to Slack with unfurl_links and unfurl_media false."""

    id: str
    channel: str
    reader: str
    thread: str | None
    detail: Detail
    window: WindowBody
    items: list[ItemBody]
    participants: list[str]
    coverage: CoverageBody
    provenance: ProvenanceBody
    created_at: datetime
    degraded: Annotated[str, Field(description="Why it is less than was asked for; empty if it is not.")]
    stale: Annotated[bool, Field(description="A message behind it was edited or deleted: its text is gone.")]
    markdown: str
    blocks: Annotated[list[dict[str, Any]], Field(description="Slack Block Kit.")]


class FeedbackBody(BaseModel):
    """What somebody thinks of a summary, or of one item."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"user": "@ana", "kind": "wrong", "item": 2}]}
    )
    kind: FeedbackKind
    item: Annotated[int | None, Field(ge=0, description="Which item, from 0; left out: all of it.")] = None
    user: Annotated[str | None, Field(max_length=256, examples=["@ana"])] = None

    @model_validator(mode="before")
    @classmethod
    def _without_words(cls, given: Any) -> Any:  # noqa: ANN401  whatever was sent
        """Refuse free text by name: what somebody writes about a summary may quote what others wrote."""
        names: set[str] = set(given) if isinstance(given, dict) else set()  # pyright: ignore[reportUnknownArgumentType]
        for name in sorted(_WORDS & names):
            raise InvalidInput(
                name, "free text", "is not taken: feedback is logged, and no words ever are", remedy=_KINDS
            )
        return given  # pyright: ignore[reportUnknownVariableType]


class FeedbackAnswer(BaseModel):
    """Whether the same person had said the same before."""

    duplicate: bool


def item_body(item: Item, sources: Sources) -> ItemBody:
    """Return an item with its sources."""
    return ItemBody(
        kind=item.kind,
        text=item.text,
        citations=[_citation(id, sources) for id in item.citations],
        participants=[
            PersonBody(id=user, name=sources.people.get(user, "someone")) for user in item.participants
        ],
        owner=PersonBody(id=item.owner, name=sources.people.get(item.owner, "someone"))
        if item.owner
        else None,
        due=item.due,
        superseded=[_citation(id, sources) for id in item.superseded],
    )


def summary_body(summary: Summary, sources: Sources) -> SummaryBody:
    """Return a summary with its sources, and rendered."""

    def link(id: str) -> str:
        return _href(id, sources)

    return SummaryBody(
        id=summary.id,
        channel=summary.channel,
        reader=summary.reader,
        thread=summary.thread,
        detail=summary.detail,
        window=WindowBody(since=summary.window.since, until=summary.window.until, timezone=sources.zone),
        items=[item_body(item, sources) for item in summary.items],
        participants=list(summary.participants),
        coverage=CoverageBody(**asdict(summary.coverage)),
        provenance=ProvenanceBody(**asdict(summary.provenance)),
        created_at=summary.created_at,
        degraded=summary.degraded,
        stale=summary.stale,
        markdown=markdown(summary, sources, link),
        blocks=blocks(summary, sources, link),
    )


def _citation(id: str, sources: Sources) -> CitationBody:
    source = sources.messages.get(MessageId(id))
    return CitationBody(
        id=id,
        author=source.author if source else "",
        at=source.at if source else None,
        href=_href(id, sources),
    )


def _href(id: str, sources: Sources) -> str:
    return message_path(sources.channel, MessageId(id))
