from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from core.chat import ChatDelta, ChatRequest, Usage
from core.errors import InvalidInput, ModelTimeout, ModelUnavailable
from gpu.bench.figures import Level, Measured, Phase, Spread, compare, phase
from gpu.bench.load import Answered, Run, ask, run
from gpu.bench.measure import Bench, measure, measure_node
from gpu.bench.workload import Workload
from gpu.node import metric_names as names
from gpu.node.metrics import NodeMetrics
from prompts.chat import ScriptedChatModel

WORK = Workload(messages=3, tokens_out=8, structured=False)
BENCH = Bench(workload=WORK, concurrencies=(1, 2), each=2, least=3)
NOWHERE = "http://127.0.0.1:9"
IDLE = NodeMetrics(
    running=0,
    waiting=0,
    kv_cache_usage=0,
    prefix_queries=0,
    prefix_hits=0,
    preemptions=0,
    prompt_tokens=0,
    generation_tokens=0,
    queue_seconds=0,
    queue_count=0,
    ttft_seconds=0,
    ttft_count=0,
    iterations=0,
)


class Paced:
    """Answers of known times: the first piece after `first` seconds, then `gaps` between pieces of two tokens."""

    name = "paced"

    def __init__(self, first: float, gaps: tuple[float, ...]) -> None:
        self._pauses = (first, *gaps)
        self.running = self.most = 0
        self.asked: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.asked.append(request)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for pause in self._pauses:
                await asyncio.sleep(pause)
                yield ChatDelta(text="two words")
            tokens = 2 * len(self._pauses)
            yield ChatDelta(text="", finish="stop", usage=Usage(prompt_tokens=10, completion_tokens=tokens))
        finally:
            self.running -= 1

    async def count_tokens(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        pass


def answered(first: float, last: float, tokens: int, cached: int = 0) -> Answered:
    usage = Usage(prompt_tokens=100, completion_tokens=tokens, cached_tokens=cached)
    return Answered(first_s=first, last_s=last, usage=usage, longest_gap_s=0.5)


async def test_the_clock_sees_the_first_piece_the_pace_and_the_longest_silence():
    seen = await ask(Paced(0.5, (0.01, 0.1, 0.01)), WORK.request(0, warm=False))

    assert seen.first_s >= 0.5
    assert seen.last_s >= seen.first_s + 0.12
    assert 0.1 <= seen.longest_gap_s < 0.5
    assert seen.between_s == pytest.approx((seen.last_s - seen.first_s) / 7)


async def test_so_many_at_a_time_and_everything_once():
    model = Paced(0.01, ())
    requests = [WORK.request(channel, warm=False) for channel in range(10)]
    heard = 0

    def done() -> None:
        nonlocal heard
        heard += 1

    finished = await run(model, requests, 3, done=done)

    assert model.most == 3
    assert model.asked == requests
    assert len(finished.answers) == heard == 10
    assert finished.seconds >= 0.04


@pytest.mark.parametrize(
    ("line", "error"),
    [(ModelTimeout("late"), "model-timeout"), (ModelUnavailable("gone"), "model-unavailable")],
)
async def test_a_failure_is_counted_not_raised(line: ModelUnavailable, error: str):
    seen = await ask(ScriptedChatModel([line]), WORK.request(0, warm=False))

    assert seen.error == error


async def test_an_answer_without_text_or_usage_is_no_answer():
    assert (await ask(ScriptedChatModel([""]), WORK.request(0, warm=False))).error == "no-text"


def test_the_figures_follow_from_the_answers():
    answers = [
        answered(1, 2, tokens=11),
        answered(3, 5, tokens=21, cached=50),
        Answered(error="model-timeout"),
    ]
    after = replace(IDLE, prefix_queries=200, prefix_hits=150, drafted=40, accepted=10)

    found = phase(Run(answers=answers, seconds=4), IDLE, after)

    assert (found.asked, found.failed, found.tokens_in, found.tokens_out) == (
        3,
        {"model-timeout": 1},
        200,
        32,
    )
    assert (found.tokens_a_second, found.answers_a_second) == (8, 0.5)
    assert (found.cached, found.hit, found.accepted) == (0.25, 0.75, 0.25)
    assert found.first == Spread(p50=2, p99=pytest.approx(2.98))
    assert found.between == Spread(p50=pytest.approx(0.1), p99=pytest.approx(0.1))


def test_what_is_not_known_is_none_not_zero():
    found = phase(Run(answers=[Answered(error="gone")], seconds=1), None, None)

    assert (found.cached, found.hit, found.accepted, found.first, found.between) == (None,) * 5


async def measured(model: Paced | ScriptedChatModel) -> Measured:
    return await measure(BENCH, model, NOWHERE, label="here")


async def test_every_level_is_measured_cold_on_channels_of_its_own_and_warm_on_the_same():
    model, heard = Paced(0.0, (0.001,)), 0

    def done() -> None:
        nonlocal heard
        heard += 1

    found = await measure(BENCH, model, NOWHERE, label="here", done=done)

    assert [level.concurrency for level in found.levels] == [1, 2]
    assert (
        [level.cold.asked for level in found.levels] == [level.warm.asked for level in found.levels] == [3, 4]
    )
    assert heard == BENCH.total == len(model.asked)
    asked = [request.affinity for request in model.asked[2:]]
    assert asked[:3] == asked[3:6]
    assert sorted(asked[6:10]) == sorted(asked[10:])
    assert len(set(asked)) == 7


async def test_what_was_not_measured_is_said():
    found = await measured(Paced(0.0, ()))

    said = " ".join(found.not_measured)
    assert "no metrics of vLLM" in said
    assert "usage told of none" in said
    assert "fewer than 100" in said
    assert "quality" in said


async def test_a_node_that_fails_at_once_is_not_measured():
    with pytest.raises(ModelUnavailable, match="does not answer the first request: model-unavailable"):
        await measured(ScriptedChatModel(lambda _: ModelUnavailable("no")))


async def test_failures_later_are_in_the_figures():
    calls = iter(range(1000))

    found = await measured(ScriptedChatModel(lambda _: "fine" if next(calls) < 4 else ModelUnavailable("no")))

    assert found.levels[0].cold.failed == {"model-unavailable": 1}
    assert found.levels[1].warm.failed == {"model-unavailable": 4}
    assert found.levels[1].gain is None
    assert any("failed" in gap for gap in found.not_measured)


def one(first: float, between: float, seconds: float, accepted: float = 0.0) -> Phase:
    """A phase of one answer of 11 tokens."""
    after = replace(IDLE, drafted=100, accepted=100 * accepted)
    answers = [answered(first, first + 10 * between, tokens=11)]
    return phase(Run(answers=answers, seconds=seconds), IDLE, after)


def test_a_second_node_is_compared_level_by_level():
    slow = Level(concurrency=4, cold=one(0.6, 0.1, seconds=4), warm=one(1, 1, seconds=1))
    fast = Level(concurrency=4, cold=one(0.3, 0.02, seconds=1, accepted=0.4), warm=one(1, 1, seconds=1))

    (ratio,) = compare(
        Measured(model="a", label="a", levels=[slow]), Measured(model="b", label="b", levels=[fast])
    )

    assert (ratio.concurrency, ratio.tokens, ratio.accepted) == (4, 4, 0.4)
    assert (ratio.first, ratio.between) == (pytest.approx(2), pytest.approx(5))


def test_a_gain_is_cold_over_warm():
    level = Level(concurrency=1, cold=one(0.9, 1, seconds=1), warm=one(0.3, 1, seconds=1))

    assert level.gain == pytest.approx(3)


@pytest.fixture
async def node() -> AsyncIterator[str]:
    """A server with vLLM's books: each prompt is ten tokens, of which six come from the cache."""
    books = dict.fromkeys(names.REQUIRED, 0)

    async def chat(request: web.Request) -> web.StreamResponse:
        books[names.PREFIX_QUERIES] += 10
        books[names.PREFIX_HITS] += 6
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(
            b'data: {"choices": [{"delta": {"content": "yes"}, "finish_reason": "stop"}]}\n\n'
        )
        usage = (
            b'{"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}}'
        )
        await response.write(b'data: {"choices": [], "usage": ' + usage + b"}\n\ndata: [DONE]\n\n")
        return response

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text="".join(f"{name}{{}} {value}\n" for name, value in books.items()))

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "only"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_nodes_own_books_say_what_its_cache_saved(node: str):
    found = await measure_node(BENCH, node + "/v1")

    assert found.model == "only"
    for level in found.levels:
        assert level.cold.hit == level.warm.hit == 0.6
        assert level.cold.cached == 0.5
    assert not any("metrics" in gap for gap in found.not_measured)


async def test_a_model_that_is_not_named_and_not_the_only_one_is_asked_for(node: str):
    with pytest.raises(InvalidInput, match="url"):
        await measure_node(BENCH, "ftp://nothing")
    with pytest.raises(ModelUnavailable):
        await measure_node(BENCH, NOWHERE)
