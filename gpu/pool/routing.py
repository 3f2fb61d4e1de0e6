"""Where a request goes: the node that should answer first, a channel to where its history is cached, no node too much.

Source: bounded loads after Mirrokni, Thorup and Zadimoghaddam, Consistent Hashing with Bounded Loads (2016).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.chat import ChatRequest
from gpu.pool.node import Node
from gpu.pool.policy import PoolPolicy
from gpu.pool.prefix import NOTHING, Blocks, Held, PrefixIndex, Sent, blocks_of, rank
from gpu.pool.statistics import Ewma, Now

NEAR: Final = 1.25
NEAR_SECONDS: Final = 0.005
"""Estimates this close to the best are as good, and the affinity decides."""
COST: Final = 2
"""A token computed again delays all who come behind: it counts for so many."""
SLACK: Final = 2.0
"""Recent requests that a node may have over its bound, lest a pool with little to do scatter its channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request on its way: its size in tokens, its blocks, and when it must be answered.

    `held` keeps, by node, what was found to be held before the request was sent anywhere.
    """

    request: ChatRequest
    tokens: int
    blocks: Blocks
    deadline: float
    held: dict[str, Held] = field(default_factory=dict[str, Held])


class Sizes:
    """Estimates the tokens of prompts, and learns characters per token from what nodes report."""

    def __init__(self) -> None:
        self._characters = Ewma(0.05)
        self._characters.add(4.0)

    @property
    def characters_per_token(self) -> float:
        """Characters per token, live."""
        return self._characters.value or 4.0

    def of(self, request: ChatRequest) -> int:
        """Return about how many tokens a prompt has."""
        return 1 + int(characters(request) / self.characters_per_token)

    def learn(self, request: ChatRequest, prompt_tokens: int) -> None:
        """Take in how many tokens a prompt had."""
        if prompt_tokens > 0 and (length := characters(request)) > 0:
            self._characters.add(min(20.0, max(0.5, length / prompt_tokens)))


def characters(request: ChatRequest) -> int:
    """Return the length of a prompt."""
    return sum(len(message.content) for message in request.messages)


def _sending(node: Node, ask: Ask) -> Sent:
    return Sent(node.epoch, ask.blocks, node.cache.computed)


class Router:
    """Chooses nodes, and remembers what it chose."""

    def __init__(self, policy: PoolPolicy, *, rng: random.Random, now: Now) -> None:
        self.sizes = Sizes()
        self.prefixes = PrefixIndex(policy.affinities)
        self._bound = policy.load_bound
        self._rng = rng
        self._now = now

    def ask(self, request: ChatRequest) -> Ask:
        """Return a request as it begins its way."""
        return Ask(
            request=request,
            tokens=self.sizes.of(request),
            blocks=blocks_of(request) if request.affinity else (),
            deadline=self._now() + request.deadline_s,
        )

    def choose(self, nodes: Sequence[Node], ask: Ask, tried: Collection[Node] = ()) -> Node:
        """Return the node to ask; one not tried before if there is one, and one at all even if none is well."""
        usable = self._usable(nodes, tried)
        usable = [node for node in usable if not node.suspect] or usable
        fitting = self._within_bound(nodes, usable)
        free = [node for node in fitting if node.ledger.in_flight < node.limit.value] or fitting
        estimates = {node.url: node.estimate_s(COST * self.uncached(node, ask)) for node in free}
        best = min(estimates.values())
        near = [node for node in free if estimates[node.url] <= NEAR * best + NEAR_SECONDS]
        if len(near) == 1:
            return near[0]
        affinity = ask.request.affinity
        if not affinity:
            return min(near, key=lambda node: (node.recent.at(self._now()), self._rng.random()))
        return max(near, key=lambda node: (self._cached(node, ask), rank(affinity, node.url)))

    def sent(self, node: Node, ask: Ask) -> None:
        """Note that a node is sent a request."""
        now = self._now()
        node.requests += 1
        node.recent.set(node.recent.at(now) + 1.0, now)
        node.cache.computed += self.uncached(node, ask)
        if ask.request.affinity:
            self.prefixes.sent(ask.request.affinity, node.url, _sending(node, ask))

    def held(self, node: Node, ask: Ask) -> Held:
        """Return how much of a prompt's beginning a node once computed for its channel."""
        held = ask.held.get(node.url)
        if held is None:
            affinity = ask.request.affinity
            held = self.prefixes.held(affinity, node.url, _sending(node, ask)) if ask.blocks else NOTHING
            ask.held[node.url] = held
        return held

    def uncached(self, node: Node, ask: Ask) -> int:
        """Return how many tokens of a prompt the node should have to compute."""
        cached = self._cached(node, ask) / self.sizes.characters_per_token
        return max(1, ask.tokens - int(cached))

    def _cached(self, node: Node, ask: Ask) -> int:
        """Return how many characters of a prompt the node should still hold."""
        held = self.held(node, ask)
        return held.characters if node.cache.has(held) else 0

    def _usable(self, nodes: Sequence[Node], tried: Collection[Node]) -> Sequence[Node]:
        """Return the nodes that may be asked; where none is well, all of them: better a bad chance than none.

        A node on its return is sent its share on purpose: left to the estimates, it might never be tried.
        """
        well = [node for node in nodes if node.share > 0]
        untried = [node for node in well if node not in tried]
        steady = [node for node in untried if node.share >= 1]
        returning = [
            node for node in untried if node.share < 1 and self._rng.random() < node.share / len(nodes)
        ]
        return (
            returning or steady or untried or [node for node in nodes if node not in tried] or well or nodes
        )

    def _within_bound(self, nodes: Sequence[Node], usable: Sequence[Node]) -> Sequence[Node]:
        """Return the nodes whose recent requests are within the bound of the mean.

        A node that is off has its count set to the mean of the others: it owes nothing when it comes back.
        """
        now = self._now()
        on = [node.recent.at(now) for node in nodes if node.share >= 1 and not node.suspect]
        mean = sum(on) / len(on) if on else 0.0
        for node in nodes:
            if node.share < 1:
                node.recent.set(mean, now)
        most = self._bound * (mean + 1 / len(nodes)) + SLACK
        return [node for node in usable if node.recent.at(now) + 1 <= most] or usable
