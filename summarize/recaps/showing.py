"""A kept recap as its reader may see it now: every channel asks for permission again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Set
from dataclasses import dataclass

from core.directory import Channel, Person
from core.errors import NotFound
from core.ids import ChannelId
from summarize.recaps.channels import OwnChannels
from summarize.recaps.models import Beside, Entry, Recap, Record, Section
from summarize.recaps.ports import Summaries
from summarize.recaps.weighing import ordered, todos_of, total, weight_of

UNFINISHED, FORGOTTEN = "unfinished", "forgotten"
"""Why a channel has no section though no error is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads recaps through the door of permission."""

    channels: OwnChannels
    summarizer: Summaries

    async def show(self, record: Record, reader: Person) -> Recap:
        """Return a recap; what its reader can no longer read is not in it."""
        named = [
            *(entry.channel for entry in record.entries),
            *record.quiet,
            *(one.channel for one in record.left_out),
        ]
        here = await self.channels.readable(record.workspace, reader, named)
        each = await asyncio.gather(*(self._section(record, entry, here, reader) for entry in record.entries))
        found = [section for section in each if section is not None]
        sections = ordered(section for section in found if _has_news(section))
        return Recap(
            id=record.id,
            workspace=record.workspace,
            reader=reader,
            day=record.day,
            window=record.window,
            zone=record.zone,
            detail=record.detail,
            created_at=record.created_at,
            sections=sections,
            todos=todos_of(sections, reader.id),
            quiet=tuple(here[channel] for channel in record.quiet if channel in here),
            uneventful=ordered(section for section in found if not _has_news(section)),
            left_out=tuple(
                Beside(channel=here[one.channel], messages=one.messages, mentions=one.mentions)
                for one in record.left_out
                if one.channel in here
            ),
            failed=_failed(record, here, {section.channel.id for section in found}),
            coverage=total([section.summary.coverage for section in found]),
        )

    async def _section(
        self, record: Record, entry: Entry, here: Mapping[ChannelId, Channel], reader: Person
    ) -> Section | None:
        id = entry.summary
        if id is None or entry.channel not in here:
            return None
        try:
            summary = await self.summarizer.fetch(record.workspace, reader.id, id)
        except NotFound:  # since a moment ago
            return None
        return Section(
            channel=here[entry.channel],
            summary=summary,
            mentions=entry.mentions,
            weight=weight_of(summary, reader.id, entry.mentions),
        )


def _has_news(section: Section) -> bool:
    """Tell whether there is something to read; a stale summary has lost what it said."""
    return bool(section.summary.items or section.summary.stale)


def _failed(record: Record, here: Mapping[ChannelId, Channel], shown: Set[ChannelId]) -> tuple[Beside, ...]:
    """Return the channels whose summary was not made, or is there no longer: texts are not kept for ever."""
    return tuple(
        Beside(
            channel=here[entry.channel],
            messages=entry.messages,
            mentions=entry.mentions,
            trouble=entry.trouble or (FORGOTTEN if entry.summary else UNFINISHED),
        )
        for entry in record.entries
        if entry.channel in here and entry.channel not in shown
    )
