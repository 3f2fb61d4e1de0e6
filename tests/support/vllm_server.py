"""A real vLLM server on this machine, for as long as a test needs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OURS = ROOT / ".venv-vllm"
PYTHON = Path(os.environ.get("CATCHUP_TEST_VLLM", OURS / "bin" / "python"))
NAME = "tiny-llama"
START_SECONDS = 300  # 40 s on two idle cores, 154 s seen on two busy ones
STOP_SECONDS = 15


def why_absent() -> str | None:
    """Return why no vLLM can be started here, or None if one can; CATCHUP_TEST_VLLM names another Python."""
    if not PYTHON.exists():
        return f"{PYTHON} is not there (run `make vllm`)"
    if PYTHON.is_relative_to(OURS) and not (OURS / ".stamp").exists():
        return f"{OURS} is not complete (run `make vllm`)"
    return None


@contextmanager
def vllm_server(model: Path, log: Path, *arguments: str) -> Generator[str]:
    """Serve a model and give its URL once it is healthy; 40 to 75 s on two cores, 3 GB of memory."""
    port = free_port()
    process = launch(model, log, port, *arguments)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(url, process, log)
        yield url
    finally:
        stop(process)


def launch(model: Path, log: Path, port: int, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a server as the leader of a process group of its own; it is not healthy yet. Whoever starts it stops it."""
    command = [
        *(str(PYTHON), "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)),
        *("--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(port)),
        *("--dtype", "float32", "--max-model-len", "8192", "--max-num-seqs", "16", "--enforce-eager"),
        *("--structured-outputs-config", '{"backend":"xgrammar","disable_any_whitespace":true}'),
        *("--scheduling-policy", "priority", "--enable-prompt-tokens-details", "--seed", "0"),
        *arguments,
    ]
    settings = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "TORCHDYNAMO_DISABLE": "1",  # else the first request with logprobs compiles for half a minute
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | settings,
            start_new_session=True,
        )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; raise RuntimeError with the end of its log when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 (our own http URL)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    ended = f"ended with {process.returncode}" if process.poll() is not None else "was not healthy in time"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
    raise RuntimeError(f"vLLM {ended}; the end of its log:\n{tail}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all its children."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=STOP_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=STOP_SECONDS)
