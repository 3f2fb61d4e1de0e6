"""What the conversation that a candidate is in tells: features of the second pass, from the links of the first.

Each message has one link, backwards, so the first pass makes trees; a tree's root never changes, and what a row says of
a tree is as of the reply. Nothing here looks ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from summarize.conversations.events import Index
from summarize.conversations.features import NAMES as FIRST
from summarize.conversations.features import Pairs
from summarize.conversations.talk import NOBODY, Floats, Ints, Talk

CHAIN = (
    "log_p", "log_p_best", "place", "log_p_itself", "chain_p", "chain_p_best", "chain_is_best", "runner_up",
    "author_p", "linked_log_p", "linked_itself", "depth", "is_root",
    "children", "children_mine", "children_theirs", "chain_size", "chain_authors", "chain_later", "chain_back",
    "chain_minutes", "chain_mine", "chain_theirs", "chain_target", "is_own_chain", "is_call_chain", "own_link_log_p",
    "chain_rarity", "chain_rarest", "chain_age", "root_question", "root_mine", "parent_p", "chains_open",
)  # fmt: skip
NAMES = (*FIRST, *CHAIN)
KEPT = 10  # candidates of a message that are looked at again
_LEAST = np.float32(-50)  # the log probability of what is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The first pass, by message: the link, its log probability, that of none, and the root it leads to."""

    link: Ints
    log_p: Floats
    itself: Floats
    root: Ints
    depth: Ints

    @staticmethod
    def empty(size: int) -> First:
        """Return a pass that has linked nothing yet."""
        here = np.arange(size)
        nothing = np.zeros(size, dtype=np.float32)
        return First(link=here.copy(), log_p=nothing, itself=nothing.copy(), root=here.copy(), depth=here * 0)

    def add(
        self, pairs: Pairs, log_p: Floats, given: Mapping[int, int] | None = None, *, chain: float = 0.0
    ) -> None:
        """Take in what the pairs of some messages were given, later messages than those before.

        `given` says what some messages are known to link to, whatever their pairs say; `chain` is how much the
        probability of all candidates in a candidate's chain counts against that of the candidate alone.
        """
        ends = np.append(pairs.starts[1:], len(log_p))
        for start, end in zip(pairs.starts.tolist(), ends.tolist(), strict=True):
            reply = int(pairs.reply[start])
            best = start + int(np.argmax(self._worth(pairs.candidate[start:end], log_p[start:end], chain)))
            to = (given or {}).get(reply, int(pairs.candidate[best]))
            self.link[reply], self.log_p[reply], self.itself[reply] = to, log_p[best], log_p[start]
            if to != reply:
                self.root[reply], self.depth[reply] = self.root[to], self.depth[to] + 1

    def _worth(self, candidates: Ints, log_p: Floats, chain: float) -> Floats:
        """Return what to choose a candidate by; a message not yet taken in is its own root."""
        if not chain:
            return log_p
        p = np.exp(log_p)
        roots = self.root[candidates]
        mass = (roots[:, None] == roots) @ p
        return (1 - chain) * p + chain * mass


def normalised(scores: Floats, starts: Ints) -> Floats:
    """Return log probabilities from scores, group by group."""
    size = np.diff(np.append(starts, len(scores)))
    top = np.maximum.reduceat(scores, starts)
    shifted = scores - np.repeat(top, size)
    return (shifted - np.repeat(np.log(np.add.reduceat(np.exp(shifted), starts)), size)).astype(np.float32)


def places(log_p: Floats, starts: Ints) -> Ints:
    """Return each row's place in its group, 0 the most probable."""
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(log_p))))
    order = np.lexsort((-log_p, group))
    found = np.empty(len(log_p), dtype=np.int64)
    found[order] = np.arange(len(log_p)) - starts[group[order]]
    return found


