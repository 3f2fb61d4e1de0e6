"""Assignment is a pure hash: sticky, stateless, the same on every replica."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.errors import InvalidInput

_DIGITS = (
    15  # of SHA-1 in hex, as in PlanOut: 60 bits, so a float holds the quotient without bias that matters
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A variant and its share of the units."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Arms and the salt that makes this experiment's split independent of every other's.

        Experiment(name="ranker-2026-03", arms=(Arm(name="control", weight=.5), Arm(name="xgb", weight=.5)))

    Raises InvalidInput unless there is an arm and all weights are positive.
    """

    name: str
    arms: tuple[Arm, ...]

    def __post_init__(self) -> None:
        if not self.arms or any(not arm.weight > 0 for arm in self.arms):
            raise InvalidInput(
                "arms",
                [arm.weight for arm in self.arms],
                "needs positive weights",
                remedy="Leave out an arm that should get nothing.",
            )


def bucket(salt: str, unit: str) -> float:
    """Return where a unit falls in [0, 1): uniform over units, independent between salts.

    Source: Bakshy et al. 2014, "Designing and Deploying Online Field Experiments" (PlanOut).
    """
    digest = hashlib.sha1(f"{salt}.{unit}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:_DIGITS], 16) / 16**_DIGITS


def assign(experiment: Experiment, unit: str) -> Arm:
    """Return the arm of a unit (a workspace, a person …)."""
    point = bucket(experiment.name, unit) * sum(arm.weight for arm in experiment.arms)
    for arm in experiment.arms[:-1]:
        point -= arm.weight
        if point < 0:
            return arm
    return experiment.arms[-1]
