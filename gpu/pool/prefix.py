"""Which node holds how much of a prompt's beginning in its prefix cache, as far as we can know.

Per affinity and node we keep the hashes of the blocks of the prompt last sent there. A prefix that all channels
share (the system prompt) is in nobody's favour: it counts for a node only together with the channel's own history.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeAlias

from core.chat import ChatRequest

BLOCK_CHARACTERS: Final = 1024
MOST_BLOCKS: Final = 512

LEAST_TOKENS: Final = 256

Blocks: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A prompt's blocks as sent to a node in its life `epoch`, when it had computed so many tokens."""

    epoch: int
    blocks: Blocks
    computed: int


def blocks_of(request: ChatRequest) -> Blocks:
    """Return a hash for each whole block of the prompt; each stands for the block and all before it."""
    hashes: list[int] = []
    before = 0
    for message in request.messages:
        content = message.content
        whole = len(content) - len(content) % BLOCK_CHARACTERS
        for start in range(0, whole, BLOCK_CHARACTERS):
            before = hash((before, content[start : start + BLOCK_CHARACTERS]))
            hashes.append(before)
            if len(hashes) == MOST_BLOCKS:
                return tuple(hashes)
        before = hash((before, message.role, content[whole:]))
    return tuple(hashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A prefix that a node should hold: its characters, and the tokens that the node has computed since."""

    characters: int = 0
    since: int = 0


NOTHING: Final = Held()


class CacheSize:
    """How many tokens a node computes before it forgets a prefix, learned from the cached tokens it reports.

    Endless until a node that reports them is found to have forgotten something.
    """

    def __init__(self) -> None:
        self.computed = 0
        self.tokens = math.inf
        self._reports = False

    def has(self, held: Held) -> bool:
        """Return whether a prefix should still be there."""
        return held.since <= self.tokens

    def learn(self, held_tokens: int, since: int, reported: int) -> None:
        """Take in how many of the tokens that were once there a node reported as cached."""
        self._reports = self._reports or reported > 0
        if not self._reports or held_tokens < LEAST_TOKENS:
            return
        if reported < held_tokens / 2:
            self.tokens = min(self.tokens, since)
        elif since > self.tokens:
            self.tokens = since * 1.1


class PrefixIndex:
    """What was last sent where, for the `size` affinities used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._sent: OrderedDict[str, dict[str, Sent]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sent)

    def sent(self, affinity: str, node: str, sent: Sent) -> None:
        """Note what a node was sent for an affinity."""
        self._sent.setdefault(affinity, {})[node] = sent
        self._sent.move_to_end(affinity)
        if len(self._sent) > self._size:
            self._sent.popitem(last=False)

    def held(self, affinity: str, node: str, now: Sent) -> Held:
        """Return how much of a prompt's beginning the node once computed, in the same life of it."""
        before = self._sent.get(affinity, {}).get(node)
        if before is None or before.epoch != now.epoch:
            return NOTHING
        return Held(
            characters=BLOCK_CHARACTERS * _same(before.blocks, now.blocks),
            since=now.computed - before.computed,
        )


def _same(before: Blocks, now: Blocks) -> int:
    """Return how many blocks at the beginning are the same; a block's hash stands for all before it."""
    shorter = min(len(before), len(now))
    if before[:shorter] == now[:shorter]:
        return shorter
    return next(n for n in range(shorter) if before[n] != now[n])


def rank(affinity: str, node: str) -> int:
    """Return a node's rendezvous weight for an affinity: every replica agrees, and a lost node moves only its own.

    Source: Thaler and Ravishankar, A Name-Based Mapping Scheme for Rendezvous (1996).
    """
    return int.from_bytes(blake2b(f"{affinity}\0{node}".encode(), digest_size=8).digest(), "big")
