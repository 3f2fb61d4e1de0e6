"""The summarizer as a task of an evaluation says what it is, and is that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateway.eval_task import summarize_task
from gateway.settings import EmbedderName, Settings
from prompt_eval.models import Case, CaseMessage
from summarize.models import Detail
from tests.support.plain_server import Habits, plain_server


async def test_the_task_that_is_named_after_the_embedded_engine_asks_no_model(tmp_path: Path) -> None:
    said = CaseMessage(
        id="m1",
        author="ann",
        at=datetime(2026, 3, 2, 8, tzinfo=UTC),
        text="Decision: meter events stay in Postgres, with daily partitions.",
    )
    habits = Habits(say=lambda _: "{}")

    async with plain_server(habits) as url:
        settings = Settings(home=tmp_path, embedder=EmbedderName.HASHING, llm_url=url)
        async with summarize_task(settings, Detail.STANDARD) as task:
            outcome = await task.run(Case(id="one", messages=(said,)))

    assert [item.citations for item in outcome.items] == [("m1",)]
    assert (habits.asked, habits.listed) == ([], 0)
