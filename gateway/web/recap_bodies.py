"""What a recap looks like in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.directory import Channel
from core.ids import ChannelId
from gateway.importers.plain import Moment
from gateway.links import channel_path
from gateway.recapping import MOST_MARKERS
from gateway.web.summary_bodies import CoverageBody, ItemBody, WindowBody, item_body
from summarize.models import Detail
from summarize.recaps.models import MOST_CHANNELS, USUAL_CHANNELS, Beside, Recap, Section, Todo
from summarize.sources import Sources

By = Mapping[ChannelId, Sources]


class RecapAskBody(BaseModel):
    """Whose channels, and since when. Left out: the reader's yesterday."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"user": "@ana", "day": "2026-03-02"},
                {"user": "@ana", "last": "3d", "unread": True, "limit": 10},
            ]
        },
    )
    user: Annotated[
        str | None,
        Field(max_length=256, examples=["@ana"], description="The reader: id or @handle; or X-Catchup-User."),
    ] = None
    day: Annotated[
        str | None,
        Field(
            max_length=32, examples=["2026-03-02"], description="A local day; that day's recap is made once."
        ),
    ] = None
    last: Annotated[str | None, Field(max_length=32, examples=["3d"], description="30m, 12h, 7d, 2w.")] = None
    since: Annotated[str | None, Field(max_length=64, description="ISO 8601, included.")] = None
    until: Annotated[str | None, Field(max_length=64, description="ISO 8601, not included.")] = None
    unread: Annotated[
        bool, Field(description="Begin each channel at its read marker, where that is later.")
    ] = False
    detail: Detail = Detail.BRIEF
    limit: Annotated[
        int, Field(description=f"How many channels are told, 1 to {MOST_CHANNELS}; the others are listed.")
    ] = USUAL_CHANNELS
    timezone: Annotated[
        str, Field(max_length=64, examples=["Europe/Berlin"], description="IANA name; else the reader's own.")
    ] = ""
    language: Annotated[str | None, Field(max_length=256, examples=["de"], description="BCP 47 tag.")] = None


class ChannelBody(BaseModel):
    """A channel, and its page in the console."""

    id: str
    name: str
    href: str


class SectionBody(BaseModel):
    """What happened in one channel. Post feedback to the summary `summary`, with the item's number in `items`."""

    channel: ChannelBody
    summary: Annotated[str, Field(description="The id of its summary.")]
    mentions: Annotated[int, Field(description="Messages that name the reader.")]
    items: list[ItemBody]
    coverage: CoverageBody
    degraded: str
    stale: bool


class TodoBody(BaseModel):
    """Something that is the reader's to do: item number `place` of a summary."""

    channel: ChannelBody
    summary: str
    place: int
    item: ItemBody


class BesideBody(BaseModel):
    """A channel without a section: `trouble` is the kind of the error that its summary met, if one did."""

    channel: ChannelBody
    messages: int
    mentions: int
    trouble: str


class RecapBody(BaseModel):
    """A digest over the reader's channels: to-dos first, then the channels in order of what matters."""

    id: str
    reader: str
    day: date | None
    window: WindowBody
    detail: Detail
    created_at: datetime
    todos: list[TodoBody]
    sections: list[SectionBody]
    quiet: Annotated[list[ChannelBody], Field(description="Nobody else said anything.")]
    uneventful: Annotated[list[BesideBody], Field(description="There was talk, but nothing to tell.")]
    left_out: Annotated[list[BesideBody], Field(description="Beyond `limit`.")]
    failed: Annotated[list[BesideBody], Field(description="Ask again: what is done is not made anew.")]
    coverage: Annotated[CoverageBody, Field(description="Of all summaries together.")]
    degraded: Annotated[dict[str, str], Field(description="Channel id to why it is less than was asked for.")]
    stale: Annotated[bool, Field(description="A message behind it was edited or deleted: ask for a new one.")]


class MarkerBody(BaseModel):
    """Up to where a channel was read: the last message that was, by id, or its moment."""

    model_config = ConfigDict(extra="forbid")
    channel: Annotated[str, Field(min_length=1, max_length=256, examples=["#incidents"])]
    message: Annotated[str | None, Field(max_length=128, examples=["C024BE91L-1355517523.000005"])] = None
    ts: Annotated[Moment, Field(examples=["1355517523.000005"])] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> MarkerBody:
        if (self.message is None) == (self.ts is None):
            raise ValueError("give either message or ts")
        return self


class MarkersBody(BaseModel):
    """The read markers of one person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"user": "@ana", "markers": [{"channel": "#incidents", "ts": "1355517523.000005"}]}]
        },
    )
    user: Annotated[str | None, Field(max_length=256, examples=["@ana"])] = None
    markers: Annotated[list[MarkerBody], Field(min_length=1, max_length=MOST_MARKERS)]


class MarkersAnswer(BaseModel):
    """How many markers were set."""

    markers: int


def recap_body(recap: Recap, sources: By) -> RecapBody:
    """Return a recap with the sources of its items, by channel."""
    return RecapBody(
        id=recap.id,
        reader=recap.reader.id,
        day=recap.day,
        window=WindowBody(since=recap.window.since, until=recap.window.until, timezone=recap.zone),
        detail=recap.detail,
        created_at=recap.created_at,
        todos=[_todo(todo, sources) for todo in recap.todos],
        sections=[_section(section, sources) for section in recap.sections],
        quiet=[_channel(channel) for channel in recap.quiet],
        uneventful=[_calm(section) for section in recap.uneventful],
        left_out=[_beside(one) for one in recap.left_out],
        failed=[_beside(one) for one in recap.failed],
        coverage=CoverageBody(**asdict(recap.coverage)),
        degraded={str(channel): why for channel, why in recap.degraded.items()},
        stale=recap.stale,
    )


def _section(section: Section, sources: By) -> SectionBody:
    summary = section.summary
    return SectionBody(
        channel=_channel(section.channel),
        summary=summary.id,
        mentions=section.mentions,
        items=[item_body(item, sources[section.channel.id]) for item in summary.items],
        coverage=CoverageBody(**asdict(summary.coverage)),
        degraded=summary.degraded,
        stale=summary.stale,
    )


def _todo(todo: Todo, sources: By) -> TodoBody:
    return TodoBody(
        channel=_channel(todo.channel),
        summary=todo.summary,
        place=todo.place,
        item=item_body(todo.item, sources[todo.channel.id]),
    )


def _calm(section: Section) -> BesideBody:
    found = section.summary.coverage.found
    return BesideBody(
        channel=_channel(section.channel), messages=found, mentions=section.mentions, trouble=""
    )


def _beside(one: Beside) -> BesideBody:
    return BesideBody(
        channel=_channel(one.channel), messages=one.messages, mentions=one.mentions, trouble=one.trouble
    )


def _channel(channel: Channel) -> ChannelBody:
    return ChannelBody(id=channel.id, name=channel.name, href=channel_path(channel.id))
