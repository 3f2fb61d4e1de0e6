"""A prompt change through its real doors: push, compare, evaluate, gate, promote, serve, roll back."""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.audit import verify
from core.clock import ManualClock
from core.ids import RandomIds
from core.releases import Stage
from gateway.app import Services, open_services
from gateway.auth import Scope
from gateway.settings import EmbedderName, Settings
from prompt_eval.baselines import LEAD_3
from prompt_eval.dataset import CaseSet, load
from prompt_eval.policy import read_policy
from prompt_eval.service import Plan
from prompts.chat import ScriptedChatModel
from prompts.parse import parse_prompt
from prompts.registry import LIBRARY
from tests.support.eval_cases import row, write_rows
from tests.support.plain_server import Habits, plain_server
from tests.support.process import ROOT, environment
from tests.support.prompt_task import PromptTask, obedient
from tests.support.server import bearer, running
from tests.support.world import ACME, fill

LIVE = (LIBRARY / "channel-summary.md").read_text()
BETTER = LIVE.replace("## Rules\n", "## Rules\n\nReport decisions first.\n")
WORSE = LIVE.replace("## Rules\n", "## Rules\n\nBe brief.\n")
NAME = "/v1/prompts/channel-summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Somebody with a key at a running server."""

    services: Services
    session: aiohttp.ClientSession
    home: Path

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.session.get(path) as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None)

    async def post(self, path: str, body: Mapping[str, Any], status: int = 200) -> Any:
        async with self.session.post(path, json=body) as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None)

    async def push(self, source: str) -> str:
        answer = await self.post("/v1/prompts", {"source": source, "message": "try"}, 201)
        return answer["version"]["version"]

    async def evaluate(self, version: str, cases: CaseSet) -> str:
        """Run the live version and this one side by side with a scripted model; return the evaluation's id."""
        model = ScriptedChatModel(obedient)
        registry = self.services.prompts
        plan = Plan(
            candidate=PromptTask(prompt=await registry.parsed("channel-summary", version), chat=model),
            baseline=PromptTask(prompt=await registry.parsed("channel-summary"), chat=model),
            cases=cases,
            policy=read_policy(),
        )
        return (await self.services.evaluator.evaluate(plan, by="ada")).report.id


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    async with AsyncExitStack() as opened:
        url = await opened.enter_async_context(plain_server(Habits(say=lambda _: '{"items": []}')))
        settings = Settings(
            home=tmp_path / "home",
            database_url="",
            events_url="",
            embedder=EmbedderName.HASHING,
            rate_burst=500,
            llm_url=url,
        )
        services = await opened.enter_async_context(
            open_services(settings, clock=clock, ids=RandomIds(), log_stream=io.StringIO())
        )
        await fill(services, clock.now())
        clock.advance(timedelta(hours=1))
        _, token = await services.keys.create(ACME, "test", [Scope.ADMIN])
        async with running(services, headers=bearer(token, "@ana")) as session:
            yield Desk(services=services, session=session, home=tmp_path / "home")


@pytest.fixture
def cases(tmp_path: Path) -> CaseSet:
    return load(write_rows(tmp_path / "cases.jsonl", [row(number) for number in range(1, 41)]))


