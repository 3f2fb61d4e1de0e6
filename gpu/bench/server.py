"""A node of this machine's own, for as long as it is measured."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import ModelUnavailable
from gpu.node.serve import NodeCommand

START_SECONDS: Final = 1_800.0  # a large model reads its weights for minutes, and compiles
STOP_SECONDS: Final = 60.0
_PAUSE: Final = 0.5
_SHOWN_LINES: Final = 15


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: NodeCommand, port: int, log: Path, *, start_s: float = START_SECONDS) -> Generator[str]:
    """Start a node, give its URL once it is healthy, stop it and its children afterwards; it writes to `log`.

    Raises ModelUnavailable with the end of the log if it ends, or is not healthy in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own command
            command.program, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log, time.monotonic() + start_s)
        yield url
    finally:
        _stop(process)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, until: float) -> None:
    """Return once the node is healthy."""
    while time.monotonic() < until and process.poll() is None:
        if _is_healthy(url):
            return
        time.sleep(_PAUSE)
    ended = "was not healthy in time" if process.poll() is None else f"ended with {process.returncode}"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:])
    raise ModelUnavailable(
        f"The node {ended}. Its last words:\n{tail}", remedy="Try it with `catchup gpu serve`."
    )


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310  our own http URL
            return answer.status == 200
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the node and all its children: kindly, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS)
            return
