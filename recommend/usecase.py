"""Use cases: one YAML file each says what is recommended, from where, by what, and how it is explored."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import CatchupError, InvalidFile, NotFound
from core.events.models import Corpus
from recommend.candidates import SOURCES
from recommend.features import FEATURES

SHIPPED = Path(__file__).parent / "usecases"
"""The use cases that come with Catchup; a folder of one's own is read beside it."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]


class Rule(StrEnum):
    """What a use case may leave out besides what safety always does."""

    JOINED = "joined"
    """Channels the asker is a member of, or has posted in."""
    NOT_JOINED = "not_joined"
    """Channels the asker is not a member of."""
    DISMISSED = "dismissed"
    """What the asker has dismissed."""
    IN_CONTACT = "in_contact"
    """People the asker has been in contact with."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SourceUse(_Strict):
    """A candidate source as one use case uses it."""

    name: Name
    limit: int = Field(default=200, ge=1, le=2000)
    """Candidates it may bring."""
    weight: float = Field(default=1.0, gt=0, le=100)
    """What its order counts for when all sources together bring more than `pool`."""
    budget_ms: int = Field(default=250, ge=1, le=10_000)
    """Later than this, it is left out of the answer."""


class Size(_Strict):
    """How many items an answer has."""

    default: int = Field(default=10, ge=1, le=100)
    max: int = Field(default=50, ge=1, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.default > self.max:
            raise ValueError("default is larger than max")
        return self


class Exploration(_Strict):
    """How places are dealt: `none` best first; `epsilon` now and then a random one; `plackett_luce` by score."""

    kind: Literal["none", "epsilon", "plackett_luce"] = "none"
    epsilon: float = Field(default=0.05, gt=0, le=1)
    """The chance that a place is dealt at random, evenly."""
    temperature: float = Field(default=0.2, gt=0, le=100)
    """Plackett-Luce: how far a score may be below and still have a chance of 1/e."""
    pool: int = Field(default=20, ge=1, le=200)
    """Places are dealt among so many of the best (at least k)."""


class ArmUse(_Strict):
    """A variant of an experiment: its share, and what is different."""

    name: Name
    weight: float = Field(default=1.0, gt=0)
    features: dict[Name, float] = Field(default_factory=dict[str, float])
    """Weights that replace those of the use case; the others stay."""


class UseCase(_Strict):
    """One thing a product team asks for."""

    name: Name
    corpus: Corpus
    description: str = Field(min_length=1, max_length=200)
    k: Size = Size()
    pool: int = Field(default=500, ge=10, le=5000)
    """Candidates that are ranked at most."""
    sources: tuple[SourceUse, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = (Rule.JOINED, Rule.DISMISSED)
    features: dict[Name, float] = Field(min_length=1)
    """Weights of the hand-tuned ranker."""
    rankers: tuple[Name, ...] = ("hand_tuned",)
    """In order of preference: the first that is there ranks."""
    exploration: Exploration = Exploration()
    attribution_days: float = Field(default=7.0, gt=0, le=28)
    """How long after an answer feedback to it counts."""
    arms: tuple[ArmUse, ...] = (ArmUse(name="control"),)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for used in self.sources:
            SOURCES.get(self.corpus, used.name)
        for name in {
            name for weights in (self.features, *(arm.features for arm in self.arms)) for name in weights
        }:
            FEATURES.get(self.corpus, name)
        for what, names in (
            ("sources", [s.name for s in self.sources]),
            ("arms", [a.name for a in self.arms]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"{what} has a name twice")
        for rule in self.rules:
            if rule is not Rule.DISMISSED and (rule is Rule.IN_CONTACT) != (self.corpus is Corpus.USER):
                raise ValueError(f"the rule {rule} is not for {self.corpus}s")
        return self

    def weights(self, arm: str) -> dict[str, float]:
        """Return the hand-tuned weights in an arm."""
        for found in self.arms:
            if found.name == arm:
                return self.features | found.features
        return self.features


class UseCases:
    """All use cases, by name."""

    def __init__(self, known: Mapping[str, UseCase]) -> None:
        self._known = dict(known)

    def get(self, name: str) -> UseCase:
        """Return a use case; raises NotFound that lists what there is."""
        if name not in self._known:
            raise NotFound("use case", name, remedy=f"Use one of: {', '.join(self._known)}.")
        return self._known[name]

    def all(self) -> list[UseCase]:
        """Return every use case, by corpus and name."""
        return sorted(self._known.values(), key=lambda found: (found.corpus, found.name))


def load_use_cases(*folders: Path) -> UseCases:
    """Read every `*.yaml` of the folders, later ones first in rank; raises InvalidFile that names file and field."""
    known: dict[str, UseCase] = {}
    for path in (path for folder in folders or (SHIPPED,) for path in sorted(folder.glob("*.yaml"))):
        use_case = read_use_case(path)
        known[use_case.name] = use_case
    return UseCases(known)


def read_use_case(path: Path) -> UseCase:
    """Read one file; raises InvalidFile that names file, field, value and remedy."""
    try:
        use_case = UseCase.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        cause = first.get("ctx", {}).get("error")
        raise InvalidFile(
            f"{path.name}: {place}",
            first["input"] if first["loc"] else path.stem,
            str(cause) if isinstance(cause, ValueError) else first["msg"],
            remedy="Correct it; docs/flows/recommendation.md lists the fields.",
        ) from error
    except CatchupError as error:
        raise InvalidFile(f"{path.name}", path.stem, error.message, remedy=error.remedy) from error
    if use_case.name != path.stem:
        raise InvalidFile(
            f"{path.name}: name",
            use_case.name,
            "is not the file's name",
            remedy=f"Write `name: {path.stem}`.",
        )
    return use_case


def _yaml(path: Path) -> Any:  # noqa: ANN401  whatever people write
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f"line {place.line + 1}" if place else "the file"
        raise InvalidFile(
            f"{path.name}: {where}", path.stem, "is not YAML", remedy="Correct the file's syntax."
        ) from error
