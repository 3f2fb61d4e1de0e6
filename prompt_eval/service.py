"""An evaluation from beginning to end: run both sides, compare, gate, keep the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import Clock
from core.errors import InvalidInput, VerdictRequired
from core.ids import Ids
from core.releases import Authority, Override, Policy
from prompt_eval.compare import metrics_of
from prompt_eval.dataset import CaseSet
from prompt_eval.models import Result, Scorer, Task
from prompt_eval.report import Report, arm, evidence
from prompt_eval.run import Progress, run
from prompt_eval.scorers import all_scorers, scorers_digest
from prompt_eval.store import EvalStore

_VERDICT_REMEDY = (
    "Run `catchup eval run --dataset FILE --task summarize --baseline lead-3` and give the run's id, "
    "or override with a name and a reason, which is audited."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to evaluate, on what, against what."""

    candidate: Task
    cases: CaseSet
    policy: Policy
    baseline: Task | None = None
    scorers: Sequence[Scorer] = ()
    concurrency: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A kept report, and the results by case that it was computed from (these have the texts, and are not kept)."""

    report: Report
    candidate: Sequence[Result]
    baseline: Sequence[Result]


class Evaluator:
    """Runs evaluations and keeps their reports.

    evaluation = await Evaluator(store=store, clock=clock, ids=ids).evaluate(plan, by="ada")
    """

    def __init__(self, *, store: EvalStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def evaluate(self, plan: Plan, *, by: str, progress: Progress = lambda _: None) -> Evaluation:
        """Run candidate and baseline on the same cases, and keep the report; the gate speaks if both ran."""
        scorers = plan.scorers or all_scorers()
        mine = await run(plan.candidate, plan.cases, scorers, concurrency=plan.concurrency, progress=progress)
        theirs: list[Result] = []
        if plan.baseline is not None:
            theirs = await run(
                plan.baseline, plan.cases, scorers, concurrency=plan.concurrency, progress=progress
            )
        report = self._report(plan, scorers, mine, theirs, by)
        await self._store.add(report)
        return Evaluation(report=report, candidate=mine, baseline=theirs)

    async def find(self, id: str) -> Report:
        """Return a report; raises NotFound, DataDamaged."""
        return await self._store.find(id)

    async def latest(self, limit: int = 50) -> list[Report]:
        """Return the newest reports first."""
        return await self._store.latest(limit)

    async def authority(self, *, verdict: str = "", override: Override | None = None) -> Authority:
        """Return what a promotion rests on: the Verdict of an evaluation (by its id), or a person's override.

        Raises VerdictRequired if there is neither, InvalidInput if both, NotFound, DataDamaged.
        """
        if verdict and override:
            remedy = "Give one: an override replaces the Verdict."
            raise InvalidInput("verdict", verdict, "comes with an override", remedy=remedy)
        if override:
            return override
        if not verdict:
            raise VerdictRequired("nothing moves forward without a Verdict.", remedy=_VERDICT_REMEDY)
        found = (await self.find(verdict)).verdict
        if found is None:
            raise VerdictRequired(
                f"evaluation {verdict} ran without a baseline, so the gate did not speak.",
                remedy=_VERDICT_REMEDY,
            )
        return found

    def _report(
        self, plan: Plan, scorers: Sequence[Scorer], mine: list[Result], theirs: list[Result], by: str
    ) -> Report:
        metrics = metrics_of(mine, theirs)
        found = None
        if plan.baseline is not None:
            found = evidence(
                (plan.candidate, mine),
                (plan.baseline, theirs),
                dataset=plan.cases.digest,
                scorers=scorers_digest(scorers),
            )
        return Report(
            id=self._ids.new("eval"),
            at=self._clock.now(),
            by=by,
            dataset=plan.cases.name,
            digest=plan.cases.digest,
            cases=len(plan.cases),
            scorers={scorer.name: scorer.version for scorer in scorers},
            candidate=arm(plan.candidate, mine, metrics),
            baseline=None if plan.baseline is None else arm(plan.baseline, theirs, metrics),
            evidence=found,
            policy=None if plan.baseline is None else plan.policy,
        )
