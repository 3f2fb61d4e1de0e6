"""A recap in the terminal: to-dos first, then channel by channel, then what is not told and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.ids import ChannelId
from summarize.models import Item
from summarize.recaps.models import Recap, Section
from summarize.render import TITLES, by_kind, when
from summarize.sources import Sources


def show_recap(console: Console, recap: Recap, sources: Mapping[ChannelId, Sources]) -> None:
    """Print a recap; each item ends with who said it and when."""
    since, until = (when(moment, recap.zone) for moment in (recap.window.since, recap.window.until))
    console.print(
        Text(f"Recap for @{recap.reader.handle}", style="bold"), Text(f"  {since} to {until}", style="dim")
    )
    if recap.todos:
        console.print(Text("\nYours to do", style="bold yellow"))
        for todo in recap.todos:
            line = _line(todo.item, sources[todo.channel.id])
            console.print(Padding(line, (0, 0, 0, 2)), Text(f"    #{todo.channel.name}", style="dim"))
    for section in recap.sections:
        _show_section(console, section, sources[section.channel.id])
    for name, channels in _others(recap):
        console.print(Text(f"\n{name}: ", style="bold dim"), Text(", ".join(channels), style="dim"), sep="")
    if not recap.sections:
        console.print("\nNothing to report.")
    console.print(Text(f"\n{_covered(recap)}", style="dim"))


def _show_section(console: Console, section: Section, sources: Sources) -> None:
    named = f"  {section.mentions} mention you" if section.mentions else ""
    console.print(Text(f"\n#{section.channel.name}", style="bold"), Text(named, style="magenta"), sep="")
    if section.summary.stale:
        console.print(Text("  Messages behind it were edited or deleted since: ask again.", style="yellow"))
    if section.summary.degraded:
        console.print(Text(f"  Degraded: {section.summary.degraded}", style="yellow"))
    for kind, items in by_kind(section.summary.items):
        console.print(Text(f"  {TITLES[kind]}", style="dim bold"))
        for item in items:
            console.print(Padding(_line(item, sources), (0, 0, 0, 4)))


def _line(item: Item, sources: Sources) -> Table:
    text = Text(item.text)
    if item.due:
        text.append(f"  due {item.due}", style="yellow")
    if said := _said(item, sources):
        text.append(f"  ({said})", style="dim")
    line = Table.grid(padding=(0, 1))
    line.add_row("•", text)
    return line


def _said(item: Item, sources: Sources) -> str:
    zone = ZoneInfo(sources.zone)
    cited = [sources.messages[id] for id in item.citations if id in sources.messages]
    return "; ".join(f"{one.author}, {one.at.astimezone(zone):%a %d %b %H:%M}" for one in cited)


def _others(recap: Recap) -> list[tuple[str, Sequence[str]]]:
    groups = [
        ("Beyond the limit", [f"#{one.channel.name} ({one.messages})" for one in recap.left_out]),
        ("Failed", [f"#{one.channel.name} ({one.trouble})" for one in recap.failed]),
        (
            "Talk, but nothing to tell",
            [f"#{one.channel.name} ({one.summary.coverage.found})" for one in recap.uneventful],
        ),
        ("Quiet", [f"#{channel.name}" for channel in recap.quiet]),
    ]
    return [(name, channels) for name, channels in groups if channels]


def _covered(recap: Recap) -> str:
    coverage = recap.coverage
    told = len(recap.sections) + len(recap.uneventful)
    channels = "1 channel" if told == 1 else f"{told} channels"
    return f"{recap.id}: {coverage.used:,} of {coverage.found:,} messages of {channels} used."
