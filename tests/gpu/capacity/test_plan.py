from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from gpu.capacity.node import Demand, Node, operating_point
from gpu.capacity.plan import Plan, Traffic, lines, plan, summaries_a_day
from gpu.capacity.presets import find_gpu, find_model
from gpu.capacity.shape import Precision

LLAMA = find_model("llama-3.1-8b", weights=Precision.FP8)
H100 = find_gpu("h100")
NODE = Node(shape=LLAMA, gpu=H100, sequences=48)
DAY = Traffic(summaries_a_day=1_000_000)
NO_TARGETS = 1e9

traffics = st.builds(
    Traffic,
    summaries_a_day=st.floats(0, 1e8),
    tokens_in=st.floats(50, 30_000),
    tokens_out=st.floats(10, 1_000),
    peak=st.floats(1, 20),
    reused=st.floats(0, 0.99),
    cached=st.floats(0, 1),
    ttft_s=st.floats(30, 60),
    itl_s=st.floats(1, 5),
)
factors = st.floats(1, 10)
lawful = settings(deadline=None, max_examples=40)


def needed(traffic: Traffic, node: Node = NODE, **options: float) -> int:
    return plan(node, traffic, **options).nodes  # type: ignore[arg-type]


@lawful
@given(traffics, factors)
def test_more_traffic_never_needs_fewer_nodes(traffic: Traffic, factor: float):
    more = replace(traffic, summaries_a_day=traffic.summaries_a_day * factor)

    assert needed(more) >= needed(traffic)


@lawful
@given(traffics, st.floats(0, 1), st.sampled_from(["cached", "reused"]))
def test_a_higher_hit_rate_never_needs_more_nodes(traffic: Traffic, towards: float, which: str):
    now = getattr(traffic, which)
    better = replace(traffic, **{which: now + (1 - now) * towards})

    assert needed(better) <= needed(traffic)


@lawful
@given(traffics, st.floats(1, 3), st.sampled_from(["tokens_in", "tokens_out"]))
def test_longer_texts_never_need_fewer_nodes(traffic: Traffic, factor: float, which: str):
    longer = replace(traffic, **{which: getattr(traffic, which) * factor})

    assert needed(longer) >= needed(traffic)


@lawful
@given(traffics, factors, st.sampled_from(["bandwidth", "memory", "bf16", "fp8"]))
def test_a_better_gpu_never_needs_more_nodes(traffic: Traffic, factor: float, which: str):
    better = replace(NODE, gpu=replace(H100, **{which: getattr(H100, which) * factor}))

    assert needed(traffic, better) <= needed(traffic)


@lawful
@given(traffics, factors, st.sampled_from(["ttft_s", "itl_s"]))
def test_a_looser_target_never_needs_more_nodes(traffic: Traffic, factor: float, which: str):
    looser = replace(traffic, **{which: getattr(traffic, which) * factor})

    assert needed(looser) <= needed(traffic)


@lawful
@given(traffics, st.floats(0.05, 1), st.floats(0.05, 1))
def test_fuller_nodes_are_never_more_nodes(traffic: Traffic, one: float, other: float):
    assert needed(traffic, utilization=max(one, other)) <= needed(traffic, utilization=min(one, other))


@lawful
@given(traffics, st.integers(0, 5))
def test_with_its_spares_down_the_peak_is_still_carried_and_with_one_fewer_it_is_not(
    traffic: Traffic, spares: int
):
    made = plan(NODE, traffic, spares=spares)

    carried = made.point.rate * made.utilization
    assert made.nodes - spares >= 1
    assert (made.nodes - spares) * carried >= traffic.peak_rate * (1 - 1e-9)
    assert made.nodes - spares == 1 or (made.nodes - spares - 1) * carried < traffic.peak_rate * (1 + 1e-9)


@lawful
@given(traffics)
def test_an_operating_point_keeps_both_targets_and_littles_law(traffic: Traffic):
    demand = traffic.demand
    point = operating_point(NODE, demand)

    assert point.itl_s <= demand.itl_s
    assert point.ttft_s <= demand.ttft_s * (1 + 1e-6)
    assert point.rate * demand.tokens_out * point.itl_s <= point.batch * (1 + 1e-9)
    assert point.busy <= 1 + 1e-9


