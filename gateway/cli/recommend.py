"""`catchup recommend`: channels to join, people to write to, and who does not want to take part."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from core.errors import InvalidInput
from core.events.models import Corpus
from core.ids import PersonNumber
from gateway.app import Services
from gateway.cli.common import WorkspaceOption, run, the_workspace
from gateway.reasons import read_names
from gateway.web.recommendations import AnswerBody, answer_body
from recommend.models import Ask

EVERYONE = PersonNumber(0)

app = typer.Typer(name="recommend", no_args_is_help=True, help="Channels to join, people to write to.")

User = Annotated[str, typer.Option("--user", "-u", help="For whom: id or @handle.")]
Count = Annotated[int | None, typer.Option("-k", help="How many; the use case has a default and a maximum.")]
Json = Annotated[bool, typer.Option("--json", help="Print what POST /v1/recommendations answers.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show what each feature adds to the score.")]
Exclude = Annotated[list[str] | None, typer.Option(help="Id of an item to leave out; repeat.")]


@app.command()
def channels(  # noqa: PLR0917  typer's options
    user: User,
    use_case: Annotated[str, typer.Option(help="See `catchup recommend use-cases`.")] = "channel_browser",
    k: Count = None,
    exclude: Exclude = None,
    workspace: WorkspaceOption = "",
    json: Json = False,
    explain: Explain = False,
) -> None:
    """Recommend channels to somebody, with reasons.

    Example: catchup recommend channels --user @ana --use-case channel_browser -k 10
    """
    _print(
        _ask(Corpus.CHANNEL, Wanted(user, use_case, k, tuple(exclude or ())), workspace),
        json=json,
        explain=explain,
    )


@app.command()
def people(  # noqa: PLR0917  typer's options
    user: User,
    use_case: Annotated[str, typer.Option(help="See `catchup recommend use-cases`.")] = "composer_dm",
    k: Count = None,
    exclude: Exclude = None,
    workspace: WorkspaceOption = "",
    json: Json = False,
    explain: Explain = False,
) -> None:
    """Recommend people to somebody, with reasons.

    Example: catchup recommend people --user @ana --use-case composer_dm
    """
    _print(
        _ask(Corpus.USER, Wanted(user, use_case, k, tuple(exclude or ())), workspace),
        json=json,
        explain=explain,
    )


@app.command("use-cases")
def use_cases() -> None:
    """List what can be recommended."""
    from recommend.usecase import load_use_cases

    table = Table("use case", "corpus", "k", "what it is for")
    for found in load_use_cases().all():
        table.add_row(found.name, found.corpus, f"{found.k.default} (max {found.k.max})", found.description)
    Console().print(table)


@app.command("opt-out")
def opt_out(
    user: User,
    block: Annotated[str, typer.Option(help="Only keep this person (id or @handle) and USER apart.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    workspace: WorkspaceOption = "",
) -> None:
    """Leave a person out of recommendations, at once and from the next snapshot on; or keep two people apart.

    Example: catchup recommend opt-out --user @ana
    """

    async def work(services: Services) -> None:
        here = await the_workspace(services, workspace)
        person = await services.directory.find_person(here.id, user)
        other = (await services.directory.find_person(here.id, block)).number if block else EVERYONE
        if undo:
            await services.recommend_store.opt_in(here.id, person.number, other=other)
        else:
            await services.recommend_store.opt_out(
                here.id, person.number, at=services.clock.now(), other=other
            )

    run(work)
    typer.echo("Done. It takes effect with the next request.")


class Wanted(NamedTuple):
    """What the options ask for."""

    user: str
    use_case: str
    k: int | None
    exclude: tuple[str, ...]


def _ask(corpus: Corpus, wanted: Wanted, workspace: str) -> AnswerBody:
    async def work(services: Services) -> AnswerBody:
        here = await the_workspace(services, workspace)
        found = services.recommender.use_cases.get(wanted.use_case)
        if found.corpus is not corpus:
            right = "channels" if found.corpus is Corpus.CHANNEL else "people"
            raise InvalidInput(
                "--use-case",
                wanted.use_case,
                f"recommends {right}",
                remedy=f"Run `catchup recommend {right} --use-case {wanted.use_case}`.",
            )
        ask = Ask(
            workspace=here.id, user=wanted.user, use_case=wanted.use_case, k=wanted.k, exclude=wanted.exclude
        )
        answer = await services.recommender.recommend(ask)
        return answer_body(answer, await read_names(services.directory, answer), explain=True)

    return run(work)


def _print(answer: AnswerBody, *, json: bool, explain: bool) -> None:
    if json:
        typer.echo(answer.model_dump_json(indent=2, exclude=None if explain else _EXPLANATION))
        return
    console = Console()
    table = Table(
        "", "item", "score", "why", title=f"{answer.use_case} for {answer.user}", title_justify="left"
    )
    for item in answer.items:
        table.add_row(
            str(item.position), item.name, f"{item.score:.2f}", "\n".join(r.text for r in item.reasons)
        )
        if explain:
            added = sorted((item.contributions or {}).items(), key=lambda pair: -abs(pair[1]))
            table.add_row(
                "", "", "", "[dim]" + "  ".join(f"{name} {value:+.2f}" for name, value in added) + "[/dim]"
            )
    console.print(table if answer.items else f"Nothing to recommend to {answer.user} in {answer.use_case}.")
    missing = [f"{source.name} ({source.left_out})" for source in answer.sources if source.left_out]
    if missing or answer.degraded:
        console.print(f"[yellow]Left out: {', '.join([*missing, *answer.degraded])}[/yellow]")
    console.print(
        f"[dim]request {answer.request_id} · {answer.ranker} {answer.ranker_version} · arm {answer.arm}[/dim]"
    )


_EXPLANATION = {"items": {"__all__": {"features", "contributions"}}}
