from __future__ import annotations

import asyncio
import io
import threading

import pytest

from core.clock import ManualClock
from core.errors import DatabaseUnavailable, ModelUnavailable
from core.telemetry import Log
from gateway.readiness import Readiness, Warmup
from tests.support.logs import lines


async def fine() -> None:
    return


async def broken() -> None:
    raise DatabaseUnavailable("the database does not answer: OSError.")


async def strange() -> None:
    raise ZeroDivisionError("internals")


async def test_a_report_names_each_part_and_what_is_wrong_with_it():
    readiness = Readiness({"a": fine, "b": broken, "c": strange})

    assert await readiness.report() == {
        "a": "ready",
        "b": "the database does not answer: OSError.",
        "c": "ZeroDivisionError.",
    }


async def test_a_part_that_hangs_is_given_up():
    readiness = Readiness({"stuck": asyncio.Event().wait, "a": fine}, patience_s=0.01)

    assert await readiness.report() == {"stuck": "no answer within 0.01 s.", "a": "ready"}


async def test_a_model_is_loading_until_it_is_loaded(clock: ManualClock):
    stream, gate = io.StringIO(), threading.Event()
    warmup = Warmup("embedder", gate.wait, Log(clock, stream))

    with pytest.raises(ModelUnavailable, match="loading"):
        await warmup.check()
    gate.set()
    await warmup.finished()

    await warmup.check()
    assert lines(stream, "model.loaded")[0]["model"] == "embedder"


async def test_a_model_that_cannot_be_loaded_says_why_each_time(clock: ManualClock):
    stream = io.StringIO()

    def fail() -> None:
        raise ModelUnavailable("no weights.", remedy="Install them.")

    warmup = Warmup("embedder", fail, Log(clock, stream))
    warmup.start()
    await warmup.finished()

    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="no weights"):
            await warmup.check()
    assert lines(stream, "model.failed")[0]["error"] == "ModelUnavailable"