@pytest.mark.parametrize(
    ("gpu", "published"),
    [("h100", 5777), ("l40s", 1642)],
)
@pytest.mark.parametrize("tokens_out", [73, 128])
def test_llama_8b_in_fp8_is_within_a_factor_of_1_6_of_what_was_published(
    gpu: str, published: float, tokens_out: int
):
    """Red Hat, MLPerf v5.1 offline, vLLM 0.10, tokens/s a GPU; articles of 778 tokens, answers of at most 128."""
    node = Node(shape=replace(LLAMA, kv_bits=8), gpu=find_gpu(gpu), sequences=1024)
    demand = Demand(tokens_in=778, tokens_out=tokens_out, ttft_s=NO_TARGETS, itl_s=NO_TARGETS)

    predicted = operating_point(node, demand).rate * tokens_out

    assert published / 1.6 < predicted < published * 1.6


def test_decoding_alone_is_bound_by_bandwidth():
    """One answer, short prompt: a step reads the weights once: 8.5 GB at 2.68 TB/s are 3.2 ms, and 1 ms."""
    alone = Node(shape=LLAMA, gpu=H100, sequences=1)

    step = alone.step_s(1, Demand(tokens_in=1, tokens_out=1))

    assert step == pytest.approx(LLAMA.bytes_read(1) / (3350e9 * 0.8) + 0.001, rel=1e-3)


def test_reading_is_bound_by_operations():
    """2 x 7.5e9 x 1000 operations at 0.4 x 1979e12 a second are 19 ms; attention adds a little."""
    seconds = NODE.prompt_s(Demand(tokens_in=1000, tokens_out=1))

    assert seconds == pytest.approx(2 * 7.5047e9 * 1000 / (0.4 * 1979e12), rel=0.03)


def test_messages_make_summaries():
    assert summaries_a_day(1_000_000, window=100, reads=3) == 30_000


def test_nothing_to_do_still_takes_one_node_and_the_spare():
    assert needed(Traffic(summaries_a_day=0)) == 2


def test_the_cost_follows_from_the_gpus():
    made = plan(replace(NODE, gpus=2), DAY, price=2.5)

    assert made.cost_a_day == made.nodes * 2 * 24 * 2.5
    assert made.gpus == made.nodes * 2


def test_the_lines_say_what_the_plan_says():
    made: Plan = plan(NODE, DAY, price=1.0)

    found = {line.name: line.value for line in lines(made)}
    assert found["nodes"] == made.nodes
    assert found["summaries at peak"] == pytest.approx(1_000_000 * 3 / 86_400)
    assert found["KV a token"] == 128
    assert found["cost of 1,000"] == pytest.approx(made.gpus * 24 / 1000)
    assert all(line.formula for line in lines(made))


def test_a_model_that_does_not_fit_says_how_much_it_needs():
    node = Node(shape=find_model("llama-3.3-70b"), gpu=H100)

    with pytest.raises(InvalidInput, match=r"cannot hold llama-3\.3-70b and one summary \(132\.\d GiB\)"):
        plan(node, DAY)


@pytest.mark.parametrize("target", [{"itl_s": 0.0011}, {"ttft_s": 0.02}])
def test_targets_that_no_load_can_keep_are_refused(target: dict[str, float]):
    with pytest.raises(InvalidInput, match="cannot be kept"):
        plan(NODE, replace(DAY, **target))


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("cached", 1.1),
        ("cached", -0.1),
        ("reused", float("nan")),
        ("peak", 0.5),
        ("tokens_in", 0),
        ("tokens_out", float("inf")),
        ("summaries_a_day", -1),
        ("ttft_s", 0),
    ],
)
def test_traffic_that_makes_no_sense_is_refused(field: str, bad: float):
    with pytest.raises(InvalidInput, match="--"):
        replace(DAY, **{field: bad})


@pytest.mark.parametrize("options", [{"utilization": 0}, {"utilization": 1.5}, {"spares": -1}])
def test_options_that_make_no_sense_are_refused(options: dict[str, float]):
    with pytest.raises(InvalidInput):
        needed(DAY, **options)
