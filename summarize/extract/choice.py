"""Which candidates become items: each conversation of weight gets its say, then the strongest, none twice.

Maximal marginal relevance: Carbonell and Goldstein 1998.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from core.embedding import Vectors
from summarize.extract.candidates import Candidate
from summarize.extract.scene import Scene
from summarize.models import Detail

_LEVELS = {Detail.BRIEF: (0.7, 1, 5), Detail.STANDARD: (1.9, 2, 24), Detail.FULL: (2.8, 3, 60)}
_ROOM = {Detail.BRIEF: 8, Detail.STANDARD: 30, Detail.FULL: 80}
_REDUNDANT = 0.82
_DIVERSITY = 0.8


def choose(made: Sequence[Candidate], scene: Scene, used: int, detail: Detail) -> list[Candidate]:
    """Return the items' messages: one for each conversation of weight, then the best of what is left."""
    factor, least, most = _LEVELS[detail]
    budget = min(most, max(least, math.ceil(factor * math.sqrt(used))))
    ranked = sorted(made, key=lambda one: (-one.score, one.position))
    leads = _leads(ranked, scene.groups)[: _ROOM[detail]]
    return leads if len(leads) >= budget else _fill(leads, ranked, scene.found.messages, budget)


def _leads(ranked: Sequence[Candidate], groups: Sequence[Sequence[int]]) -> list[Candidate]:
    """Return the strongest item of each conversation that is more than a passing remark, by its weight."""
    best: dict[int, Candidate] = {}
    for one in ranked:
        best.setdefault(one.conversation, one)
    heavy = [one for one in best.values() if len(groups[one.conversation]) >= 3 or one.score >= 1.6]
    leads = heavy or list(best.values())[:1]
    return sorted(leads, key=lambda one: -one.score - 0.4 * math.log(len(groups[one.conversation])))


def _fill(
    leads: Sequence[Candidate], ranked: Sequence[Candidate], vectors: Vectors, budget: int
) -> list[Candidate]:
    """Add items by maximal marginal relevance until the budget is spent or only redundant or weak ones are left."""
    chosen = list(leads)
    rest = [one for one in ranked if one not in chosen]
    nearest = np.zeros(len(rest))
    scores = np.array([one.score for one in rest])
    rows = vectors[[one.position for one in rest]]
    alive = scores >= 0.9
    for one in chosen:
        nearest = np.maximum(nearest, rows @ vectors[one.position])
    while len(chosen) < budget:
        gain = np.where(alive & (nearest < _REDUNDANT), scores - _DIVERSITY * nearest, -np.inf)
        pick = int(np.argmax(gain)) if len(gain) else -1
        if pick < 0 or not np.isfinite(gain[pick]):
            break
        alive[pick] = False
        chosen.append(rest[pick])
        nearest = np.maximum(nearest, rows @ vectors[rest[pick].position])
    return chosen


def ordered(chosen: Sequence[Candidate], groups: Sequence[Sequence[int]]) -> Iterator[Candidate]:
    """Yield items conversation by conversation, the weightiest first; within one, what matters most."""
    weight: dict[int, float] = {}
    for one in chosen:
        weight[one.conversation] = weight.get(one.conversation, 0.0) + max(0.0, one.score)
    for number, total in weight.items():
        weight[number] = total + 0.4 * math.log(len(groups[number]))
    yield from sorted(
        chosen, key=lambda one: (-weight[one.conversation], one.conversation, -one.score, one.position)
    )
