"""From what is asked to a plan: which window, which channels get a summary, which are listed only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.directory import Person
from core.errors import InvalidInput
from core.ids import ChannelId, Ids
from summarize.asks import window_of, zone_of
from summarize.markers import ReadMarkers, after
from summarize.models import Window
from summarize.recaps.channels import OwnChannels
from summarize.recaps.days import day_window
from summarize.recaps.models import MOST_CHANNELS, Activity, Entry, RecapAsk, RecapId, Record
from summarize.recaps.weighing import busiest


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans recaps from what the directory and the read markers say now."""

    channels: OwnChannels
    markers: ReadMarkers
    ids: Ids

    async def plan(self, ask: RecapAsk, reader: Person, now: datetime) -> Record:
        """Return a recap with nothing in it yet; raises InvalidInput."""
        if not 1 <= ask.limit <= MOST_CHANNELS:
            raise InvalidInput(
                "limit",
                ask.limit,
                f"is not between 1 and {MOST_CHANNELS}",
                remedy="It is how many channels are told.",
            )
        zone = zone_of(ask.timezone, reader)
        day, window = _window(ask, zone, now)
        since = await self._since(ask, reader, window)
        active = await self.channels.activity(ask.workspace, reader.id, since, window.until)
        ranked = busiest(active.values())
        return Record(
            id=RecapId(self.ids.new("rcp")),
            workspace=ask.workspace,
            reader=reader.id,
            key=ask.key if day and day_window(day, zone, now=now).until <= now else "",
            day=day,
            window=window,
            zone=str(zone),
            detail=ask.detail,
            language=ask.language,
            created_at=now,
            whole=False,
            since={one.channel: since[one.channel] for one in ranked if since[one.channel] > window.since},
            entries=tuple(_entry(one) for one in ranked[: ask.limit]),
            quiet=tuple(channel for channel in since if channel not in active),
            left_out=tuple(ranked[ask.limit :]),
        )

    async def _since(self, ask: RecapAsk, reader: Person, window: Window) -> dict[ChannelId, datetime]:
        """Return from when on each of the reader's channels is told."""
        own = [channel.id for channel in await self.channels.joined(ask.workspace, reader)]
        read = await self.markers.of(ask.workspace, reader.id, own) if ask.unread else {}
        return {
            channel: max(window.since, after(read[channel], window.until).since)
            if channel in read
            else window.since
            for channel in own
        }


def _window(ask: RecapAsk, zone: ZoneInfo, now: datetime) -> tuple[date | None, Window]:
    """Return the day, if it is one, and the window: never beyond this moment."""
    if ask.day is not None and ask.span is not None:
        raise InvalidInput("day", ask.day, "comes with another span", remedy="Give day, or last, or since.")
    if ask.span is not None:
        return None, window_of(ask.span, zone=zone, now=now)
    day = ask.day or now.astimezone(zone).date() - timedelta(days=1)
    window = day_window(day, zone, now=now)
    if window.since >= now:
        raise InvalidInput("day", day, "has not begun", remedy="Give today or an earlier day.")
    return day, Window(since=window.since, until=min(window.until, now))


def _entry(found: Activity) -> Entry:
    return Entry(channel=found.channel, messages=found.messages, mentions=found.mentions)