class Chains:
    """Makes the rows of the second pass for a talk whose first pass is done."""

    def __init__(self, talk: Talk, first: First, call: Ints) -> None:
        self._talk, self._first, self._call = talk, first, call
        here = np.arange(len(talk))
        self._size = len(talk) + 1
        self._people = int(max(talk.author.max(initial=0), talk.named.max(initial=0))) + 2
        self._members = Index.of(first.root, here, self._size)
        keys = first.root * self._people + talk.author
        self._by = Index.of(keys, here, self._size)
        fresh = np.sort(np.unique(keys, return_index=True)[1])
        self._authors = Index.of(first.root[fresh], fresh, self._size)
        linked = np.flatnonzero(first.link != here)
        self._children = Index.of(first.link[linked], linked, self._size)
        self._children_by = Index.of(
            first.link[linked] * self._people + talk.author[linked], linked, self._size
        )

    def rows(self, pairs: Pairs, log_p: Floats) -> Pairs:
        """Return the pairs worth a second look, and their rows: the first pass's, and the chain's beside."""
        place = places(log_p, pairs.starts)
        mass = self._mass(pairs, log_p)
        keep = np.flatnonzero((place < KEPT) | (pairs.reply == pairs.candidate))
        reply, candidate = pairs.reply[keep], pairs.candidate[keep]
        columns = {name: values[keep] for name, values in mass.items()} | {"place": place[keep]}
        columns |= self._links(reply, candidate) | self._chain(reply, candidate)
        rows = np.empty((len(keep), len(NAMES)), dtype=np.float32)
        rows[:, : len(FIRST)] = pairs.rows[keep]
        for number, name in enumerate(CHAIN, start=len(FIRST)):
            rows[:, number] = columns[name]
        starts = np.flatnonzero(np.concatenate(([True], reply[1:] != reply[:-1])))
        return Pairs(reply=reply, candidate=candidate, rows=rows, starts=starts)

    def _mass(self, pairs: Pairs, log_p: Floats) -> dict[str, Floats]:
        """Return what the first pass gave the pair, its chain and its author, beside the best."""
        group = np.repeat(np.arange(len(pairs.starts)), np.diff(np.append(pairs.starts, len(log_p))))
        p = np.exp(log_p)
        itself = pairs.reply == pairs.candidate
        root = np.where(itself, pairs.reply, self._first.root[pairs.candidate])
        chain, chain_of = _sums(group * self._size + root, p)
        rarity = np.nan_to_num(pairs.rows[:, FIRST.index("rarity")])
        chain_rarity = np.bincount(chain_of, weights=rarity).astype(np.float32)
        rarest = np.zeros(len(chain), dtype=np.float32)
        np.maximum.at(rarest, chain_of, np.nan_to_num(pairs.rows[:, FIRST.index("rarest")]))
        author, author_of = _sums(
            group * self._people + self._talk.author[pairs.candidate], np.where(itself, 0, p)
        )
        best = np.maximum.reduceat(log_p, pairs.starts)
        chain_best = np.maximum.reduceat(chain[chain_of], pairs.starts)
        parent = self._first.link[pairs.candidate]
        offset = np.minimum(parent - pairs.reply, 0) + 0
        spot = pairs.starts[group] - offset
        there = (
            (spot < np.append(pairs.starts[1:], len(log_p))[group]) & ~itself & (parent != pairs.candidate)
        )
        second = np.where(log_p >= best[group], _LEAST, log_p)
        return {
            "log_p": log_p,
            "log_p_best": best[group] - log_p,
            "log_p_itself": log_p[pairs.starts][group],
            "runner_up": np.maximum.reduceat(second, pairs.starts)[group],
            "chain_p": chain[chain_of],
            "chain_p_best": chain_best[group] - chain[chain_of],
            "chain_is_best": (chain[chain_of] >= chain_best[group]).astype(np.float32),
            "author_p": author[author_of],
            "chain_rarity": chain_rarity[chain_of],
            "chain_rarest": rarest[chain_of],
            "parent_p": np.where(there, p[np.minimum(spot, len(p) - 1)], 0).astype(np.float32),
            "chains_open": np.add.reduceat((p > 0.03).astype(np.float32), pairs.starts)[group],
        }

    def _links(self, reply: Ints, candidate: Ints) -> dict[str, Floats | Ints]:
        """Return how the candidate is linked itself, and what is linked to it so far."""
        first, talk = self._first, self._talk
        itself = reply == candidate
        after = candidate + 1
        mine = candidate * self._people + talk.author[reply]
        theirs = candidate * self._people + talk.author[candidate]
        own = talk.previous[reply]

        def count(index: Index, keys: Ints) -> Floats:
            found = index.rank(keys, reply) - index.rank(keys, after)
            return np.where(itself, np.nan, found).astype(np.float32)

        return {
            "linked_log_p": np.where(itself, np.nan, first.log_p[candidate]),
            "linked_itself": np.where(itself, np.nan, first.itself[candidate]),
            "depth": np.where(itself, np.nan, first.depth[candidate]),
            "is_root": np.where(itself, np.nan, first.root[candidate] == candidate),
            "children": count(self._children, candidate),
            "children_mine": count(self._children_by, mine),
            "children_theirs": count(self._children_by, theirs),
            "own_link_log_p": np.where(own >= 0, first.log_p[own], np.nan),
        }

    def _chain(self, reply: Ints, candidate: Ints) -> dict[str, Floats | Ints]:
        """Return what the candidate's chain is like when the reply is said."""
        first, talk = self._first, self._talk
        itself = reply == candidate
        root = np.where(itself, reply, first.root[candidate])
        now = self._members.rank(root, reply)
        size = now - self._members.rank(root, root)
        last = np.where(itself, reply, self._members.last(root, now))
        own, call, target = talk.previous[reply], self._call[reply], talk.named[reply, 0]

        def said(author: Ints) -> Floats:
            keys = root * self._people + author
            found = self._by.rank(keys, reply) - self._by.rank(keys, root)
            return np.where(itself | (author == NOBODY), np.nan, found).astype(np.float32)

        return {
            "chain_size": size,
            "chain_authors": self._authors.rank(root, reply) - self._authors.rank(root, root),
            "chain_later": now - self._members.rank(root, candidate + 1),
            "chain_back": reply - last,
            "chain_minutes": np.clip(talk.minute[reply] - talk.minute[last], 0, 180),
            "chain_age": np.clip(reply - root, 0, 500),
            "chain_mine": said(talk.author[reply]),
            "chain_theirs": said(talk.author[candidate]),
            "chain_target": said(target),
            "is_own_chain": np.where(own >= 0, first.root[own] == root, np.nan),
            "is_call_chain": np.where(call >= 0, first.root[call] == root, np.nan),
            "root_question": talk.cues[root, 0],
            "root_mine": talk.author[root] == talk.author[reply],
        }


def _sums(keys: Ints, values: Floats) -> tuple[Floats, Ints]:
    """Return the sum of values by key, and which sum is each row's."""
    _, which = np.unique(keys, return_inverse=True)
    return np.bincount(which, weights=values).astype(np.float32), which.astype(np.int64)