async def test_a_better_prompt_goes_live_on_its_verdict_and_is_taken_back_in_one_call(
    desk: Desk, cases: CaseSet
):
    first = parse_prompt(LIVE).version
    assert (await desk.get(NAME))["live"] == first

    version = await desk.push(BETTER)
    again = await desk.post("/v1/prompts", {"source": BETTER.replace("\n", "\r\n")}, 200)
    assert (again["created"], again["version"]["version"]) == (False, version)

    diff = await desk.get(f"{NAME}/diff?a=live&b={version[:6]}")
    inserted = [c["text"] for s in diff["sections"] for c in s["changes"] if c["op"] == "insert"]
    assert (diff["a"], diff["b"], diff["values"]) == (first, version, [])
    assert "".join(inserted).split() == ["Report", "decisions", "first."]

    refused = await desk.post(f"{NAME}/promote", {"version": version}, 409)
    assert refused["kind"] == "verdict-required"
    assert (await desk.get(NAME))["live"] == first

    run = await desk.evaluate(version, cases)
    promoted = await desk.post(f"{NAME}/promote", {"version": version, "verdict": run})
    assert (promoted["stage"], promoted["by"].startswith("@ana (key ")) == ("live", True)
    assert "rougeL: not worse by the margin" in promoted["reason"]

    (shown,) = [p for p in (await desk.get("/v1/prompts"))["prompts"] if p["name"] == "channel-summary"]
    assert (shown["name"], shown["live"], shown["serving"], shown["stage"]) == (
        "channel-summary",
        version,
        version,
        "live",
    )
    assert {v["version"]: v["stage"] for v in shown["versions"]} == {version: "live", first: "retired"}
    assert await _prompt_of_a_summary(desk) == f"channel-summary@{version}"

    back = await desk.post(f"{NAME}/rollback", {"reason": "drops citations"})
    assert (back["live"], back["serving"]) == (first, first)
    assert await _prompt_of_a_summary(desk) == f"channel-summary@{first}"
    log = (await desk.get(f"{NAME}/log"))["entries"]
    assert [entry["action"] for entry in log[:4]] == ["revive", "rollback", "promote", "retire"]
    assert await verify(desk.services.database) >= 10


async def test_a_worse_prompt_is_refused_with_the_gates_reasons_until_somebody_gives_their_word(
    desk: Desk, cases: CaseSet
):
    await desk.post(f"{NAME}/promote", {"version": await desk.push(BETTER), "override": _word("first")})
    worse = await desk.push(WORSE)

    run = await desk.evaluate(worse, cases)
    refused = await desk.post(f"{NAME}/promote", {"version": worse, "verdict": run}, 409)
    assert refused["kind"] == "verdict-required"
    assert "the gate said FAIL: rougeL: worse by more than the margin" in refused["detail"]

    canary = {"version": worse, "stage": "canary-5", "override": _word("known to read better")}
    moved = await desk.post(f"{NAME}/promote", canary)
    assert (moved["stage"], moved["by"], moved["reason"]) == ("canary-5", "bob", "known to read better")


async def test_a_verdict_counts_for_the_version_it_was_made_about_and_no_other(desk: Desk, cases: CaseSet):
    better = await desk.push(BETTER)
    other = await desk.push(BETTER + "\n")

    run = await desk.evaluate(better, cases)

    refused = await desk.post(f"{NAME}/promote", {"version": other, "verdict": run}, 409)
    assert f"the Verdict is about version {better}, not {other}" in refused["detail"]


@pytest.mark.slow
async def test_the_embedded_engine_is_evaluated_by_the_command_and_its_verdict_moves_no_prompt(
    desk: Desk, tmp_path: Path, cases: CaseSet
):
    version = await desk.push(BETTER)

    code, told = await _catchup(
        desk.home, "eval", "run", "--dataset", str(cases.path), "--task", "summarize",
        "--baseline", "lead-3", "--json", str(tmp_path / "report.json"),
    )  # fmt: skip

    assert code == 0, told
    assert "rougeLsum" in told
    assert re.search(r"PASS|FAIL|INCONCLUSIVE", told)
    (run,) = re.findall(r"eval_[0-9a-f]+", told)
    assert (await desk.services.evaluator.find(run)).baseline.version == LEAD_3.version  # pyright: ignore[reportOptionalMemberAccess]
    refused = await desk.post(f"{NAME}/promote", {"version": version, "verdict": run}, 409)
    assert "the Verdict is about version" in refused["detail"]

    code, told = await _catchup(desk.home, "prompts", "promote", f"channel-summary@{version}")
    assert code != 0
    assert "nothing moves forward without a Verdict" in told
    code, told = await _catchup(
        desk.home, "prompts", "promote", f"channel-summary@{version}", "--override", "hotfix", "--by", "ada"
    )
    assert (code, told.strip()) == (0, f"channel-summary@{version} is live.")
    assert (await desk.get(NAME))["live"] == version


