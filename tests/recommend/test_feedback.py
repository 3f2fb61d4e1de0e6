"""Feedback: idempotent, judged one by one, on disk when acknowledged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.database import Database
from core.errors import EventLogUnavailable
from core.events.models import EventKind, Offset
from core.events.sqlite import SqliteEventLog
from core.ids import WorkspaceId
from recommend.feedback import Feedback, Outcome
from recommend.models import Recommendations
from recommend.store import RecommendStore
from tests.support.communities import ACME, World, person, settle, world

NEWCOMER = person(0, 4)


def act(answer: Recommendations, id: str = "f1", *, place: int = 0, **change) -> Feedback:
    values = {"id": id, "request": answer.request, "kind": "click", "item": answer.items[place].entry.id}
    return Feedback(**(values | change))


async def logged(world: World) -> list:
    records = await world.events.read(after=Offset(0), limit=10_000)
    kinds = {EventKind.IMPRESSION, EventKind.CLICK, EventKind.ACCEPT, EventKind.DISMISS}
    return [record.event for record in records if record.event.kind in kinds]


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


async def test_every_kind_is_taken_and_logged_with_who_what_and_where(teams: World):
    answer = await teams.ask(NEWCOMER)
    batch = [
        act(answer, f"f{n}", place=n, kind=kind)
        for n, kind in enumerate(["impression", "click", "accept", "dismiss"])
    ]

    outcomes = await teams.feedback.take(ACME, batch)

    assert statuses(outcomes) == ["accepted"] * 4
    for n, event in enumerate(await logged(teams)):
        assert event.kind == batch[n].kind
        assert event.item == answer.items[n].item
        assert event.actor == answer.person.number
        assert event.request == answer.request
        assert event.data["position"] == n + 1


async def test_the_same_id_again_is_a_duplicate_and_changes_nothing(teams: World):
    answer = await teams.ask(NEWCOMER)

    first = await teams.feedback.take(ACME, [act(answer), act(answer)])
    again = await teams.feedback.take(ACME, [act(answer), act(answer, kind="accept")])

    assert statuses(first) == ["accepted", "duplicate"]
    assert statuses(again) == ["duplicate", "duplicate"]
    assert len(await logged(teams)) == 1


async def test_what_is_wrong_is_named_one_by_one_and_the_rest_is_kept(teams: World):
    answer = await teams.ask(NEWCOMER)
    now = teams.clock.now()
    batch = [
        act(answer, "good"),
        act(answer, "request", request="rec_nobody"),
        act(answer, "item", item="C-unknown"),
        act(answer, "kind", kind="hover"),
        act(answer, "position", position=7),
        act(answer, "future", at=now + timedelta(hours=1)),
        act(answer, "past", at=now - timedelta(hours=1)),
        act(answer, "good too", position=1, at=now + timedelta(minutes=1)),
    ]

    outcomes = await teams.feedback.take(ACME, batch)

    assert [outcome.id for outcome in outcomes] == [entry.id for entry in batch]
    assert statuses(outcomes) == ["accepted", *["rejected"] * 6, "accepted"]
    said = {outcome.id: str(outcome.error) for outcome in outcomes if outcome.error}
    assert "rec_nobody" in said["request"]
    assert "C-unknown" in said["item"]
    assert "impression, click, accept, dismiss" in said["kind"]
    assert "1" in said["position"]
    assert "future" in said["future"]
    assert "before" in said["past"]
    assert len(await logged(teams)) == 2


async def test_another_workspaces_answer_is_unknown(teams: World):
    other = WorkspaceId("other")
    answer = await teams.ask(NEWCOMER)

    assert statuses(await teams.feedback.take(other, [act(answer)])) == ["rejected"]


async def test_an_empty_batch_is_fine(teams: World):
    assert await teams.feedback.take(ACME, []) == []


async def test_answers_are_known_after_a_restart_until_they_are_forgotten(
    teams: World, sqlite_database: Database
):
    answer = await teams.ask(NEWCOMER)
    reborn = RecommendStore(sqlite_database)

    assert set(await reborn.recall(ACME, [answer.request])) == {answer.request}
    assert (await reborn.recall(ACME, [answer.request])) == (await teams.store.recall(ACME, [answer.request]))
    assert await reborn.forget(before=teams.clock.now() + timedelta(seconds=1)) >= 1
    assert await RecommendStore(sqlite_database).recall(ACME, [answer.request]) == {}


async def test_old_answers_are_forgotten_without_any_schedule(teams: World, sqlite_database: Database):
    answer = await teams.ask(NEWCOMER)
    teams.clock.advance(timedelta(days=31))

    await teams.ask(NEWCOMER)

    assert await RecommendStore(sqlite_database).recall(ACME, [answer.request]) == {}


async def test_a_log_that_takes_nothing_acknowledges_nothing(sqlite_database: Database, tmp_path: Path):
    log = SqliteEventLog(tmp_path / "events.db")
    async with world(sqlite_database, tmp_path, events=log) as found:
        await settle(found, active=False)
        answer = await found.ask(NEWCOMER)
        await log.close()

        with pytest.raises(EventLogUnavailable):
            await found.feedback.take(ACME, [act(answer)])


async def test_an_answer_comes_without_a_log_too_and_says_so(sqlite_database: Database, tmp_path: Path):
    log = SqliteEventLog(tmp_path / "events.db")
    async with world(sqlite_database, tmp_path, events=log) as found:
        await settle(found, active=False)
        await log.close()

        answer = await found.ask_anyhow(NEWCOMER)

        assert answer.items
        assert answer.degraded == ("event_log",)


async def test_outcomes_are_counted(teams: World):
    answer = await teams.ask(NEWCOMER)

    await teams.feedback.take(ACME, [act(answer), act(answer), act(answer, "x", kind="<script>")])

    def count(kind: str, outcome: str) -> float | None:
        return teams.metrics.registry.get_sample_value(
            "catchup_events_total", {"kind": kind, "outcome": outcome}
        )

    assert (count("click", "accepted"), count("click", "duplicate"), count("unknown", "rejected")) == (
        1,
        1,
        1,
    )
