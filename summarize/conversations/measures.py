"""How well links and conversations are found, as published for IRC disentanglement (Kummerfeld et al. 2019, section 5).

Links: precision, recall and F1 over all, those of a conversation's first message to itself included. Conversations: one
less the scaled variation of information, one-to-one overlap, and precision, recall and F1 of those found exactly, of
two messages or more. All in percent. Conversations are compared over the annotated messages alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

Links = Mapping[int, Iterable[int]]
Clusters = list[frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The published measures, in percent."""

    link_precision: float
    link_recall: float
    link_f1: float
    one_to_one: float
    vi: float
    exact_precision: float
    exact_recall: float
    exact_f1: float


@dataclass(slots=True)
class Tally:
    """Adds up logs; `measures` at any time."""

    gold_links: int = 0
    found_links: int = 0
    right_links: int = 0
    gold_exact: int = 0
    found_exact: int = 0
    right_exact: int = 0
    overlap: int = 0
    table: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])

    def add(self, gold: Links, found: Links) -> None:
        """Add a log: what each annotated message links to, by the annotators and by us."""
        wanted = {(a, b) for a, to in gold.items() for b in to}
        given = {(a, b) for a, to in found.items() for b in to if a in gold}
        self.gold_links += len(wanted)
        self.found_links += len(given)
        self.right_links += len(wanted & given)
        self._compare(clusters(gold), clusters({a: to for a, to in found.items() if a in gold}))

    def _compare(self, gold: Clusters, found: Clusters) -> None:
        whole = {one for one in gold if len(one) > 1}
        ours = {one for one in found if len(one) > 1}
        self.gold_exact += len(whole)
        self.found_exact += len(ours)
        self.right_exact += len(whole & ours)
        where = {message: number for number, one in enumerate(gold) for message in one}
        counts = np.zeros((len(found), len(gold)), dtype=np.int64)
        for row, one in enumerate(found):
            for column, count in Counter(where[message] for message in one).items():
                counts[row, column] = count
                self.table.append((count, len(one), len(gold[column])))
        rows, columns = linear_sum_assignment(counts, maximize=True)
        self.overlap += int(counts[rows, columns].sum())

    def measures(self) -> Measures:
        """Return the measures over all logs added. Raises ZeroDivisionError if there is none."""
        links = _f1(self.right_links, self.found_links, self.gold_links)
        exact = _f1(self.right_exact, self.found_exact, self.gold_exact)
        total = sum(count for count, _, _ in self.table)
        return Measures(
            link_precision=links[0],
            link_recall=links[1],
            link_f1=links[2],
            one_to_one=100 * self.overlap / total,
            vi=100 * (1 - _variation(self.table, total) / math.log2(total)),
            exact_precision=exact[0],
            exact_recall=exact[1],
            exact_f1=exact[2],
        )


def clusters(links: Links) -> Clusters:
    """Return the connected components of links, without the messages before the first that has one."""
    parents: dict[int, int] = {}

    def root(one: int) -> int:
        while parents.setdefault(one, one) != one:
            parents[one] = one = parents[parents[one]]
        return one

    for message, to in links.items():
        for other in to:
            parents[root(message)] = root(other)
    first = min(links, default=0)
    found: dict[int, set[int]] = {}
    for message in list(parents):
        if message >= first:
            found.setdefault(root(message), set()).add(message)
    return [frozenset(one) for one in found.values()]


def _variation(table: Sequence[tuple[int, int, int]], total: int) -> float:
    """Return the variation of information, in bits (Meila 2007)."""
    return sum(
        count / total * (math.log2(ours / count) + math.log2(gold / count)) for count, ours, gold in table
    )


def _f1(right: int, found: int, gold: int) -> tuple[float, float, float]:
    precision, recall = 100 * right / max(found, 1), 100 * right / max(gold, 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0
