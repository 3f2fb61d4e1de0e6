"""`catchup import`: Slack exports, message files, tables of interactions."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.ids import WorkspaceId
from gateway.cli.common import WorkspaceOption, run, the_workspace

if TYPE_CHECKING:
    from gateway.app import Services
    from gateway.importers.report import Progress, Report

app = typer.Typer(
    no_args_is_help=True,
    help="Bring in what was said: Slack exports, message files, tables of interactions. Repeating it changes nothing.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")]


class CorpusName(StrEnum):
    """What the items of a table are."""

    CHANNEL = "channel"
    USER = "user"


TypeOption = Annotated[
    str,
    typer.Option("--type", help="Column of what kind, or =KIND for all rows. Else =post, or =dm for users."),
]
CorpusOption = Annotated[CorpusName, typer.Option(help="What the items are.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Only rows where 'COLUMN = VALUE' (= != < <= > >= IN); may be repeated."),
]
DelimiterOption = Annotated[
    str,
    typer.Option(help="Of a text file: a character, or tab, space, whitespace. Else the first line tells."),
]


@app.command("slack")
def slack(
    export: Annotated[Path, typer.Argument(help="The zip as Slack made it, or the folder it unpacks to.")],
    workspace: Annotated[
        str, typer.Option("--workspace", "-w", help="Id to import into; else the team id the export names.")
    ] = "",
    name: Annotated[str, typer.Option(help="What to call the workspace; else what the file name says.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import a Slack export, standard or corporate: people, channels, memberships, messages.

    A newer export of the same workspace brings everything up to date. What cannot be read is reported with its file
    and place, and the rest is imported.

    catchup import slack "Acme Slack export Jan 1 2026 - Mar 1 2026.zip"
    """

    async def work(services: Services, progress: Progress) -> Report:
        from gateway.importers.slack.pipeline import SlackImport

        importer = SlackImport(
            directory=services.directory,
            intake=services.intake,
            events=services.events,
            clock=services.clock,
            progress=progress,
        )
        return await importer.run(export, workspace=workspace, name=name)

    _run(work, as_json=as_json)


@app.command("messages")
def messages(
    file: Annotated[
        Path, typer.Argument(help="JSONL: one object per line with id, channel, author, ts, text.")
    ],
    workspace: Annotated[
        str, typer.Option("--workspace", "-w", help="Id to import into; created if it is new.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Import messages of a system that is not Slack, one JSON object per line.

    Needed: id, channel, author, ts (ISO 8601, or seconds, milliseconds or microseconds since 1970), text. Optional:
    thread (id of the first message), kind, edited, reactions, files. Channels that are new are public.

    catchup import messages chat.jsonl --workspace acme
    """

    async def work(services: Services, progress: Progress) -> Report:
        from gateway.importers.jsonl import JsonlImport

        importer = JsonlImport(
            directory=services.directory,
            intake=services.intake,
            events=services.events,
            clock=services.clock,
            progress=progress,
        )
        return await importer.run(file, workspace=_identifier(workspace))

    _run(work, as_json=as_json)


@app.command("interactions")
def interactions(
    *,
    file: Annotated[Path, typer.Argument(help="CSV, Parquet, or columns separated by white space.")],
    user: Annotated[str, typer.Option(help="Column of who acted: a name, or a number from 1.")],
    item: Annotated[str, typer.Option(help="Column of the channel or person acted on.")],
    ts: Annotated[
        str, typer.Option(help="Column of when: ISO 8601 or numbers since 1970; the report says which.")
    ],
    workspace: WorkspaceOption = "",
    type_: TypeOption = "",
    corpus: CorpusOption = CorpusName.CHANNEL,
    where: WhereOption = None,
    delimiter: DelimiterOption = "",
    as_json: JsonOption = False,
) -> None:
    """Import who did what where, from a table of any system; no text. Columns given by number mean: no header.

    catchup import interactions posts.parquet -w rust --user user_id --item channel_id --ts ts --where 'is_bot = false'

    catchup import interactions mentions.parquet -w rust --user src_user --item dst_user --ts ts --type =mention \
--corpus user

    catchup import interactions CollegeMsg.txt -w college --user 1 --item 2 --ts 3 --corpus user
    """

    async def work(services: Services, progress: Progress) -> Report:
        from core.events.models import Corpus
        from gateway.importers.interaction_table import Columns, InteractionImport, TableAsk

        ask = TableAsk(
            path=file,
            workspace=_identifier(workspace) if workspace else (await the_workspace(services)).id,
            columns=Columns(user=user, item=item, ts=ts, type=type_),
            corpus=Corpus(corpus),
            where=tuple(where or ()),
            delimiter=delimiter,
        )
        importer = InteractionImport(
            directory=services.directory, events=services.events, clock=services.clock, progress=progress
        )
        return await importer.run(ask)

    _run(work, as_json=as_json)


def _identifier(workspace: str) -> WorkspaceId:
    from gateway.importers.clean import workspace_id

    return workspace_id(workspace)


def _run(work: Callable[[Services, Progress], Awaitable[Report]], *, as_json: bool) -> None:
    from gateway.cli.import_report import show
    from gateway.cli.progress import showing

    gc.freeze()  # what is loaded stays: collecting the garbage of millions of rows need not look at it again

    async def watched(services: Services) -> Report:
        with showing() as progress:
            return await work(services, progress)

    show(run(watched), as_json=as_json)
