"""Real vLLM nodes on this machine, of a tiny random model, for the benchmarks that need some.

    python -m benchmarks.vllm_nodes [--count 2]

starts them, prints their URLs and serves until interrupted; the other benchmarks take the URLs by --urls, or start
their own. They need `make vllm`, 3 GB of memory and one to three minutes for each node.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

from tests.support import tiny_llama
from tests.support.vllm_server import NAME as NAME
from tests.support.vllm_server import free_port, launch, stop, wait_until_healthy, why_absent

CACHE_LINE: Final = re.compile(r"KV cache size: ([\d,]+) tokens")


@dataclass(slots=True, kw_only=True)
class VllmNode:
    """One server; it keeps its port over a restart."""

    model: Path
    log: Path
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it anew; raises RuntimeError if it is not healthy in time."""
        self.process = launch(self.model, self.log, self.port, *self.arguments)
        wait_until_healthy(self.url, self.process, self.log)

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the server and all its children."""
        if self.process is not None:
            os.killpg(self.process.pid, sign)
            if sign is signal.SIGKILL:
                self.process.wait()

    def stop(self) -> None:
        """End it, also when it is stopped by a signal."""
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            stop(self.process)

    def cache_tokens(self) -> str:
        """Return the size of its KV cache in tokens, as its log says it."""
        found = CACHE_LINE.search(self.log.read_text(errors="replace"))
        return found[1] if found else "unknown"


@contextmanager
def vllm_nodes(count: int, *arguments: str) -> Generator[Sequence[VllmNode]]:
    """Serve a tiny random model at so many healthy nodes; `arguments` go to each server."""
    if reason := why_absent():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="catchup-vllm-") as folder, ExitStack() as ends:
        home = Path(folder)
        model = tiny_llama.build(home / "model")
        nodes = [
            VllmNode(model=model, log=home / f"{number}.log", arguments=arguments) for number in range(count)
        ]
        for node in nodes:
            ends.callback(node.stop)
        began = time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(VllmNode.start, nodes))
        print(
            f"{count} nodes up in {time.monotonic() - began:.0f} s; KV cache {nodes[0].cache_tokens()} tokens each"
        )
        yield nodes


@contextmanager
def node_urls(given: Sequence[str] | None, count: int, *arguments: str) -> Generator[Sequence[str]]:
    """Give the URLs of running nodes, or those of nodes of our own."""
    if given:
        yield given
        return
    with vllm_nodes(count, *arguments) as nodes:
        yield [node.url for node in nodes]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with vllm_nodes(parser.parse_args().count) as nodes:
        print(*(node.url for node in nodes), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
