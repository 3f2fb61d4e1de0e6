"""Which node holds how much of a prompt's beginning in its prefix cache, as far as we can know.

Per affinity and node we keep the hashes of the blocks of the prompt last sent there. A prefix that all channels
share (the system prompt) is in nobody's favour: it counts for a node only together with the channel's own history.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final, TypeAlias

from core.chat import ChatRequest

BLOCK_CHARACTERS: Final = 1024
MOST_BLOCKS: Final = 512

Blocks: TypeAlias = tuple[int, ...]


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


class PrefixIndex:
    """What was last sent where, for the `size` affinities used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._sent: OrderedDict[str, dict[str, tuple[int, Blocks]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sent)

    def sent(self, affinity: str, node: str, epoch: int, blocks: Blocks) -> None:
        """Note that a node (in its life `epoch`) was sent these blocks."""
        self._sent.setdefault(affinity, {})[node] = (epoch, blocks)
        self._sent.move_to_end(affinity)
        if len(self._sent) > self._size:
            self._sent.popitem(last=False)

    def cached_characters(self, affinity: str, node: str, epoch: int, blocks: Blocks) -> int:
        """Return how many characters of a prompt's beginning the node should hold."""
        lived, known = self._sent.get(affinity, {}).get(node, (epoch, ()))
        if lived != epoch:
            return 0
        same = next((n for n, (a, b) in enumerate(zip(known, blocks, strict=False)) if a != b), None)
        return BLOCK_CHARACTERS * (min(len(known), len(blocks)) if same is None else same)


def rank(affinity: str, node: str) -> int:
    """Return a node's rendezvous weight for an affinity: every replica agrees, and a lost node moves only its own.

    Source: Thaler and Ravishankar, A Name-Based Mapping Scheme for Rendezvous (1996).
    """
    return int.from_bytes(blake2b(f"{affinity}\0{node}".encode(), digest_size=8).digest(), "big")
