"""`catchup recap`: digests over all of somebody's channels, for one person now or for everybody by the morning."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from datetime import date, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.table import Table

from core.errors import InvalidInput
from core.ids import ChannelId, WorkspaceId
from gateway.app import Services
from gateway.cli.common import WorkspaceOption, run, the_workspace
from gateway.cli.rate import counting
from gateway.cli.recap_shown import show_recap
from gateway.recapping import ask_of, batch_of, recaps_of, sources_of
from summarize.asks import zone_of
from summarize.models import Detail
from summarize.recaps.batch import Outcome
from summarize.recaps.days import Due, due_at, parse_day
from summarize.recaps.models import USUAL_CHANNELS, Recap
from summarize.sources import Sources

app = typer.Typer(no_args_is_help=True, help="Digests over all of somebody's channels.")

_ROWS = 40
_INTERRUPTED = 130

DayOption = Annotated[str, typer.Option("--day", help="A local day, e.g. 2026-03-02.")]
UserOption = Annotated[str, typer.Option("--user", "-u", help="Who reads: id or @handle.")]


@app.command()
def show(
    *,
    user: UserOption = "",
    day: DayOption = "",
    last: Annotated[str, typer.Option(help="So much time up to now: 30m, 12h, 7d, 2w.")] = "",
    since: Annotated[str, typer.Option(help="ISO date or time, included.")] = "",
    until: Annotated[str, typer.Option(help="ISO date or time, not included; left out: now.")] = "",
    unread: Annotated[bool, typer.Option("--unread", help="Begin each channel at its read marker.")] = False,
    detail: Annotated[Detail, typer.Option(help="How much.")] = Detail.BRIEF,
    limit: Annotated[
        int, typer.Option(help="How many channels are told; the others are listed.")
    ] = USUAL_CHANNELS,
    timezone: Annotated[str, typer.Option(help="IANA name; the reader's own if left out.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag; the channels' own if left out.")] = "",
    workspace: WorkspaceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON as POST /v1/recaps answers.")] = False,
) -> None:
    """Digest somebody's channels: their yesterday, another day, or a window.

    Example: catchup recap show --user @ana

    Example: catchup recap show --user @ana --last 3d --unread
    """
    if not user:
        raise InvalidInput("--user", None, "is missing", remedy="Say who reads, e.g. --user @ana.")

    wish: dict[str, Any] = {"day": day, "last": last, "since": since, "until": until, "unread": unread}
    wish |= {"detail": detail, "limit": limit, "timezone": timezone, "language": language}
    recap, sources = run(lambda services: _made(services, workspace, user, wish))
    if as_json:
        from gateway.web.recap_bodies import recap_body

        body = recap_body(recap, sources).model_dump(mode="json")
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    else:
        show_recap(Console(highlight=False), recap, sources)


async def _made(
    services: Services, workspace: str, user: str, wish: dict[str, Any]
) -> tuple[Recap, dict[ChannelId, Sources]]:
    here = (await the_workspace(services, workspace)).id
    ask = ask_of(here, user, **wish)
    with Console(stderr=True).status("Reading and weighing channels …"):
        recap = await recaps_of(services).make(ask)
    return recap, await sources_of(services, here, recap)


@app.command("run")
def run_batch(
    *,
    day: DayOption = "",
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="So many people, and summaries, at once.")
    ] = 4,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for anybody's morning.")] = False,
    workspace: WorkspaceOption = "",
) -> None:
    """Make the recaps that are due for everybody of a workspace; run again, it does only what is left.

    Each is due in the hour after 07:00 on its reader's clock. Run it every few minutes, or once with --now.

    Example: catchup recap run --workspace T024BE7LD

    Example: catchup recap run --day 2026-03-02 --now --concurrency 8
    """
    wanted = parse_day(day) if day else None

    async def work(services: Services) -> Counter[Outcome]:
        here = (await the_workspace(services, workspace)).id
        batch = batch_of(services, concurrency=concurrency)
        plan = await batch.plan(here, day=wanted, at_once=now)
        done = Counter[Outcome]()
        if plan.later:
            typer.echo(f"{len(plan.later)} are not due yet; see `catchup recap due`.", err=True)
        try:
            with counting(len(plan.due), "Making recaps") as step:
                async with aclosing(batch.run(here, plan.due, concurrency=concurrency)) as outcomes:
                    async for outcome in outcomes:
                        done[outcome] += 1
                        step()
        except asyncio.CancelledError:
            typer.echo(f"Interrupted: {_told(done)}. Run the same again: what is done is kept.", err=True)
            raise
        return done

    try:
        done = run(work)
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    typer.echo(f"Recaps: {_told(done)}.")
    if done[Outcome.FAILED] + done[Outcome.PARTIAL] + done[Outcome.BUSY]:
        typer.echo("Run the same again for the rest: what is done is kept.", err=True)
        raise typer.Exit(1)


@app.command()
def due(*, day: DayOption = "", workspace: WorkspaceOption = "") -> None:
    """List whose recap is due when, the next first, each on their own clock.

    Example: catchup recap due --workspace T024BE7LD
    """
    wanted = parse_day(day) if day else None

    async def work(services: Services) -> tuple[list[tuple[Due, bool]], int]:
        return await _upcoming(services, (await the_workspace(services, workspace)).id, wanted)

    rows, opted_out = run(work)
    table = Table("Who", "Day", "Due on their clock", "Due (UTC)", "", box=None)
    for one, is_due in rows[:_ROWS]:
        local = one.at.astimezone(ZoneInfo(str(zone_of("", one.person))))
        table.add_row(
            f"@{one.person.handle}",
            one.day.isoformat(),
            f"{local:%a %d %b %H:%M %Z}",
            f"{one.at:%d %b %H:%M:%S}",
            "due" if is_due else "",
        )
    Console(highlight=False).print(table)
    typer.echo(f"{sum(is_due for _, is_due in rows)} due, {len(rows)} in all, {opted_out} opted out.")


async def _upcoming(
    services: Services, here: WorkspaceId, day: date | None
) -> tuple[list[tuple[Due, bool]], int]:
    """Return whose recap is due, with True, then whose will be; and how many opted out."""
    batch = batch_of(services, concurrency=1)
    plan = await batch.plan(here, day=day)
    made = await batch.done(here, plan.due)
    waiting = [one for one in plan.due if (one.person.id, one.day) not in made]
    there = [one for one in plan.due if (one.person.id, one.day) in made]
    later = sorted([*plan.later, *(_next(here, one) for one in there if day is None)], key=lambda one: one.at)
    return [*((one, True) for one in waiting), *((one, False) for one in later)], plan.opted_out


def _next(here: WorkspaceId, one: Due) -> Due:
    following = one.day + timedelta(days=1)
    return Due(person=one.person, day=following, at=due_at(here, one.person, following))


def _told(done: Counter[Outcome]) -> str:
    return (
        ", ".join(f"{done[outcome]:,} {outcome}" for outcome in Outcome if done[outcome]) or "nobody's is due"
    )


@app.command("opt-out")
def opt_out(
    *,
    user: UserOption = "",
    undo: Annotated[bool, typer.Option("--undo", help="Make recaps for them again.")] = False,
    workspace: WorkspaceOption = "",
) -> None:
    """Make no recaps for somebody any more; they can still ask for one.

    Example: catchup recap opt-out --user @ana
    """
    if not user:
        raise InvalidInput("--user", None, "is missing", remedy="Say who, e.g. --user @ana.")

    async def work(services: Services) -> str:
        here = (await the_workspace(services, workspace)).id
        person = await services.directory.find_person(here, user)
        await recaps_of(services).store.opt(here, person.id, out=not undo)
        return person.handle

    typer.echo(f"@{run(work)} {'gets recaps again' if undo else 'gets no more recaps'}.")
