from __future__ import annotations

import random
from collections import Counter

from gpu.node.metrics import parse
from gpu.pool.node import Node, Reading
from gpu.pool.policy import PoolPolicy
from gpu.pool.routing import SLACK, Router
from tests.gpu.pool.nodes import asked, node
from tests.gpu.pool.times import Hand
from tests.gpu.pool.vllm_text import vllm_text

SYSTEM = "You summarize channels. " * 200


def routed(hand: Hand, policy: PoolPolicy | None = None) -> Router:
    return Router(policy or PoolPolicy(health_s=0), rng=random.Random(1), now=hand)  # noqa: S311


def nodes_of(count: int, hand: Hand) -> list[Node]:
    return [node(f"node-{n}", hand) for n in range(count)]


def send(router: Router, nodes: list[Node], channel: str, text: str = "") -> Node:
    """Choose a node for a channel's request and note it as sent."""
    ask = router.ask(asked(SYSTEM + (text or channel * 2000), affinity=channel))
    chosen = router.choose(nodes, ask)
    router.sent(chosen, ask)
    return chosen


def test_a_request_without_affinity_goes_where_least_is_in_front_of_it():
    hand = Hand()
    nodes = nodes_of(3, hand)
    nodes[0].open(prefill=50_000, decode=100)
    nodes[2].open(prefill=20_000, decode=100)

    assert routed(hand).choose(nodes, routed(hand).ask(asked())) is nodes[1]


def test_requests_without_affinity_are_spread_evenly():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(4, hand)

    chosen = Counter(send(router, nodes, "").url for _ in range(400))

    assert max(chosen.values()) - min(chosen.values()) <= 1


def test_a_channel_comes_back_to_the_node_that_has_its_history():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(4, hand)
    homes = {f"C{n}": send(router, nodes, f"C{n}") for n in range(40)}

    again = {channel: send(router, nodes, channel) for channel in homes}

    same = sum(again[channel] is homes[channel] for channel in homes)
    assert same >= 38


def test_a_channel_leaves_its_node_when_waiting_costs_more_than_computing_anew():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    home = send(router, nodes, "C1")
    home.open(prefill=500_000, decode=100)

    assert send(router, nodes, "C1") is not home


def test_a_shared_system_prompt_pins_nothing():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(4, hand)

    chosen = Counter(send(router, nodes, f"C{n}").url for n in range(400))

    assert max(chosen.values()) <= 1.3 * 100


def test_one_hot_channel_cannot_have_a_node_carry_more_than_the_bound():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(4, hand)

    chosen = Counter(send(router, nodes, "hot" if n % 2 else f"C{n}").url for n in range(800))

    assert max(chosen.values()) <= 1.25 * 200 + SLACK + 1


def test_a_node_that_comes_back_owes_nothing():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    for _ in range(3):
        nodes[0].failed("500")
    for n in range(100):
        assert send(router, nodes, f"C{n}") is nodes[1]

    hand.at += 1
    for _ in range(4):
        nodes[0].breaker.succeeded()
    chosen = Counter(send(router, nodes, f"D{n}").url for n in range(20))

    assert chosen[nodes[0].url] <= 15


def test_a_node_on_its_return_gets_a_small_share():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    for _ in range(3):
        nodes[0].failed("500")
    hand.at += 1

    chosen = Counter(send(router, nodes, f"C{n}").url for n in range(400))

    assert nodes[0].breaker.state == "half-open"
    assert 5 <= chosen[nodes[0].url] <= 40


def test_a_slow_node_on_its_return_is_tried_all_the_same():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    nodes[0].heard_first(30.0, work=100, uncached=10)
    for _ in range(3):
        nodes[0].failed("500")
    hand.at += 1

    chosen = Counter(send(router, nodes, "").url for _ in range(400))

    assert 5 <= chosen[nodes[0].url] <= 40


def test_with_no_node_well_one_is_chosen_all_the_same_and_tried_ones_last():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    for each in nodes:
        each.failed("health", at_once=True)
    ask = router.ask(asked())

    assert router.choose(nodes, ask, [nodes[0]]) is nodes[1]
    assert router.choose(nodes, ask, nodes) in nodes


def test_a_node_that_is_silent_with_work_to_do_gets_nothing_more():
    hand = Hand()
    router, nodes = routed(hand), nodes_of(2, hand)
    home = send(router, nodes, "C1")
    home.open(prefill=10, decode=10)

    hand.at += 2

    assert home.suspect
    assert all(send(router, nodes, "C1") is not home for _ in range(20))


def test_a_fresh_reading_adds_what_others_sent_and_an_old_one_says_nothing():
    hand = Hand()
    nodes = nodes_of(2, hand)
    for each, running in zip(nodes, (0, 30), strict=True):
        metrics = parse(vllm_text(running=running, waiting=running))
        each.reading = Reading(metrics=metrics, at=hand.at, in_flight=0)
    ask = routed(hand).ask(asked())
    fresh = [each.estimate_s(ask.tokens) for each in nodes]

    hand.at += 0.25
    old = [each.estimate_s(ask.tokens) for each in nodes]

    assert fresh[1] > 2 * fresh[0]
    assert old[0] == old[1]


def test_prompts_are_sized_by_what_nodes_report():
    hand = Hand()
    router = routed(hand)
    request = asked("x" * 8000)
    for _ in range(200):
        router.sizes.learn(request, 4000)

    assert abs(router.sizes.of(request) - 4000) < 40