WRONG: Mapping[str, tuple[str, str, dict[str, Any], int, str]] = {
    "an unknown prompt": ("get", "/v1/prompts/nope", {}, 404, "not-found"),
    "an unknown version": ("get", f"{NAME}/ffff", {}, 404, "not-found"),
    "a diff with an unknown version": ("get", f"{NAME}/diff?a=ffff", {}, 404, "not-found"),
    "a file without front matter": ("post", "/v1/prompts", {"source": "hi"}, 422, "invalid-file"),
    "no file": ("post", "/v1/prompts", {}, 422, "invalid-input"),
    "a field too many": ("post", "/v1/prompts", {"source": LIVE, "live": True}, 422, "invalid-input"),
    "no version": ("post", f"{NAME}/promote", {}, 422, "invalid-input"),
    "a stage that is none": (
        "post",
        f"{NAME}/promote",
        {"version": "live", "stage": "x"},
        422,
        "invalid-input",
    ),
    "a stage behind": (
        "post",
        f"{NAME}/promote",
        {"version": "live", "stage": "shadow", "override": {"author": "a", "reason": "b"}},
        409,
        "conflict",
    ),
    "an unknown evaluation": (
        "post",
        f"{NAME}/promote",
        {"version": "live", "verdict": "eval_0"},
        404,
        "not-found",
    ),
    "an override without a reason": (
        "post",
        f"{NAME}/promote",
        {"version": "live", "override": {"author": "a", "reason": " "}},
        422,
        "invalid-input",
    ),
    "a rollback without a reason": ("post", f"{NAME}/rollback", {}, 422, "invalid-input"),
    "a rollback of what is not online": (
        "post",
        f"{NAME}/rollback",
        {"version": "draft", "reason": "r"},
        404,
        "not-found",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_wrong_input_is_answered_by_what_is_wrong_with_it(desk: Desk, wrong: str):
    method, path, body, status, kind = WRONG[wrong]

    answer = await (desk.get(path, status) if method == "get" else desk.post(path, body, status))

    assert answer["kind"] == kind
    assert answer["remedy"]


async def test_a_key_that_may_read_prompts_may_not_change_them(desk: Desk):
    _, token = await desk.services.keys.create(ACME, "reader", [Scope.PROMPTS_READ])

    async with running(desk.services, headers=bearer(token)) as session:
        for path, body in (
            ("/v1/prompts", {"source": LIVE}),
            (f"{NAME}/promote", {"version": "live", "override": _word("r")}),
            (f"{NAME}/rollback", {"reason": "r"}),
        ):
            async with session.post(path, json=body) as response:
                assert response.status == 403
        async with session.get(NAME) as response:
            assert response.status == 200


async def test_a_version_is_shown_whole(desk: Desk):
    shown = await desk.get(f"{NAME}/live")

    assert (shown["source"], shown["stage"], shown["by"]) == (LIVE, Stage.LIVE, "catchup")
    assert shown["reason"] == "first version: no incumbent to compare with"
    assert [turn["role"] for turn in shown["messages"]] == ["system", "user"]
    assert shown["variables"]["messages"] == "jsonl"
    assert shown["parameters"]["max_tokens"] == 6000
    assert shown["output"]["required"] == ["items"]


def _word(reason: str) -> dict[str, str]:
    return {"author": "bob", "reason": reason}


async def _prompt_of_a_summary(desk: Desk) -> str:
    answer = await desk.post("/v1/summaries", {"channel": "#incidents", "last": "7d"})
    return answer["provenance"]["prompt"]


async def _catchup(home: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *arguments,
        cwd=ROOT, env=environment(home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()
