"""`catchup gpu`: start a vLLM node with the right flags, verify it, measure it, and plan how many are needed."""

from __future__ import annotations

import typer

from gateway.cli.gpu_bench import bench
from gateway.cli.gpu_check import check
from gateway.cli.gpu_plan import plan_nodes
from gateway.cli.gpu_serve import serve

app = typer.Typer(
    name="gpu",
    no_args_is_help=True,
    help="Start a vLLM node for this workload, verify it, measure it, and plan how many are needed.",
)
app.command()(serve)
app.command()(check)
app.command("plan")(plan_nodes)
app.command()(bench)


@app.callback()
def _several() -> None:
    """Start a vLLM node for this workload, verify it, measure it, and plan how many are needed."""
