from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from core.errors import InvalidInput
from gateway.serving import bind
from tests.support.process import served


def test_a_taken_address_is_named_with_its_setting():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(InvalidInput, match=f"CATCHUP_LISTEN: is taken .*{address}"):
            bind("CATCHUP_LISTEN", address)


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(InvalidInput, match="cannot be listened on"):
        bind("CATCHUP_LISTEN", "192.0.2.1:80")


def test_ipv6_is_listened_on_too():
    try:
        listener = bind("CATCHUP_LISTEN", "[::1]:0")
    except InvalidInput:
        pytest.skip("not tested: IPv6, because this machine has none")

    assert listener.family is socket.AF_INET6
    listener.close()


@pytest.mark.slow
async def test_a_server_answers_both_doors_and_stops_cleanly_on_sigterm(tmp_path: Path):
    async with served(tmp_path / "home") as server:
        async with aiohttp.ClientSession(server.rest) as session, session.get("/healthz") as response:
            health = await response.json()
        async with grpc.aio.insecure_channel(server.grpc) as channel:
            check = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        server.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(server.process.wait, 30)
        log = server.log.read_text()

    assert health == {"status": "alive"}
    assert check.status in {
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    }
    assert code == 0
    assert '"event":"stopped"' in log
    assert "Traceback" not in log


@pytest.mark.slow
async def test_what_is_kept_can_be_read_by_its_owner_alone(tmp_path: Path):
    home = tmp_path / "home"

    async with served(home):
        mode = home.stat().st_mode & 0o777

    assert mode == 0o700
