"""`catchup gpu check`: is a server the node that we need?"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from gateway.settings import load_settings
from gpu.check import CheckItem, CheckReport

Url = Annotated[str, typer.Argument(help="The node, with or without /v1.")]
ModelName = Annotated[str, typer.Option("--model", help="Its name there.", show_default="the only one")]
ApiKey = Annotated[
    str, typer.Option(help="The key that the node expects.", show_default="CATCHUP_LLM_API_KEY")
]
Deadline = Annotated[float, typer.Option(min=0.1, help="Seconds that one answer may take.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    *,
    url: Url,
    model: ModelName = "",
    api_key: ApiKey = "",
    deadline: Deadline = 60.0,
    as_json: AsJson = False,
) -> None:
    """Ask a node some twenty short questions; exit with 1 if a required part of the promise is not kept.

    Example: catchup gpu check http://127.0.0.1:8000
    """
    from rich.console import Console

    from gpu.node.check import check_node

    console = Console(stderr=True)
    with console.status("Asking") as status:
        report = asyncio.run(
            check_node(
                url,
                word=secrets.token_hex(8),
                name=model,
                api_key=node_key(api_key),
                deadline_s=deadline,
                seen=lambda item: status.update(f"Asking: {item.name}"),
            )
        )
    if as_json:
        typer.echo(orjson.dumps(asdict(report) | {"ok": report.ok}, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else 1)


def node_key(given: str) -> str | None:
    """Return the key to show to a node: what is given, else the setting's."""
    configured = load_settings().llm_api_key
    return given or (configured.get_secret_value() if configured else None)


def _show(report: CheckReport) -> None:
    """Print the findings, and for what is not kept, what to do."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table("", "part", "what was seen", box=SIMPLE_HEAD, pad_edge=False)
    for item in report.items:
        table.add_row(_mark(item), item.name, Text(item.detail))
    console.print(table)
    for item in report.items:
        if not item.ok:
            console.print(Text.assemble((item.name, "bold"), f": {item.remedy}"))
    verdict = "keeps every required part." if report.ok else "does not keep a required part."
    console.print(Text(f"{report.model} {verdict}", style="green" if report.ok else "red"))


def _mark(item: CheckItem) -> str:
    if item.ok:
        return "[green]kept[/green]"
    return "[red]NOT KEPT[/red]" if item.required else "[yellow]advised[/yellow]"
