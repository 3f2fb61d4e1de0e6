"""A summary that was served can be checked a second time, by rule and by a judge, by whoever may read it."""

from __future__ import annotations

import json

import pytest

from core.chat import ChatModel, ChatRequest
from core.errors import Conflict, NotFound
from core.ids import WorkspaceId
from prompts.chat import ScriptedChatModel
from prompts.registry import Registry
from prompts.store import PromptStore
from summarize.llm.serving import ServedPrompts
from summarize.models import Summary
from summarize.supporting import SupportChecks
from tests.support.talk import ACME, ANN, BEN, SECRET, Room, said


async def checks(room: Room, judge: ChatModel | None = None) -> SupportChecks:
    registry = Registry(store=PromptStore(room.database), releases=room.releases, clock=room.clock)
    await registry.publish_library()

    def judge_of(workspace: WorkspaceId) -> ChatModel | None:
        return judge

    return SupportChecks(
        room.summarizer,
        embedder=room.embedder,
        judge_of=judge_of,
        prompts=ServedPrompts(registry, room.releases),
    )


async def a_summary(room: Room, channel: str = "#general") -> Summary:
    place = {"channel": SECRET} if channel == "#secret" else {}
    await room.hears(
        said(0, ANN, "Decision: we ship the billing rewrite on Friday.", id=f"d-{channel}", **place),
        said(1, BEN, "I'll write the announcement by Thursday.", id=f"a-{channel}", **place),
    )
    return await room.summarizer.summarize(room.ask(channel=channel))


async def test_every_item_has_a_score_by_rule(room: Room):
    summary = await a_summary(room)

    report = await (await checks(room)).report(ACME, "@ben", summary.id)

    assert len(report.items) == len(summary.items) == 2
    assert all(0.3 < one.score <= 1 and one.fault == "" and one.verdict is None for one in report.items)
    assert (report.judge, report.own) == ("", False)


async def test_a_judge_is_asked_for_each_item_when_wanted(room: Room):
    def verdict(request: ChatRequest) -> str:
        assert request.schema is not None
        return json.dumps({"verdict": "supported"})

    judge = ScriptedChatModel(verdict, name="judge")
    summary = await a_summary(room)

    report = await (await checks(room, judge)).report(ACME, "@ann", summary.id, judged=True)

    assert [one.verdict for one in report.items] == ["supported", "supported"]
    assert (report.judge, report.own) == ("judge", False)


async def test_who_may_not_read_the_channel_learns_nothing_of_its_summary(room: Room):
    summary = await a_summary(room, "#secret")

    with pytest.raises(NotFound):
        await (await checks(room)).report(ACME, "@cat", summary.id)


async def test_a_stale_summary_has_nothing_left_to_check(room: Room):
    summary = await a_summary(room)
    await room.summaries.invalidate(ACME, [summary.items[0].citations[0]])

    with pytest.raises(Conflict, match="stale"):
        await (await checks(room)).report(ACME, "@ann", summary.id)
