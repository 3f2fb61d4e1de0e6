"""The report of an evaluation: figures, evidence, verdict, and all that is needed to judge it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from pydantic import TypeAdapter

from core.ids import VersionId
from core.releases import Bounds, Digest, Evidence, Policy, Verdict, gate
from core.statistics import Interval
from prompt_eval.compare import constraints, differences, errors, means, metrics_of
from prompt_eval.models import Result, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of an evaluation: what ran and what came of it."""

    task: str
    version: VersionId
    model: str
    means: Mapping[str, Interval]
    errors: Mapping[str, int]
    seconds_per_case: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An evaluation of a candidate, beside a baseline if there was one; holds no text of any case."""

    id: str
    at: datetime
    by: str
    dataset: str
    digest: Digest
    cases: int
    scorers: Mapping[str, str]
    candidate: Arm
    baseline: Arm | None = None
    evidence: Evidence | None = None
    policy: Policy | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What the gate says, computed from the evidence each time; None without a baseline."""
        return gate(self.evidence, self.policy) if self.evidence and self.policy else None


def arm(task: Task, results: Sequence[Result], metrics: Sequence[str]) -> Arm:
    """Return one side's figures."""
    return Arm(
        task=task.name,
        version=task.version,
        model=task.model,
        means=means(results, metrics),
        errors=errors(results),
        seconds_per_case=sum(result.seconds for result in results) / max(1, len(results)),
    )


def evidence(
    candidate: tuple[Task, Sequence[Result]],
    baseline: tuple[Task, Sequence[Result]],
    *,
    dataset: Digest,
    scorers: Digest,
) -> Evidence:
    """Return the paired differences, bound to the hashes of everything they were measured with."""
    (task, results), (other, before) = candidate, baseline
    return Evidence(
        bounds=Bounds(
            artifact=task.version, baseline=other.version, dataset=dataset, model=task.model, scorers=scorers
        ),
        differences=differences(results, before, metrics_of(results, before)),
        constraints=constraints(results),
    )


def to_json(report: Report) -> bytes:
    """Return a report as JSON, the same bytes for the same report."""
    written = _REPORT.dump_python(report, mode="json")
    if written["policy"] is not None:
        written["policy"]["constraints"].sort()  # a set has no order of its own
    return orjson.dumps(written)


def from_json(data: bytes | str) -> Report:
    """Return the report that was written as this JSON; raises pydantic's ValidationError."""
    return _REPORT.validate_json(data)


_REPORT = TypeAdapter(Report)
