"""Channels as lists show them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from core.directory import Channel, ChannelKind
from gateway.app import Services
from gateway.console.moments import moment, zone_of
from gateway.console.names import plain, title
from gateway.console.views import ChannelRow
from gateway.console.visitors import Visitor
from gateway.links import channel_path

_NEVER = datetime.min.replace(tzinfo=UTC)


def matching(channels: Sequence[Channel], query: str) -> list[Channel]:
    """Return the channels whose name, topic or purpose contains the query."""
    wanted = query.strip().removeprefix("#").casefold()
    return [c for c in channels if wanted in f"{c.name}\0{c.topic}\0{c.purpose}".casefold()]


async def channel_rows(services: Services, visitor: Visitor, channels: Sequence[Channel]) -> list[ChannelRow]:
    """Return the rows of a list, the channel with the latest message first."""
    counts = await services.messages.counts(visitor.workspace.id)
    lasts = await asyncio.gather(
        *(services.messages.last_at(visitor.workspace.id, channel.id) for channel in channels)
    )
    ordered = sorted(zip(channels, lasts, strict=True), key=lambda pair: pair[1] or _NEVER, reverse=True)
    return [_row(channel, counts.get(channel.id, 0), last, visitor) for channel, last in ordered]


def _row(channel: Channel, messages: int, last: datetime | None, visitor: Visitor) -> ChannelRow:
    return ChannelRow(
        href=channel_path(channel.id),
        name=title(channel),
        private=channel.kind is not ChannelKind.PUBLIC,
        archived=channel.archived,
        about=plain(channel.purpose or channel.topic),
        messages=messages,
        last=moment(last, zone_of(visitor.actor), visitor.now) if last else None,
        last_at=last,
    )
