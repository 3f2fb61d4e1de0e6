"""`catchup train`: the models that ship with the package, trained again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput
from gateway.cli.progress import ProgressBar, showing

app = typer.Typer(name="train", no_args_is_help=True, help="Train models from data of your own.")


@app.callback()
def start() -> None:
    """Let Typer keep the only command a subcommand."""


@app.command("conversations")
def conversations(
    data: Annotated[
        Path, typer.Argument(metavar="DATA_DIR", help="NAME.ascii.txt, NAME.annotation.txt a log.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Metadata to write, e.g. links.json; trees go beside it.")
    ],
    dev: Annotated[Path | None, typer.Option("--dev", help="Logs to measure on; never trained on.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 1,
    threads: Annotated[int, typer.Option("--threads", help="Threads to train with.", min=1)] = 1,
) -> None:
    """Train the reply-link model that separates interleaved conversations (docs/reference/conversations.md).

    Example: catchup train conversations irc/train --dev irc/dev --out links.json
    """
    from summarize.conversations.evaluate import evaluate
    from summarize.conversations.irc import read_logs
    from summarize.conversations.model import save
    from summarize.conversations.training import about, train

    if out.suffix != ".json":
        raise InvalidInput("--out", str(out), "is not a .json file", remedy="Name it e.g. links.json.")
    logs = read_logs(data)
    held_out = read_logs(dev) if dev is not None else []
    with showing() as bar:
        linker = train(logs, seed=seed, threads=threads, steps=_Steps(bar))
    found = asdict(evaluate(linker, held_out)) if held_out else {}
    save(linker, out, about(logs, seed=seed, measures=found))
    typer.echo(f"Trained on {len(logs)} logs, seed {seed}: {out}")
    for name, value in found.items():
        typer.echo(f"  {name.replace('_', ' '):<16} {value:6.2f}")


class _Steps:
    """Says on the bar what is counted."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    def begin(self, total: int) -> None:
        """Start counting."""
        self._bar.begin(total, unit="logs, growing trees")

    def advance(self, amount: int, *, done: int) -> None:
        """Move on."""
        self._bar.advance(amount, done=done)
