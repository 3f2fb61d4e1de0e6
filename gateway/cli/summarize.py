"""`catchup summarize`: what happened in a channel, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.directory import Channel
from core.errors import InvalidInput
from core.ids import MessageId
from gateway.app import Services
from gateway.cli.common import WorkspaceOption, run, the_workspace
from gateway.spans import span_asked
from summarize.asks import Ask
from summarize.models import Detail, Item, ItemKind, Summary
from summarize.render import TITLES, by_kind, covered, nothing
from summarize.sources import Sources
from summarize.wishes import language_of, question_of

_COLOURS = {
    ItemKind.INCIDENT: "red",
    ItemKind.DECISION: "green",
    ItemKind.ACTION: "yellow",
    ItemKind.QUESTION: "magenta",
    ItemKind.UPDATE: "cyan",
    ItemKind.TOPIC: "blue",
}


def summarize(
    channel: Annotated[str, typer.Argument(help="Id or #name; quote the #.")],
    *,
    user: Annotated[str, typer.Option("--user", "-u", help="Who reads: id or @handle.")] = "",
    last: Annotated[str, typer.Option(help="So much time up to now: 30m, 12h, 7d, 2w.")] = "",
    since: Annotated[
        str, typer.Option(help="ISO date or time, included; your time zone unless it has one.")
    ] = "",
    until: Annotated[str, typer.Option(help="ISO date or time, not included; left out: now.")] = "",
    thread: Annotated[str, typer.Option(help="Any message of the thread, by id.")] = "",
    unread_from: Annotated[
        str, typer.Option(help="The last message that was read: id, Slack ts or time.")
    ] = "",
    unread: Annotated[
        bool, typer.Option("--unread", help="What came after the reader's read marker.")
    ] = False,
    question: Annotated[str, typer.Option("--question", "-q", help="Answer this alone.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag, e.g. de; the channel's own if left out.")] = "",
    detail: Annotated[Detail, typer.Option(help="How much.")] = Detail.STANDARD,
    timezone: Annotated[str, typer.Option(help="IANA name; the reader's own if left out.")] = "",
    workspace: WorkspaceOption = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON as POST /v1/summaries answers.")
    ] = False,
) -> None:
    """Summarize a channel for somebody who may read it, each claim with its messages.

    Example: catchup summarize '#incidents' --last 7d --user @ana

    Example: catchup summarize '#platform' --since 2026-03-02 --until 2026-03-09 --detail full --user @ana

    Example: catchup summarize '#platform' --last 7d --question 'What was decided about 4.12?' --user @ana
    """
    if not user:
        raise InvalidInput("--user", None, "is missing", remedy="Say who reads, e.g. --user @ana.")
    wish: dict[str, Any] = {"reader": user, "channel": channel, "detail": detail, "timezone": timezone}
    wish["question"] = question_of(question, "--question")
    wish["language"] = language_of(language, "--language")
    named: dict[str, Any] = {"last": last, "since": since, "until": until, "thread": thread}
    named |= {"unread_from": unread_from, "unread": unread}
    found, summary, sources = run(lambda services: _told(services, workspace, wish, named))
    if as_json:
        from gateway.web.summary_bodies import summary_body

        body = summary_body(summary, sources).model_dump(mode="json")
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    else:
        show(Console(highlight=False), found, summary, sources)


async def _told(
    services: Services, workspace: str, wish: dict[str, Any], named: dict[str, Any]
) -> tuple[Channel, Summary, Sources]:
    """Return what was made of a wish, over the span that was named; raises InvalidInput, NotFound."""
    here, reader = (await the_workspace(services, workspace)).id, wish["reader"]
    span = await span_asked(services, here, reader, wish["channel"], **named)
    with Console(stderr=True).status("Reading and weighing messages …"):
        summary = await services.summarizer.summarize(Ask(workspace=here, span=span, **wish))
    sources = await services.summarizer.sources(here, reader, summary.channel, summary.items)
    return await services.directory.find_channel(here, summary.channel), summary, sources


def show(console: Console, channel: Channel, summary: Summary, sources: Sources) -> None:
    """Print a summary: items under their kinds with [n], the numbered sources, what was covered."""
    numbers: dict[MessageId, int] = {}
    console.print(Text(f"#{channel.name}", style="bold"), Text(f"  {summary.detail}", style="dim"))
    if summary.degraded:
        console.print(Text(f"Degraded: {summary.degraded}", style="bold yellow"))
    for kind, items in by_kind(summary.items):
        console.print(Text(f"\n{TITLES[kind]}", style=f"bold {_COLOURS[kind]}"))
        for item in items:
            console.print(Padding(_line(item, numbers), (0, 0, 0, 2)))
    if note := nothing(summary):
        console.print(Text(f"\n{note}"))
    if numbers:
        console.print(Text("\nSources", style="bold dim"))
        console.print(Padding(_sources(list(numbers), sources), (0, 0, 0, 2)))
    console.print(Text(f"\n{covered(summary, sources.zone)}", style="dim"))


def _line(item: Item, numbers: dict[MessageId, int]) -> Table:
    def marks(ids: Sequence[MessageId]) -> str:
        return "".join(f"[{numbers.setdefault(id, len(numbers) + 1)}]" for id in ids)

    text = Text(item.text)
    text.append(f" {marks(item.citations)}", style="dim")
    if item.superseded:
        text.append(f" replaces {marks(item.superseded)}", style="dim italic")
    if item.due:
        text.append(f"  due {item.due}", style="yellow")
    line = Table.grid(padding=(0, 1))
    line.add_row("•", text)
    return line


def _sources(ids: Sequence[MessageId], sources: Sources) -> Table:
    table = Table.grid(padding=(0, 2))
    for number, id in enumerate(ids, start=1):
        source = sources.messages.get(id)
        at = f"{source.at.astimezone(ZoneInfo(sources.zone)):%a %d %b %H:%M}" if source else "no longer there"
        table.add_row(
            *(Text(part, style="dim") for part in (f"[{number}]", source.author if source else "", at, id))
        )
    return table
