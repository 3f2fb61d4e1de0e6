"""The OpenAI-compatible client against a real HTTP server that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.chat import ChatMessage, ChatRequest, Usage, complete
from core.errors import (
    CatchupError,
    GenerationFailed,
    InvalidInput,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from gpu.openai_client import OpenAIChatModel, base_url
from gpu.watch import Patience

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECRET = "the merger with Initech closes on Tuesday"
ASKED = ChatRequest(messages=(ChatMessage(role="user", content=f"Summarize: {SECRET}"),), deadline_s=5)


@asynccontextmanager
async def served(handler: Handler, path: str = "/v1/chat/completions") -> AsyncIterator[OpenAIChatModel]:
    """Give a client of a server that answers one path with a handler."""
    app = web.Application()
    app.router.add_route("*", path, handler)
    async with TestServer(app) as server:
        model = OpenAIChatModel(str(server.make_url("/")), "tiny", api_key="sk-test")
        try:
            yield model
        finally:
            await model.close()


def streaming(*chunks: bytes, drop: bool = False, pause_s: float = 0.0) -> Handler:
    """Return a handler that streams bytes, and then ends the body or the connection."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause_s)
        if drop and request.transport:
            request.transport.abort()
        return response

    return handler


def answering(status: int, body: object) -> Handler:
    """Return a handler that answers JSON with a status."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return handler


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def said(text: str, finish: str | None = None) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])


USAGE = event(choices=[], usage={"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None})
DONE = b"data: [DONE]\n\n"


async def test_a_whole_stream_is_an_answer():
    async with served(streaming(said("Hel"), said("lo"), said("", "stop"), USAGE, DONE)) as model:
        answer = await complete(model, ASKED)

    assert (answer.text, answer.finish, answer.model) == ("Hello", "stop", "tiny")
    assert answer.usage == Usage(prompt_tokens=5, completion_tokens=2)


async def test_a_stream_in_single_bytes_is_the_same_answer():
    stream = said("naïve 🎉") + b": ping\r\n\r\n" + said("", "stop") + USAGE + DONE

    async with served(streaming(*(bytes([byte]) for byte in stream))) as model:
        answer = await complete(model, ASKED)

    assert answer.text == "naïve 🎉"


async def test_the_request_says_only_what_was_asked_for():
    bodies: list[dict[str, object]] = []
    headers: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        headers.append(request.headers["Authorization"])
        return await streaming(said('{"id":1}', "stop"), USAGE, DONE)(request)

    schema = {"type": "object", "properties": {}}
    async with served(handler) as model:
        await complete(model, ASKED)
        await complete(
            model,
            replace(
                ASKED, seed=3, stop=("END",), schema=schema, top_logprobs=2, priority=-1, temperature=0.5
            ),
        )

    plain, full = bodies
    assert set(plain) == {"model", "messages", "max_tokens", "temperature", "stream", "stream_options"}
    assert plain["stream_options"] == {"include_usage": True}
    assert (full["seed"], full["stop"], full["priority"]) == (3, ["END"], -1)
    assert (full["logprobs"], full["top_logprobs"], full["temperature"]) == (True, 2, 0.5)
    assert full["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    assert headers == ["Bearer sk-test"] * 2


async def test_logprobs_of_two_tokens_that_read_the_same_keep_the_likelier():
    content = [
        {
            "token": "a",
            "logprob": -0.5,
            "top_logprobs": [
                {"token": "a", "logprob": -0.5},
                {"token": "?", "logprob": -2},
                {"token": "?", "logprob": -1},
            ],
        }
    ]
    chunk = event(
        choices=[{"delta": {"content": "a"}, "logprobs": {"content": content}, "finish_reason": "stop"}]
    )

    async with served(streaming(chunk, USAGE, DONE)) as model:
        answer = await complete(model, replace(ASKED, top_logprobs=3))

    assert answer.logprobs[0].top == {"a": -0.5, "?": -1}


async def test_a_server_that_forgets_done_but_finished_is_believed():
    async with served(streaming(said("Hello", "stop"), USAGE)) as model:
        assert (await complete(model, ASKED)).finish == "stop"


async def test_a_server_that_keeps_the_connection_open_after_done_does_not_hold_us_up():
    async with served(
        streaming(said("Hello", "stop"), USAGE, DONE, b": still here\n\n", pause_s=0.2)
    ) as model:
        async with asyncio.timeout(2):
            answer = await complete(model, ASKED)

    assert answer.text == "Hello"


async def test_a_connection_is_used_again():
    ports: set[object] = set()

    async def handler(request: web.Request) -> web.StreamResponse:
        ports.add(request.transport.get_extra_info("peername") if request.transport else None)
        return await streaming(said("Hello", "stop"), USAGE, DONE)(request)

    async with served(handler) as model:
        for _ in range(5):
            await complete(model, ASKED)

    assert len(ports) == 1


async def fails(handler: Handler, request: ChatRequest = ASKED) -> CatchupError:
    """Return the error that a request to a server gets."""
    async with served(handler) as model:
        with pytest.raises(CatchupError) as caught:
            await complete(model, request)
    return caught.value


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_an_error_status_is_a_refusal_with_the_status_and_a_remedy(status: int):
    error = await fails(answering(status, {"error": {"message": "no such luck", "code": status}}))

    assert isinstance(error, ModelRefused)
    assert error.status == status
    assert f"answered {status}: no such luck." in error.message
    assert error.remedy


async def test_a_refusal_that_repeats_a_message_is_not_quoted():
    error = await fails(answering(400, {"error": {"message": f"cannot parse 'Summarize: {SECRET}'"}}))

    assert "Initech" not in str(error)
    assert "answered 400." in error.message


@pytest.mark.parametrize("body", ["<html>", [1, 2], None, {"error": None}, {"detail": 5}])
async def test_a_refusal_of_any_shape_is_a_refusal(body: object):
    assert isinstance(await fails(answering(502, body)), ModelRefused)


async def test_an_error_in_the_middle_of_a_stream_is_a_refusal():
    error = await fails(streaming(said("Hel"), event(error={"message": "engine died", "code": 500}), DONE))

    assert isinstance(error, ModelRefused)
    assert "engine died" in error.message


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "ended"])
async def test_a_stream_that_breaks_off_is_no_answer(drop: bool):
    error = await fails(streaming(said("Hel"), said("lo"), drop=drop))

    assert type(error) is ModelUnavailable


async def test_done_without_a_finish_is_no_answer():
    assert type(await fails(streaming(said("Hel"), DONE))) is ModelUnavailable


@pytest.mark.parametrize("garbage", [b"data: {not json}\n\n", b"data: 7\n\n", b"data: \xff\xfe\n\n"])
async def test_garbage_is_no_answer(garbage: bytes):
    error = await fails(streaming(said("Hel"), garbage, DONE))

    assert type(error) is ModelUnavailable
    assert "not a JSON object" in error.message


async def test_a_web_page_is_no_answer():
    assert type(await fails(streaming(b"<html><body>Welcome</body></html>"))) is ModelUnavailable


@pytest.mark.parametrize("choices", [None, 5, [5], [{"delta": None}], [{"delta": {"content": 5}}]])
async def test_events_of_odd_shapes_say_nothing(choices: object):
    async with served(streaming(event(choices=choices), said("ok", "stop"), USAGE, DONE)) as model:
        assert (await complete(model, ASKED)).text == "ok"


async def test_a_filtered_answer_has_failed():
    error = await fails(streaming(said("Hel", "content_filter"), USAGE, DONE))

    assert isinstance(error, GenerationFailed)
    assert "content_filter" in error.message


async def test_an_aborted_answer_may_be_asked_for_again():
    assert type(await fails(streaming(said("Hel", "abort"), DONE))) is ModelUnavailable


async def test_prose_where_json_was_asked_for_has_failed():
    error = await fails(
        streaming(said("Sure! Here is", "stop"), USAGE, DONE), replace(ASKED, schema={"type": "object"})
    )

    assert isinstance(error, GenerationFailed)


async def test_json_cut_at_max_tokens_says_length():
    async with served(streaming(said('{"a":', "length"), USAGE, DONE)) as model:
        answer = await complete(model, replace(ASKED, schema={"type": "object"}))

    assert answer.finish == "length"


@pytest.mark.parametrize("after", [(), (said("Hel"),)], ids=["before", "in the middle"])
async def test_a_server_that_hangs_is_a_timeout(after: tuple[bytes, ...]):
    async def handler(request: web.Request) -> web.StreamResponse:
        return await streaming(*after, b": wait\n\n", pause_s=30)(request)

    async with served(handler) as model:
        with pytest.raises(ModelTimeout, match=r"did not finish within 0\.2 s"):
            async with asyncio.timeout(3):
                await complete(model, replace(ASKED, deadline_s=0.2))


async def test_a_server_that_drips_for_ever_is_a_timeout():
    async with served(streaming(*[said("x")] * 1000, pause_s=0.01)) as model:
        with pytest.raises(ModelTimeout):
            await complete(model, replace(ASKED, deadline_s=0.3))


async def test_a_reader_slower_than_the_deadline_still_gets_an_answer_that_came_in_time():
    texts: list[str] = []

    async with served(streaming(said("a"), said("b", "stop"), USAGE, DONE)) as model:
        async for delta in model.stream(replace(ASKED, deadline_s=0.3)):
            texts.append(delta.text)
            await asyncio.sleep(0.4)

    assert texts == ["a", "b", ""]


async def test_closing_a_stream_closes_the_connection():
    left = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return await streaming(*[said("x")] * 1000, pause_s=0.01)(request)
        except (asyncio.CancelledError, ConnectionError):
            left.set()
            raise

    async with served(handler) as model:
        async with aclosing(model.stream(ASKED)) as stream:
            async for _ in stream:
                break
        async with asyncio.timeout(2):
            await left.wait()


async def attempted(model: OpenAIChatModel, patience: Patience, request: ChatRequest = ASKED) -> str:
    """Return the text of an attempt."""
    return "".join([delta.text async for delta in model.attempt(request, patience)])


@pytest.mark.parametrize(
    ("after", "patience"),
    [((), Patience(first_token_s=0.1)), ((said("Hel"),), Patience(first_token_s=9, idle_s=0.1))],
    ids=["before the first token", "in the middle"],
)
async def test_a_server_silent_for_too_long_has_stalled_with_time_left(
    after: tuple[bytes, ...], patience: Patience
):
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in after:
            await response.write(chunk)
        await asyncio.sleep(30)
        return response

    async with served(handler) as model, asyncio.timeout(3):
        with pytest.raises(ModelTimeout, match=r"said nothing for 0\.1 s") as caught:
            await attempted(model, patience)

    assert caught.value.stalled


async def test_a_server_that_never_answers_has_stalled():
    async def handler(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with served(handler) as model, asyncio.timeout(3):
        with pytest.raises(ModelTimeout) as caught:
            await attempted(model, Patience(first_token_s=0.1))

    assert caught.value.stalled


async def test_a_deadline_before_the_end_of_patience_is_no_stall():
    async with served(streaming(said("Hel"), pause_s=30)) as model, asyncio.timeout(3):
        with pytest.raises(ModelTimeout, match="did not finish") as caught:
            await attempted(model, Patience(idle_s=0.5), replace(ASKED, deadline_s=0.2))

    assert not caught.value.stalled


async def test_slow_but_steady_is_no_stall():
    stream = streaming(*[said("x")] * 10, said("", "stop"), USAGE, DONE, pause_s=0.05)

    async with served(stream) as model:
        assert await attempted(model, Patience(first_token_s=2, idle_s=0.3)) == "x" * 10


async def test_a_reader_who_pauses_longer_than_the_patience_is_not_the_servers_fault():
    texts: list[str] = []

    async with served(streaming(said("a"), said("b", "stop"), USAGE, DONE)) as model:
        async for delta in model.attempt(ASKED, Patience(idle_s=0.1)):
            texts.append(delta.text)
            await asyncio.sleep(0.25)

    assert "".join(texts) == "ab"


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("-1", None), ("", None)]
)
async def test_a_refusal_says_when_to_come_back_if_the_server_does(header: str, seconds: float | None):
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=429, headers={"Retry-After": header})

    error = await fails(handler)

    assert isinstance(error, ModelRefused)
    assert error.retry_after_s == seconds


async def test_an_answer_that_goes_on_says_so_to_the_server():
    bodies: list[dict[str, object]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return await streaming(said("lo", "stop"), USAGE, DONE)(request)

    async with served(handler) as model:
        await anext(model.attempt(ASKED, Patience(), continuing=True))

    assert (bodies[0]["continue_final_message"], bodies[0]["add_generation_prompt"]) == (True, False)


async def test_a_page_is_its_status_and_its_text():
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503, text="dead")

    async with served(handler, "/health") as model:
        assert await model.get("/health", 1.0) == (503, "dead")


async def test_a_page_that_does_not_come_is_unavailable():
    async def handler(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with served(handler, "/health") as model:
        with pytest.raises(ModelUnavailable):
            await model.get("/health", 0.1)


async def test_nobody_at_the_address_is_unavailable():
    model = OpenAIChatModel("http://127.0.0.1:9", "nobody")

    with pytest.raises(
        ModelUnavailable, match=r"nobody at http://127\.0\.0\.1:9 cannot be reached.*GET /health"
    ):
        await complete(model, ASKED)

    await model.close()


async def test_tokens_are_counted_by_the_server_without_special_ones():
    asked: list[dict[str, object]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return web.json_response({"count": 17, "tokens": []})

    async with served(handler, "/tokenize") as model:
        count = await model.count_tokens("Who broke it?")

    assert count == 17
    assert asked == [{"model": "tiny", "prompt": "Who broke it?", "add_special_tokens": False}]


async def test_a_server_without_a_tokenizer_gets_a_third_of_the_bytes_and_is_asked_once():
    calls: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        calls.append(request.path)
        return web.json_response({"detail": "Not Found"}, status=404)

    async with served(handler, "/tokenize") as model:
        counts = [await model.count_tokens(text) for text in ("", "a", "abcd", "日本")]

        assert counts == [0, 1, 2, 2]
        assert calls == ["/tokenize"]
        assert not model.counts_exactly


async def test_a_tokenizer_that_fails_is_an_error_not_a_guess():
    async with served(answering(500, {}), "/tokenize") as model:
        with pytest.raises(ModelRefused):
            await model.count_tokens("x")


@pytest.mark.parametrize("url", ["http://a:8000", "http://a:8000/", "http://a:8000/v1", "http://a:8000/v1/"])
def test_a_url_may_end_in_v1(url: str):
    assert base_url(url) == "http://a:8000"


@pytest.mark.parametrize("url", ["", "a:8000", "ftp://a", "http://", "http:///"])
def test_what_is_no_url_is_refused(url: str):
    with pytest.raises(InvalidInput, match="must be an http or https URL"):
        base_url(url)
