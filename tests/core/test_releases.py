"""The release train: nothing moves forward without authority, and one version at a time is live."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit import entries, verify
from core.clock import ManualClock
from core.database import Database
from core.errors import CatchupError, Conflict, InvalidInput, NotFound, VerdictRequired
from core.ids import VersionId, WorkspaceId
from core.release_store import Releases
from core.releases import (
    Artifact,
    ArtifactKind,
    Bounds,
    Decision,
    Digest,
    Evidence,
    Override,
    Policy,
    Release,
    Stage,
    Verdict,
    advance,
    digest,
    gate,
    roll_back,
)
from core.statistics import Interval

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROAD = [
    Stage.DRAFT,
    Stage.EVALUATED,
    Stage.GATED,
    Stage.SHADOW,
    Stage.CANARY_5,
    Stage.CANARY_50,
    Stage.LIVE,
]
WORD = Override(author="ada", reason="hotfix")
T1 = WorkspaceId("T1")

stages = st.sampled_from(list(Stage))


def prompt(version: str) -> Artifact:
    return Artifact(kind=ArtifactKind.PROMPT, name="channel-summary", version=VersionId(version))


def standing(stage: Stage, version: str = "aaaa") -> Release:
    return Release(artifact=prompt(version), stage=stage, since=NOW, by="ada")


def bounds(version: str = "aaaa") -> Bounds:
    return Bounds(
        artifact=VersionId(version), baseline=VersionId("0000"), dataset=Digest("d" * 64), model="m"
    )


def verdict(decision: Decision = Decision.PASS, version: str = "aaaa") -> Verdict:
    return Verdict(decision=decision, reasons=("because",), bounds=bounds(version), policy=Digest("p" * 64))


def difference(low: float, high: float, n: int = 500) -> Interval:
    return Interval(estimate=(low + high) / 2, low=low, high=high, n=n)


@given(stages, stages, st.sampled_from([Decision.FAIL, Decision.INCONCLUSIVE]))
def test_no_stage_is_reached_on_a_verdict_that_is_not_a_pass(now: Stage, to: Stage, decision: Decision):
    with pytest.raises((VerdictRequired, Conflict)):
        advance(standing(now), to, verdict(decision), at=NOW, by="ada")


@given(stages, stages)
def test_no_stage_is_reached_on_a_pass_of_another_version(now: Stage, to: Stage):
    with pytest.raises((VerdictRequired, Conflict)):
        advance(standing(now), to, verdict(version="bbbb"), at=NOW, by="ada")


@given(st.sampled_from(ROAD), st.sampled_from(ROAD), st.sampled_from([WORD, verdict()]))
def test_on_the_road_authority_moves_forward_and_only_forward(
    now: Stage, to: Stage, authority: Override | Verdict
):
    if ROAD.index(to) > ROAD.index(now):
        moved = advance(standing(now), to, authority, at=NOW, by="bob")

        assert (moved.stage, moved.artifact, moved.by) == (to, prompt("aaaa"), "bob")
    else:
        with pytest.raises(Conflict):
            advance(standing(now), to, authority, at=NOW, by="bob")


@given(stages)
def test_nothing_advances_to_retired_or_rolled_back(now: Stage):
    for to in (Stage.RETIRED, Stage.ROLLED_BACK):
        with pytest.raises(Conflict):
            advance(standing(now), to, WORD, at=NOW, by="ada")


def test_a_retired_version_may_board_again_on_a_pass():
    moved = advance(standing(Stage.RETIRED), Stage.LIVE, verdict(), at=NOW, by="ada")

    assert moved.stage is Stage.LIVE


def test_a_rolled_back_version_needs_a_persons_word_for_a_verdict_was_wrong_about_it():
    gone = replace(standing(Stage.ROLLED_BACK), reason="drops citations")

    with pytest.raises(VerdictRequired, match="drops citations"):
        advance(gone, Stage.LIVE, verdict(), at=NOW, by="ada")
    assert advance(gone, Stage.LIVE, WORD, at=NOW, by="ada").stage is Stage.LIVE


@given(st.sampled_from([stage for stage in Stage if stage not in ROAD[3:]]))
def test_only_what_is_online_can_be_rolled_back(stage: Stage):
    with pytest.raises(Conflict, match="not online"):
        roll_back(standing(stage), at=NOW, by="ada", reason="r")


@pytest.mark.parametrize(("author", "reason"), [("", "r"), (" ", "r"), ("ada", ""), ("ada", "\n")])
def test_an_override_without_a_name_or_a_reason_is_refused(author: str, reason: str):
    with pytest.raises(InvalidInput, match="is empty"):
        Override(author=author, reason=reason)


numbers = st.floats(-1, 1, allow_nan=False)
spans = st.tuples(numbers, numbers).map(sorted)


@given(spans, st.floats(0, 0.5), st.booleans(), st.integers(1, 60))
def test_the_gate_passes_exactly_what_is_shown_not_worse_with_all_constraints_kept(
    span: list[float],
    margin: float,
    kept: bool,
    n: int,
):
    low, high = span
    found = Evidence(
        bounds=bounds(), differences={"rougeL": difference(low, high, n)}, constraints={"citations": kept}
    )

    decided = gate(
        found, Policy(margins={"rougeL": margin}, constraints=frozenset({"citations"}), min_cases=30)
    )

    assert (decided.decision is Decision.PASS) == (low > -margin and kept and n >= 30)
    assert decided.bounds == found.bounds
    assert decided.reasons


@given(spans, st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_wider_margin_never_turns_a_pass_into_something_else(span: list[float], margin: float, more: float):
    found = Evidence(bounds=bounds(), differences={"m": difference(*span)})
    narrow, wide = (gate(found, Policy(margins={"m": value})).decision for value in (margin, margin + more))

    assert narrow is not Decision.PASS or wide is Decision.PASS


def test_a_metric_that_was_not_measured_is_inconclusive_and_a_missing_constraint_fails():
    nothing = Evidence(bounds=bounds(), differences={})

    assert gate(nothing, Policy(margins={"rougeL": 0.02})).decision is Decision.INCONCLUSIVE
    assert gate(nothing, Policy(margins={}, constraints=frozenset({"citations"}))).decision is Decision.FAIL


def test_an_interval_wholly_below_the_margin_fails_and_one_astride_is_inconclusive():
    policy = Policy(margins={"m": 0.02})

    worse = gate(Evidence(bounds=bounds(), differences={"m": difference(-0.09, -0.03)}), policy)
    astride = gate(Evidence(bounds=bounds(), differences={"m": difference(-0.03, 0.01)}), policy)

    assert worse.decision is Decision.FAIL
    assert astride.decision is Decision.INCONCLUSIVE
    assert "too few cases to tell" in astride.reasons[0]


def test_one_case_never_passes_whatever_it_shows():
    lone = Evidence(bounds=bounds(), differences={"m": Interval(estimate=0.5, low=0.5, high=0.5, n=1)})

    assert gate(lone, Policy(margins={"m": 0.02})).decision is Decision.INCONCLUSIVE


@pytest.mark.parametrize("margin", [-0.01, float("inf"), float("nan")])
def test_a_margin_that_is_none_is_refused_by_name(margin: float):
    with pytest.raises(InvalidInput, match=r"margins\.rougeL"):
        Policy(margins={"rougeL": margin})


def test_a_digest_does_not_depend_on_the_order_of_keys_and_changes_with_any_value():
    assert digest({"a": 1, "b": frozenset({"x", "y"})}) == digest({"b": frozenset({"y", "x"}), "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


@pytest.fixture
def releases(database: Database, clock: ManualClock) -> Releases:
    return Releases(database, clock)


async def go_live(releases: Releases, version: str) -> Release:
    await releases.draft(prompt(version), by="ada")
    return await releases.promote(prompt(version), Stage.LIVE, WORD, by="ada")


async def live(releases: Releases) -> list[str]:
    every = await releases.of(ArtifactKind.PROMPT, "channel-summary")
    return [release.artifact.version for release in every if release.stage is Stage.LIVE]


async def test_rolling_back_revives_what_was_live_before(releases: Releases):
    await go_live(releases, "aaaa")
    await go_live(releases, "bbbb")
    await go_live(releases, "cccc")

    await releases.roll_back(prompt("cccc"), by="bob", reason="too long")

    assert await live(releases) == ["bbbb"]
    assert (await releases.find(prompt("aaaa"))).stage is Stage.RETIRED
    assert (await releases.find(prompt("cccc"))).reason == "too long"


@pytest.mark.parametrize("seed", range(4))
async def test_any_course_of_promotions_and_rollbacks_leaves_the_live_version_a_stack_would(
    releases: Releases, clock: ManualClock, database: Database, seed: int
):
    draw = random.Random(seed)  # noqa: S311
    stack: list[str] = []
    for step in range(25):
        clock.advance(timedelta(seconds=draw.choice([0, 0, 1, -5])))
        if stack and draw.random() < 0.4:
            await releases.roll_back(prompt(stack.pop()), by="bob", reason="r")
        else:
            stack.append(f"{step:04d}")
            await go_live(releases, stack[-1])

        assert await live(releases) == stack[-1:]
    assert await verify(database) > 25


async def test_rolling_back_a_canary_leaves_the_live_version_alone(releases: Releases):
    await go_live(releases, "aaaa")
    await releases.draft(prompt("bbbb"), by="ada")
    await releases.promote(prompt("bbbb"), Stage.CANARY_5, WORD, by="ada")

    await releases.roll_back(prompt("bbbb"), by="bob", reason="slow")

    assert await live(releases) == ["aaaa"]


async def test_a_canary_serves_its_share_of_workspaces_and_always_the_same(releases: Releases):
    await go_live(releases, "aaaa")
    await releases.draft(prompt("bbbb"), by="ada")
    await releases.promote(prompt("bbbb"), Stage.CANARY_50, WORD, by="ada")
    workspaces = [WorkspaceId(f"T{number}") for number in range(60)]

    async def arms() -> list[str]:
        found = [await releases.serving(ArtifactKind.PROMPT, "channel-summary", w) for w in workspaces]
        return [release.artifact.version for release in found if release]

    first = await arms()
    assert 15 <= first.count("bbbb") <= 45
    assert await arms() == first


async def test_with_nothing_live_nothing_serves(releases: Releases):
    await releases.draft(prompt("aaaa"), by="ada")

    assert await releases.serving(ArtifactKind.PROMPT, "channel-summary", T1) is None


async def test_a_draft_put_on_the_train_again_stays_where_it_stands(releases: Releases):
    await go_live(releases, "aaaa")

    assert (await releases.draft(prompt("aaaa"), by="eve")).stage is Stage.LIVE


async def test_an_unknown_version_cannot_move(releases: Releases):
    for move in (
        releases.promote(prompt("dddd"), Stage.LIVE, WORD, by="ada"),
        releases.roll_back(prompt("dddd"), by="ada", reason="r"),
        releases.find(prompt("dddd")),
    ):
        with pytest.raises(NotFound, match="dddd"):
            await move


async def test_a_refused_move_leaves_no_trace(releases: Releases, database: Database):
    await releases.draft(prompt("aaaa"), by="ada")
    before = await verify(database)

    with pytest.raises(VerdictRequired):
        await releases.promote(prompt("aaaa"), Stage.LIVE, verdict(Decision.FAIL), by="ada")

    assert await verify(database) == before
    assert (await releases.find(prompt("aaaa"))).stage is Stage.DRAFT


async def test_every_move_is_in_the_audit_log_retirements_and_revivals_too(
    releases: Releases, database: Database
):
    await go_live(releases, "aaaa")
    await releases.draft(prompt("bbbb"), by="ada")
    await releases.promote(prompt("bbbb"), Stage.LIVE, verdict(version="bbbb"), by="ada")
    await releases.roll_back(prompt("bbbb"), by="bob", reason="r")

    told = [
        (entry.action, entry.subject[-4:]) for entry in await entries(database, subject="prompt/channel-")
    ]

    assert told == [
        ("revive", "aaaa"),
        ("rollback", "bbbb"),
        ("promote", "bbbb"),
        ("retire", "aaaa"),
        ("draft", "bbbb"),
        ("override", "aaaa"),
        ("draft", "aaaa"),
    ]


@pytest.fixture(params=["sqlite", "postgresql"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    """Two engines on one database, as two processes have."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'catchup.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    first, second = await Database.open(url), await Database.open(url)
    yield first, second
    await first.close()
    await second.close()


async def test_of_versions_that_go_live_at_once_from_two_processes_one_is_live_in_the_end(
    two: tuple[Database, Database], clock: ManualClock
):
    sides = [Releases(database, clock) for database in two]
    versions = [f"{number:04d}" for number in range(8)]

    await asyncio.gather(*(go_live(sides[i % 2], version) for i, version in enumerate(versions)))

    every = await sides[0].of(ArtifactKind.PROMPT, "channel-summary")
    assert sorted(release.stage for release in every) == [Stage.LIVE, *[Stage.RETIRED] * 7]
    assert len({release.since for release in every}) == 8
    assert await verify(two[0]) == 8 * 2 + 8 - 1


async def test_of_two_processes_that_promote_the_same_version_one_wins_and_the_other_is_told(
    two: tuple[Database, Database], clock: ManualClock
):
    sides = [Releases(database, clock) for database in two]
    await sides[0].draft(prompt("aaaa"), by="ada")

    outcomes = await asyncio.gather(
        *(side.promote(prompt("aaaa"), Stage.LIVE, WORD, by="ada") for side in sides), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Release"]
    assert all(isinstance(outcome, (Release, CatchupError)) for outcome in outcomes)
