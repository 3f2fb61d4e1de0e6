"""The nouns of recommendation: what is asked, what is answered, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.directory import Channel, Person
from core.events.models import Corpus
from core.ids import RequestId, WorkspaceId

Floats = NDArray[np.float32]
"""float32, of any shape."""
Reals = NDArray[np.floating[Any]]
"""float32 or float64: what a signal may be before it is stored as a feature."""
Ints = NDArray[np.int32]
"""int32, of any shape; person and channel numbers index arrays directly."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request: for whom (id or @handle), for what, how many (None: the use case says), and whom to leave out."""

    workspace: WorkspaceId
    user: str
    use_case: str
    k: int | None = None
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an item is here: a stable code, a count, and the numbers of people or channels that bear it out."""

    code: str
    count: int = 0
    people: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """One item of an answer.

    `propensity` is the probability that the policy put this item here, given the items above it; the product over
    positions is the probability of the answer. `features` and `contributions` follow `Recommendations.features`.
    """

    entry: Channel | Person
    position: int
    score: float
    propensity: float
    sources: tuple[str, ...]
    reasons: tuple[Reason, ...]
    features: tuple[float, ...]
    contributions: tuple[float, ...]

    @property
    def item(self) -> int:
        """The number of the channel or person."""
        return int(self.entry.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What became of a candidate source: how many it found, how long it took, and why it was left out, if it was."""

    name: str
    found: int
    milliseconds: float
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations:
    """An answer. `snapshot` is empty when it rests on memberships alone; `degraded` says what did not work."""

    request: RequestId
    workspace: WorkspaceId
    person: Person
    use_case: str
    corpus: Corpus
    arm: str
    ranker: str
    ranker_version: str
    at: datetime
    features: tuple[str, ...]
    items: tuple[Recommended, ...]
    sources: tuple[SourceReport, ...]
    snapshot: str
    snapshot_at: datetime | None
    degraded: tuple[str, ...] = ()
    removed: Mapping[str, int] = field(default_factory=dict[str, int])
    timings: Mapping[str, float] = field(default_factory=dict[str, float])
