"""The whole pool over servers that fail: every request is answered, and answered right."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.chat import ChatDelta, ChatRequest, complete
from core.errors import InvalidInput, ModelOverloaded, ModelRefused, ModelTimeout, ModelUnavailable
from gpu.pool.policy import PoolPolicy
from gpu.pool.pool import PooledChatModel
from tests.gpu.pool.nodes import Pooled, answer_to, asked, pooled, until
from tests.support.fault_server import FaultServer, free_port

SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}


async def answers(pooled_: Pooled, requests: list[ChatRequest], width: int = 4) -> list[str]:
    """Return the answers to requests, so many at a time."""
    places = asyncio.Semaphore(width)

    async def one(request: ChatRequest) -> str:
        async with places:
            return (await complete(pooled_.pool, request)).text

    return list(await asyncio.gather(*(one(request) for request in requests)))


async def collected(pooled_: Pooled, request: ChatRequest) -> list[ChatDelta]:
    """Return all deltas of an answer."""
    async with aclosing(pooled_.pool.stream(request)) as deltas:
        return [delta async for delta in deltas]


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["plain", "schema"])
@pytest.mark.parametrize("fault", ["500", "503", "429", "reset", "dies"])
async def test_beside_a_broken_node_every_request_is_answered_right(fault: str, schema: object):
    requests = [asked(f"question {n}", schema=schema, affinity=f"channel {n % 7}") for n in range(40)]

    async with pooled(FaultServer(), FaultServer(fault=fault)) as here:
        said = await answers(here, requests)

        assert said == [answer_to(request) for request in requests]
        assert here.at_rest()
        assert here.servers[1].requests < 16


async def test_beside_a_node_that_is_not_there_every_request_is_answered():
    async with pooled(FaultServer()) as here:
        pool = PooledChatModel(
            [here.servers[0].url, f"http://127.0.0.1:{free_port()}"], "tiny", policy=PoolPolicy(health_s=0)
        )
        said = [(await complete(pool, asked(f"question {n}"))).text for n in range(20)]
        await pool.close()

    assert said == [answer_to(asked(f"question {n}")) for n in range(20)]


@pytest.mark.parametrize("fault", ["hang", "stalls"])
async def test_a_silent_node_is_survived_within_the_deadline(fault: str):
    requests = [asked(f"question {n}", deadline_s=2.0) for n in range(16)]

    async with pooled(FaultServer(), FaultServer(fault=fault)) as here:
        said = await answers(here, requests, width=8)

        assert said == [answer_to(request) for request in requests]
        assert here.pool.report()[1].errors > 0
        assert here.at_rest()


async def test_a_plain_answer_goes_on_where_its_node_died():
    async with pooled(FaultServer(fault="dies"), FaultServer(fault="dies")) as here:
        stream = here.pool.stream(asked(max_tokens=12))
        deltas = [await anext(stream)]
        for server in here.servers:  # whichever it is, dies after five tokens; the other goes on
            server.fault = "dies" if server.running else "none"
        deltas += [delta async for delta in stream]

        assert "".join(delta.text for delta in deltas) == answer_to(asked())
        assert not any(delta.restart for delta in deltas)
        assert "resume" in here.kinds()
        bodies = [
            body for server in here.servers for body in server.bodies if "continue_final_message" in body
        ]
        assert [(body["add_generation_prompt"], body["max_tokens"]) for body in bodies] == [(False, 7)]
        usage = deltas[-1].usage
        assert usage
        assert usage.completion_tokens == 12


@pytest.mark.parametrize(
    "fields", [{"schema": SCHEMA}, {"top_logprobs": 1}], ids=["with a schema", "with logprobs"]
)
async def test_an_answer_that_cannot_go_on_begins_anew_and_says_so_first(fields: dict[str, object]):
    async with pooled(FaultServer(fault="dies"), FaultServer(fault="dies")) as here:
        stream = here.pool.stream(asked(**fields))
        deltas = [await anext(stream)]
        for server in here.servers:
            server.fault = "dies" if server.running else "none"
        deltas += [delta async for delta in stream]

    restarts = [n for n, delta in enumerate(deltas) if delta.restart]
    assert len(restarts) == 1
    assert deltas[restarts[0]].text == ""
    assert "".join(delta.text for delta in deltas[restarts[0] :]) == answer_to(asked(**fields))
    assert "restart" in here.kinds()


async def test_where_servers_do_not_know_how_to_go_on_the_answer_begins_anew():
    async with pooled(FaultServer(fault="dies"), FaultServer(fault="dies")) as here:
        stream = here.pool.stream(asked())
        deltas = [await anext(stream)]
        for server in here.servers:
            server.resumes = False
            server.fault = "dies" if server.running else "none"
        deltas += [delta async for delta in stream]

    restart = next(n for n, delta in enumerate(deltas) if delta.restart)
    assert "".join(delta.text for delta in deltas[restart:]) == answer_to(asked())


async def test_a_clients_mistake_is_not_tried_again_and_opens_no_breaker():
    async with pooled(FaultServer(fault="400"), FaultServer(fault="400")) as here:
        for _ in range(10):
            with pytest.raises(ModelRefused) as caught:
                await complete(here.pool, asked())

        assert caught.value.status == 400
        assert sum(server.requests for server in here.servers) == 10
        assert [node.state for node in here.pool.report()] == ["up", "up"]
        assert here.events == []


async def test_a_node_with_too_much_to_do_is_left_alone_for_as_long_as_it_says():
    async with pooled(FaultServer(), FaultServer(fault="429")) as here:
        here.servers[1].retry_after = "0.3"
        await answers(here, [asked(f"a{n}") for n in range(12)])
        during = here.servers[1].requests
        state = here.pool.report()[1].state
        await asyncio.sleep(0.35)
        here.servers[1].fault = "none"

        await answers(here, [asked(f"b{n}") for n in range(12)])

        assert state == "cooling"
        assert during <= 4
        assert here.servers[1].requests > during
        assert here.pool.report()[1].errors == 0


async def test_when_all_nodes_have_too_much_to_do_the_caller_hears_when_to_come_back():
    async with pooled(FaultServer(fault="429"), FaultServer(fault="429")) as here:
        for server in here.servers:
            server.retry_after = "7"

        with pytest.raises(ModelOverloaded) as caught:
            await complete(here.pool, asked())

    assert caught.value.retry_after_s == 7


async def test_when_every_node_is_broken_requests_still_go_out_and_the_first_to_recover_is_found():
    async with pooled(FaultServer(fault="500"), FaultServer(fault="500")) as here:
        for _ in range(6):
            with pytest.raises(ModelUnavailable):
                await complete(here.pool, asked())
        states = [node.state for node in here.pool.report()]
        here.servers[1].fault = "none"

        said = (await complete(here.pool, asked())).text

    assert states == ["open", "open"]
    assert said == answer_to(asked())


async def test_a_single_node_that_comes_back_is_asked_again():
    async with pooled(FaultServer(fault="503")) as here:

        async def heal() -> None:
            await asyncio.sleep(0.03)
            here.servers[0].fault = "none"

        healing = asyncio.create_task(heal())
        said = (await complete(here.pool, asked())).text
        await healing

    assert said == answer_to(asked())


async def test_retries_stay_within_their_budget():
    policy = PoolPolicy(health_s=0, retry_floor=2, retry_share=0.1, breaker_failures=1000)
    async with pooled(FaultServer(fault="500"), FaultServer(fault="500"), policy=policy) as here:
        for n in range(30):
            with pytest.raises(ModelRefused):
                await complete(here.pool, asked(f"{n}"))

        tries = sum(server.requests for server in here.servers)

    assert 30 < tries <= 30 + 2 + 3


async def test_no_request_is_tried_more_than_three_times():
    async with pooled(*[FaultServer(fault="500") for _ in range(5)]) as here:
        with pytest.raises(ModelRefused):
            await complete(here.pool, asked())

        assert sum(server.requests for server in here.servers) == 3


async def test_the_deadline_holds_over_all_tries():
    async with pooled(FaultServer(fault="hang"), FaultServer(fault="hang")) as here:
        began = asyncio.get_running_loop().time()

        with pytest.raises(ModelTimeout):
            await complete(here.pool, asked(deadline_s=0.5))

        assert 0.4 < asyncio.get_running_loop().time() - began < 1.0
        assert here.at_rest()


async def test_closing_a_stream_in_the_middle_frees_the_node_at_once():
    async with pooled(FaultServer(tokens=500, gap_s=0.01)) as here:
        stream = here.pool.stream(asked())
        await anext(stream)

        await stream.aclose()

        assert await until(lambda: here.servers[0].running == 0) < 0.2
        assert here.servers[0].aborted == 1
        assert here.at_rest()


@pytest.mark.parametrize("hedge", [False, True])
async def test_leaving_before_the_first_token_frees_the_node_at_once(hedge: bool):
    policy = PoolPolicy(health_s=0, hedge=hedge)
    async with pooled(FaultServer(first_s=30), policy=policy) as here:
        task = asyncio.create_task(complete(here.pool, asked(deadline_s=60)))
        await until(lambda: here.servers[0].running == 1)

        task.cancel()

        assert await until(lambda: here.servers[0].running == 0) < 0.2
        assert here.servers[0].aborted == 1
        assert here.at_rest()


async def test_a_late_first_token_is_hedged_and_the_loser_is_let_go():
    policy = PoolPolicy(health_s=0, hedge=True, hedge_share=0.5, hedge_floor_s=0.05)
    async with pooled(FaultServer(), FaultServer(), policy=policy) as here:
        await answers(here, [asked(f"warm {n}") for n in range(40)], width=2)
        slow = here.servers[0]
        slow.first_s = 30.0
        requests = [asked(f"late {n}") for n in range(6)]

        said = [(await complete(here.pool, request)).text for request in requests]

        assert said == [answer_to(request) for request in requests]
        assert "hedge" in here.kinds()
        await until(lambda: slow.running == 0)
        assert here.at_rest()


async def test_hedges_stay_within_two_in_a_hundred():
    policy = PoolPolicy(health_s=0, hedge=True, hedge_floor_s=0.001)
    async with pooled(FaultServer(first_s=0.005), FaultServer(first_s=0.005), policy=policy) as here:
        await answers(here, [asked(f"{n}") for n in range(200)], width=8)

        assert here.kinds().count("hedge") <= 4


async def test_a_hundred_at_once_through_two_places_are_all_answered_in_turn():
    policy = PoolPolicy(health_s=0, first_limit=2, least_limit=1, largest_limit=2)
    async with pooled(FaultServer(), policy=policy) as here:
        requests = [asked(f"{n}") for n in range(100)]

        said = await answers(here, requests, width=100)

        assert said == [answer_to(request) for request in requests]
        assert here.pool.waiting == 0


async def test_what_cannot_be_served_in_time_is_shed_at_once_and_counted():
    policy = PoolPolicy(health_s=0, first_limit=1, least_limit=1, largest_limit=1, queue=1)
    async with pooled(FaultServer(first_s=0.3), policy=policy) as here:
        tasks = [asyncio.create_task(complete(here.pool, asked(f"{n}"))) for n in range(6)]
        results = await asyncio.gather(*tasks, return_exceptions=True)

    shed = [result for result in results if isinstance(result, ModelOverloaded)]
    assert len(shed) == 4
    assert here.kinds().count("shed") == 4


async def test_priority_reaches_the_node():
    async with pooled(FaultServer()) as here:
        await complete(here.pool, asked(priority=10))

        assert here.servers[0].bodies[0]["priority"] == 10


async def test_tokens_are_counted_by_the_first_node_that_can():
    async with pooled(FaultServer()) as here:
        pool = PooledChatModel(
            [f"http://127.0.0.1:{free_port()}", here.servers[0].url], "tiny", policy=PoolPolicy(health_s=0)
        )
        count = await pool.count_tokens("one two three")
        await pool.close()

    assert count == 3


@pytest.mark.parametrize("nodes", [[], ["http://a", "http://a/v1"]])
def test_no_nodes_or_one_twice_is_refused(nodes: list[str]):
    with pytest.raises(InvalidInput, match="nodes"):
        PooledChatModel(nodes, "tiny")


async def test_closing_twice_does_nothing_more():
    async with pooled(FaultServer(), policy=PoolPolicy(health_s=0.01)) as here:
        await complete(here.pool, replace(asked(), max_tokens=3))
        await here.pool.close()
        await here.pool.close()
