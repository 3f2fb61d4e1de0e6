"""`catchup serve`: REST, console and gRPC in one process."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.settings import Settings, load_settings

ListenOption = Annotated[
    str, typer.Option("--listen", help="Where REST and the console listen, HOST:PORT; else CATCHUP_LISTEN.")
]
GrpcListenOption = Annotated[
    str, typer.Option("--grpc-listen", help="Where gRPC listens, HOST:PORT or off; else CATCHUP_GRPC_LISTEN.")
]


def serve(listen: ListenOption = "", grpc_listen: GrpcListenOption = "") -> None:
    """Serve REST and the console on 127.0.0.1:8080 and gRPC on 127.0.0.1:8081 until stopped.

    SIGTERM or Ctrl-C stops it gracefully: what is in flight is finished, what was acknowledged is on disk.
    """
    from gateway.cli.common import run
    from gateway.serving import Addresses
    from gateway.serving import serve as serving

    def ready(addresses: Addresses) -> None:
        typer.echo(f"REST and console: {addresses.rest}   reference: {addresses.rest}/docs")
        typer.echo(f"gRPC: {addresses.grpc or 'off'}")

    run(lambda services: serving(services, ready), settings_with(listen, grpc_listen))


def settings_with(listen: str, grpc_listen: str) -> Settings:
    """Return the settings with what the command line says put over them, and checked like them."""
    given = {"listen": listen, "grpc_listen": grpc_listen}
    return load_settings(**{name: value for name, value in given.items() if value})
