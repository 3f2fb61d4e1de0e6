"""A real server process, as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running process and where it listens."""

    process: subprocess.Popen[str]
    rest: str
    grpc: str
    log: Path


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a server that keeps everything in one folder and takes free ports."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CATCHUP_")}
    return plain | {
        "CATCHUP_HOME": str(home),
        "CATCHUP_EMBEDDER": "hashing",
        "CATCHUP_LISTEN": "127.0.0.1:0",
        "CATCHUP_GRPC_LISTEN": "127.0.0.1:0",
        "CATCHUP_RATE_PER_SECOND": "100000",
        "CATCHUP_RATE_BURST": "100000",
    }


@asynccontextmanager
async def served(home: Path, *command: str) -> AsyncIterator[Served]:
    """Run `catchup serve` (or another command that serves); give it once it listens, kill it afterwards."""
    log = home.parent / "server.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(  # noqa: ASYNC220  returns at once
            [sys.executable, "-m", "gateway", *(command or ("serve",))],
            cwd=ROOT,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        rest, grpc = await asyncio.wait_for(asyncio.to_thread(_addresses, process, log), _PATIENCE_S)
        yield Served(process=process, rest=rest, grpc=grpc, log=log)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _addresses(process: subprocess.Popen[str], log: Path) -> tuple[str, str]:
    """Read what the server prints until it has said both addresses."""
    said = ""
    for line in process.stdout or ():
        said += line
        rest, grpc = re.search(r"http://[\d.]+:\d+", said), re.search(r"gRPC:? +(\S+)", said)
        if rest and grpc:
            return rest[0], grpc[1]
    raise RuntimeError(f"the server ended with {process.wait()}: {said}{log.read_text()[-2000:]}")
