from __future__ import annotations

import os
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from core.errors import ModelUnavailable
from gpu.bench.server import free_port, started
from gpu.node.serve import NodeCommand

HEALTHY = """
import http.server, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.getpid()} {child.pid} {os.environ['SAID']}".encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


def program(code: str, *arguments: str) -> NodeCommand:
    return NodeCommand(
        arguments=(sys.executable, "-c", code, *arguments), environment=(("SAID", "hello"),), flags=()
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.slow
def test_a_node_runs_while_it_is_measured_and_then_it_and_its_children_are_gone(tmp_path: Path):
    port = free_port()

    with started(program(HEALTHY, str(port)), port, tmp_path / "log", start_s=30) as url:
        with urllib.request.urlopen(f"{url}/health") as answer:  # noqa: S310  our own http URL
            pid, child, said = answer.read().decode().split()
        assert is_alive(int(pid))

    until = time.monotonic() + 5
    while is_alive(int(child)) and time.monotonic() < until:
        time.sleep(0.05)
    assert said == "hello"
    assert not is_alive(int(pid))
    assert not is_alive(int(child))


def test_a_node_that_ends_says_its_last_words(tmp_path: Path):
    dying = program("import sys; print('no such model'); sys.exit(3)")

    with (
        pytest.raises(ModelUnavailable, match=r"ended with 3\. Its last words:\nno such model"),
        started(dying, free_port(), tmp_path / "log"),
    ):
        pass


def test_a_node_that_never_gets_healthy_is_given_up(tmp_path: Path):
    sleeping = program("import time; time.sleep(600)")

    with (
        pytest.raises(ModelUnavailable, match="was not healthy in time"),
        started(sleeping, free_port(), tmp_path / "log", start_s=0.2),
    ):
        pass
