"""An evaluation: every case counts, figures come with intervals, the verdict is bound to what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from core.audit import entries, verify
from core.clock import ManualClock
from core.database import Database
from core.errors import DataDamaged, InvalidFile, InvalidInput, ModelTimeout, NotFound, VerdictRequired
from core.ids import SequentialIds, VersionId
from core.releases import Decision, Override, Policy
from prompt_eval.baselines import BASELINES, LEAD_3, LONGEST_3
from prompt_eval.compare import constraints, differences, errors, means
from prompt_eval.dataset import CaseSet, load
from prompt_eval.models import Case, Outcome, OutcomeItem, Result
from prompt_eval.policy import read_policy
from prompt_eval.report import from_json, to_json
from prompt_eval.run import run
from prompt_eval.scorers import all_scorers
from prompt_eval.service import Evaluator, Plan
from prompt_eval.store import EvalStore
from tests.support.eval_cases import FunctionTask, case, quoting, row, write_rows

POLICY = Policy(margins={"rougeL": 0.02}, constraints=frozenset({"citations", "no_errors"}), min_cases=30)


@pytest.fixture
def cases(tmp_path: Path) -> CaseSet:
    return load(write_rows(tmp_path / "cases.jsonl", [row(number) for number in range(1, 41)]))


@pytest.fixture
def evaluator(sqlite_database: Database, clock: ManualClock, ids: SequentialIds) -> Evaluator:
    return Evaluator(store=EvalStore(sqlite_database), clock=clock, ids=ids)


def failing_on(*numbers: int) -> Callable[[Case], Outcome]:
    quote = quoting(1)

    def answer(case: Case) -> Outcome:
        if case.id in {f"case-{number}" for number in numbers}:
            raise ModelTimeout("too slow", remedy="wait")
        return quote(case)

    return answer


async def test_results_come_in_the_order_of_the_cases_and_no_more_run_at_once_than_allowed(cases: CaseSet):
    task = FunctionTask(answer=quoting(1), seconds=0.001)
    seen: list[str] = []

    results = await run(task, cases, all_scorers(), concurrency=5, progress=lambda r: seen.append(r.case))

    assert [result.case for result in results] == [case.id for case in cases]
    assert sorted(seen) == sorted(task.seen) == sorted(case.id for case in cases)
    assert 1 < task.most <= 5


async def test_a_failed_case_is_a_result_and_the_rest_goes_on(cases: CaseSet):
    results = await run(FunctionTask(answer=failing_on(2, 5)), cases, all_scorers())

    assert len(results) == 40
    assert errors(results) == {"model-timeout": 2}
    assert [result.case for result in results if result.error] == ["case-2", "case-5"]


async def test_a_defect_of_a_task_ends_the_run(cases: CaseSet):
    def broken(case: Case) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await run(FunctionTask(answer=broken), cases, all_scorers(), concurrency=1)
    assert caught.group_contains(ZeroDivisionError)


async def test_a_concurrency_below_one_is_refused(cases: CaseSet):
    with pytest.raises(InvalidInput, match="concurrency"):
        await run(LEAD_3, cases, [], concurrency=0)


def test_a_failed_case_counts_as_zero_on_its_side():
    good = Result(case="a", seconds=1, scores={"rougeL": 1.0})
    failed = Result(case="b", seconds=1, error="model-timeout")

    assert means([good, failed], ["rougeL"])["rougeL"].estimate == 0.5
    found = differences(
        [good, failed], [good, Result(case="b", seconds=1, scores={"rougeL": 0.8})], ["rougeL"]
    )
    assert found["rougeL"].estimate == pytest.approx(-0.4)


def test_a_metric_that_does_not_apply_to_a_case_leaves_that_case_out():
    some = [Result(case="a", seconds=1, scores={"m": 1.0}), Result(case="b", seconds=1)]

    assert means(some, ["m"])["m"].n == 1
    assert means(some, ["other"]) == {}
    assert differences(some, some[::-1], ["m"]) == {}


@pytest.mark.parametrize(
    ("result", "citations", "no_errors"),
    [
        (Result(case="a", seconds=1, scores={"citation_validity": 1.0, "cited_items": 1.0}), True, True),
        (Result(case="a", seconds=1, scores={"citation_validity": 0.9, "cited_items": 1.0}), False, True),
        (Result(case="a", seconds=1, scores={"citation_validity": 1.0, "cited_items": 0.5}), False, True),
        (Result(case="a", seconds=1, error="model-timeout"), True, False),
    ],
)
def test_constraints_must_hold_in_every_case(result: Result, citations: bool, no_errors: bool):
    good = Result(case="b", seconds=1, scores={"citation_validity": 1.0, "cited_items": 1.0})

    assert constraints([good, result]) == {"citations": citations, "no_errors": no_errors}


def test_lead_takes_the_first_and_longest_the_longest_in_the_order_they_were_said():
    messages = case(1).messages

    assert [item.citations[0] for item in LEAD_3.outcome(case(1)).items] == [m.id for m in messages]
    assert LONGEST_3.select(messages) == list(messages)
    assert next(m.id for m in LONGEST_3.select([*messages, messages[1]])) == "m1-1"
    assert len({baseline.version for baseline in BASELINES.values()}) == 2


async def test_a_better_candidate_passes_and_its_verdict_names_all_it_was_made_from(
    evaluator: Evaluator, cases: CaseSet
):
    task = FunctionTask(answer=quoting(1))

    report = (
        await evaluator.evaluate(Plan(candidate=task, cases=cases, policy=POLICY, baseline=LEAD_3), by="ada")
    ).report

    assert report.verdict is not None
    assert report.verdict.decision is Decision.PASS
    bounds = report.verdict.bounds
    assert (bounds.artifact, bounds.baseline) == (task.version, LEAD_3.version)
    assert (bounds.dataset, bounds.model) == (cases.digest, "scripted")
    assert bounds.scorers


@pytest.mark.parametrize(
    ("answer", "decision", "because"),
    [
        (quoting(0), Decision.FAIL, "rougeL: worse by more than the margin"),
        (failing_on(3), Decision.FAIL, "constraint no_errors does not hold"),
        (
            lambda case: Outcome(items=(OutcomeItem(text=case.messages[1].line, citations=("nope",)),)),
            Decision.FAIL,
            "constraint citations does not hold",
        ),
    ],
)
async def test_a_candidate_that_is_worse_fails_with_the_reason(
    evaluator: Evaluator,
    cases: CaseSet,
    answer: Callable[[Case], Outcome],
    decision: Decision,
    because: str,
):
    plan = Plan(candidate=FunctionTask(answer=answer), cases=cases, policy=POLICY, baseline=LEAD_3)

    verdict = (await evaluator.evaluate(plan, by="ada")).report.verdict

    assert verdict is not None
    assert verdict.decision is decision
    assert because in "; ".join(verdict.reasons)


async def test_too_few_cases_are_inconclusive_even_if_all_are_better(evaluator: Evaluator, tmp_path: Path):
    few = load(write_rows(tmp_path / "few.jsonl", [row(number) for number in range(1, 6)]))
    plan = Plan(candidate=FunctionTask(answer=quoting(1)), cases=few, policy=POLICY, baseline=LEAD_3)

    verdict = (await evaluator.evaluate(plan, by="ada")).report.verdict

    assert verdict is not None
    assert verdict.decision is Decision.INCONCLUSIVE
    assert "5 cases, the policy asks for 30" in verdict.reasons[0]


async def test_a_report_is_kept_whole_and_audited_and_holds_no_text(
    evaluator: Evaluator, cases: CaseSet, sqlite_database: Database
):
    task = FunctionTask(answer=quoting(1))
    report = (
        await evaluator.evaluate(Plan(candidate=task, cases=cases, policy=POLICY, baseline=LEAD_3), by="ada")
    ).report

    assert await evaluator.find(report.id) == report
    assert await evaluator.latest() == [report]
    assert from_json(to_json(report)) == report
    assert b"Thursday" not in to_json(report)
    (entry,) = await entries(sqlite_database, subject="eval/")
    assert (entry.actor, entry.data and entry.data["decision"]) == ("ada", "PASS")
    assert await verify(sqlite_database) == 1


async def test_a_report_that_was_changed_no_longer_counts(
    evaluator: Evaluator, cases: CaseSet, sqlite_database: Database
):
    plan = Plan(candidate=FunctionTask(answer=quoting(0)), cases=cases, policy=POLICY, baseline=LEAD_3)
    report = (await evaluator.evaluate(plan, by="ada")).report
    async with sqlite_database.writing() as connection:
        await connection.execute(text("UPDATE evals SET report = replace(report, '0.02', '0.99')"))

    with pytest.raises(DataDamaged, match=report.id):
        await evaluator.find(report.id)
    with pytest.raises(DataDamaged):
        await evaluator.authority(verdict=report.id)


async def test_what_a_promotion_rests_on_is_a_verdict_or_a_word_never_neither_or_both(
    evaluator: Evaluator, cases: CaseSet
):
    task = FunctionTask(answer=quoting(1))
    alone = (await evaluator.evaluate(Plan(candidate=task, cases=cases, policy=POLICY), by="ada")).report
    judged = (
        await evaluator.evaluate(Plan(candidate=task, cases=cases, policy=POLICY, baseline=LEAD_3), by="ada")
    ).report
    word = Override(author="ada", reason="r")

    assert await evaluator.authority(override=word) == word
    assert await evaluator.authority(verdict=judged.id) == judged.verdict
    with pytest.raises(VerdictRequired, match="without a Verdict"):
        await evaluator.authority()
    with pytest.raises(VerdictRequired, match="without a baseline"):
        await evaluator.authority(verdict=alone.id)
    with pytest.raises(InvalidInput, match="comes with an override"):
        await evaluator.authority(verdict=judged.id, override=word)
    with pytest.raises(NotFound, match="eval_nope"):
        await evaluator.authority(verdict="eval_nope")


async def test_the_version_under_test_is_part_of_the_report(evaluator: Evaluator, cases: CaseSet):
    task = FunctionTask(answer=quoting(1), version=VersionId("a" * 16))

    report = (await evaluator.evaluate(Plan(candidate=task, cases=cases, policy=POLICY), by="ada")).report

    assert report.candidate.version == "a" * 16
    assert report.verdict is None


def test_the_shipped_policy_asks_for_citations_no_errors_and_thirty_cases():
    policy = read_policy()

    assert policy == POLICY


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("margins: {rougeL: a lot}", r"p\.yaml margins\.rougeL"),
        ("margin: {rougeL: 0.1}", r"p\.yaml margin: Extra"),
        ("margins: {rougeL: -1}", r"margins\.rougeL: is not a margin"),
        ("{}", "asks for nothing"),
        ("min_cases: 1\nmargins: {m: 0}", "min_cases: is below 2"),
        ("[", r"p\.yaml: is not YAML"),
    ],
)
def test_a_policy_that_is_wrong_is_told_by_its_field(tmp_path: Path, written: str, told: str):
    path = tmp_path / "p.yaml"
    path.write_text(written)

    with pytest.raises(InvalidInput, match=told):
        read_policy(path)


def test_a_policy_that_cannot_be_read_is_told(tmp_path: Path):
    with pytest.raises(InvalidFile, match="cannot be read"):
        read_policy(tmp_path / "nope.yaml")
