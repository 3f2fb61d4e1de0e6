"""`catchup demo`: a sample workspace, served, with a key and lines to paste."""

from __future__ import annotations

import typer

from gateway.app import Services
from gateway.cli.serve import GrpcListenOption, ListenOption, settings_with
from gateway.demo import Demo
from gateway.serving import Addresses


def demo(listen: ListenOption = "", grpc_listen: GrpcListenOption = "") -> None:
    """Serve a sample workspace: import it, learn from it, print a URL, a key and two curl lines.

    What is there already is not made again: a second start takes seconds. `make run` does this.
    """
    from gateway.cli.common import run

    run(_serve, settings_with(listen, grpc_listen))


async def _serve(services: Services) -> None:
    from gateway.cli.progress import showing
    from gateway.demo import prepare
    from gateway.serving import serve

    services.warmup.start()
    with showing() as progress:
        found = await prepare(services, typer.echo, progress)
    await serve(services, lambda addresses: typer.echo(welcome(found, addresses)))


def welcome(found: Demo, addresses: Addresses) -> str:
    """Return what to do next: where to look, the key, and two calls to paste."""
    summary = f'{{"user": "{found.user}", "channel": "{found.channel}", "last": "{found.last}"}}'
    channels = f'{{"user": "{found.user}", "use_case": "channel_browser", "k": 5}}'
    return f"""
Catchup serves the sample workspace {found.workspace}. Ctrl-C stops it.

  console    {addresses.rest}/login?key={found.key}
  reference  {addresses.rest}/docs
  gRPC       {addresses.grpc or "off"}
  API key    {found.key}

What did {found.user} miss in {found.channel}?

{_curl(addresses, "/v1/summaries", found.key, summary)}

Which channels should {found.user} join?

{_curl(addresses, "/v1/recommendations", found.key, channels)}
"""


def _curl(addresses: Addresses, path: str, key: str, body: str) -> str:
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    return f"curl -s {addresses.rest}{path} {headers} -d '{body}'"
