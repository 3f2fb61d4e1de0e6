"""`catchup models`: which language models are set, and whether they do what they must."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.errors import NotFound, Unavailable
from core.ids import WorkspaceId
from gateway.models import Models, ServedModel
from gateway.models_file import EXTRACTIVE, ModelSpec
from gateway.settings import load_settings
from summarize.models import Feature

if TYPE_CHECKING:
    from gpu.check import CheckReport

app = typer.Typer(
    name="models", no_args_is_help=True, help="List and check the language models that are set."
)
_NONE = "No language model is set: summaries are extractive. See docs/reference/models.md."


@app.command("list")
def list_models() -> None:
    """Print the models, and which feature of which workspace uses which; contacts none."""
    models = Models.from_settings(load_settings())
    console = Console()
    if not models.specs:
        console.print(_NONE)
        return
    console.print(_models_table(models))
    console.print(_chains_table(models))


@app.command("check")
def check_models(
    key: Annotated[str, typer.Argument(help="The model's key. Left out: all of them.")] = "",
    deadline: Annotated[float, typer.Option(help="Seconds for each question.", min=1)] = 60.0,
) -> None:
    """Ask models a handful of short questions: do they answer, stream, keep a JSON schema, count, stop when told?

    Exits with 6 if a model does not keep the promise.
    """
    models = Models.from_settings(load_settings())
    if not models.specs:
        Console().print(_NONE)
        return
    if key and key not in models.specs:
        raise NotFound("model", key, remedy=f"Use one of: {', '.join(models.specs)}.")
    if not asyncio.run(_checked(models, [key] if key else list(models.specs), deadline)):
        raise Unavailable("a model does not keep the promise.", remedy="See docs/reference/models.md.")


def _models_table(models: Models) -> Table:
    table = Table("key", "kind", "where", "model", "context")
    for key, spec in models.specs.items():
        table.add_row(key, _kind(spec), "\n".join(spec.url) or spec.path, spec.model, str(spec.context or ""))
    return table


def _kind(spec: ModelSpec) -> str:
    if spec.path:
        return f"here, on {spec.device}"
    return "server" if len(spec.url) == 1 else f"{len(spec.url)} nodes"


def _chains_table(models: Models) -> Table:
    table = Table("workspace", *(str(feature) for feature in Feature))
    for workspace in (WorkspaceId(""), *map(WorkspaceId, models.file.workspaces)):
        chains = (models.keys(workspace, feature) for feature in Feature)
        table.add_row(workspace or "every other", *(" > ".join((*chain, EXTRACTIVE)) for chain in chains))
    return table


async def _checked(models: Models, keys: list[str], deadline_s: float) -> bool:
    """Print what each model was found to keep; return whether all keep everything."""
    from gpu.check import check

    console, ok = Console(), True
    try:
        for key in keys:
            served = models.served(key)
            if served is not None:
                report = await check(served.chat, deadline_s=deadline_s)
                console.print(await _report_table(key, served, report))
                ok = ok and report.ok
    finally:
        await models.close()
    return ok


async def _report_table(key: str, served: ServedModel, report: CheckReport) -> Table:
    table = Table("", "what", "found", title=f"{key}: {served.chat.name}", title_justify="left")
    for item in report.items:
        table.add_row("ok" if item.ok else "NO", item.name, item.detail)
    if report.items[0].ok:
        table.add_row("", "context", f"{await served.context_tokens():,} tokens")
        table.add_row("", "answers in a schema by", getattr(served.chat, "answers_by", "") or "json_schema")
    return table
