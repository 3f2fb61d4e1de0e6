"""The registry: same bytes, same version; found by any name; released, logged, taken back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict, InvalidFile, InvalidInput, NotFound, VerdictRequired
from core.ids import WorkspaceId
from core.release_store import Releases
from core.releases import Bounds, Decision, Digest, Override, Stage, Verdict
from prompts.models import version_of
from prompts.registry import LIBRARY, Registry
from prompts.store import PromptStore
from tests.support.prompt_files import HELLO, hello

WORD = Override(author="ada", reason="hotfix")
T1 = WorkspaceId("T1")


def make(database: Database, clock: ManualClock) -> Registry:
    return Registry(store=PromptStore(database), releases=Releases(database, clock), clock=clock)


@pytest.fixture
def registry(database: Database, clock: ManualClock) -> Registry:
    return make(database, clock)


@pytest.fixture
async def three(registry: Registry, clock: ManualClock) -> list[str]:
    """Three versions pushed a minute apart, the first of them live; returned oldest first."""
    versions: list[str] = []
    for word in ("Greet", "Welcome", "Salute"):
        pushed = await registry.push(hello(Greet=word), by="ada", message=word)
        versions.append(pushed.standing.prompt.version)
        clock.advance(timedelta(minutes=1))
    await registry.promote("hello", versions[0], Stage.LIVE, WORD, by="ada")
    return versions


async def test_the_same_bytes_pushed_again_change_nothing(registry: Registry):
    first = await registry.push(HELLO, by="ada", message="one")
    again = await registry.push(HELLO.replace("\n", "\r\n"), by="bob", message="two")

    assert (first.created, again.created) == (True, False)
    assert again.standing == first.standing
    assert first.standing.prompt.version == version_of(HELLO)
    assert [entry.action for entry in await registry.log("hello")] == ["draft", "push"]


async def test_the_same_bytes_pushed_at_once_by_many_are_new_to_one(registry: Registry):
    pushed = await asyncio.gather(*(registry.push(HELLO, by=f"p{number}") for number in range(6)))

    assert sum(one.created for one in pushed) == 1
    assert len(await registry.versions("hello")) == 1


async def test_a_file_that_is_wrong_is_not_kept(registry: Registry):
    with pytest.raises(InvalidFile, match=r"hello\.md:1"):
        await registry.push("hi", by="ada", file="hello.md")
    assert await registry.list() == []


async def test_a_version_is_found_by_hash_prefix_stage_and_latest(registry: Registry, three: list[str]):
    for at, expected in (
        (three[1], three[1]),
        (three[1][:6], three[1]),
        ("live", three[0]),
        ("latest", three[2]),
        ("draft", three[2]),
    ):
        assert (await registry.find("hello", at)).prompt.version == expected


@pytest.mark.parametrize("at", ["ffff", "abc", "", "canary-5", "LIVE", "%"])
async def test_a_version_that_is_not_there_is_said_so(registry: Registry, three: list[str], at: str):
    with pytest.raises(NotFound, match="hello@"):
        await registry.find("hello", at)


async def test_an_unknown_prompt_is_said_so(registry: Registry):
    for asked in (registry.find("nope"), registry.versions("nope"), registry.log("nope")):
        with pytest.raises(NotFound, match="no prompt 'nope'"):
            await asked


async def test_a_prefix_of_several_versions_is_told_with_the_versions(registry: Registry):
    by_prefix: dict[str, str] = {}
    for number in range(100_000):
        source = hello(Greet=f"Greet{number}")
        prefix = version_of(source)[:4]
        if prefix in by_prefix:
            await registry.push(by_prefix[prefix], by="ada")
            await registry.push(source, by="ada")
            with pytest.raises(InvalidInput, match="fits 2 versions"):
                await registry.find("hello", prefix)
            return
        by_prefix[prefix] = source


async def test_versions_are_listed_newest_first_with_where_they_stand(registry: Registry, three: list[str]):
    (listed,) = await registry.list()

    assert [standing.prompt.version for standing in listed] == three[::-1]
    assert [standing.release.stage for standing in listed] == [Stage.DRAFT, Stage.DRAFT, Stage.LIVE]


async def test_two_versions_are_compared_by_any_of_their_names(registry: Registry, three: list[str]):
    found = await registry.diff("hello", "live", "latest")

    assert (found.a, found.b) == (three[0], three[2])
    assert [c.text for s in found.sections for c in s.changes if c.op == "insert"] == ["Salute", "Salute"]


async def test_a_workspace_is_served_what_is_live_ready_to_render(registry: Registry, three: list[str]):
    serving = await registry.serving("hello", T1)

    assert serving is not None
    assert serving.version == three[0]
    assert await registry.serving("nope", T1) is None


async def test_a_version_moves_on_a_pass_for_it_and_on_no_other(registry: Registry, three: list[str]):
    def verdict(version: str) -> Verdict:
        bounds = Bounds(artifact=version_of(version), baseline=None, dataset=Digest("d"), model="")
        return Verdict(decision=Decision.PASS, reasons=("ok",), bounds=bounds, policy=Digest("p"))

    with pytest.raises(VerdictRequired):
        await registry.promote("hello", "latest", Stage.LIVE, verdict(HELLO), by="ada")
    moved = await registry.promote("hello", "latest", Stage.LIVE, verdict(hello(Greet="Salute")), by="ada")

    assert moved.release.stage is Stage.LIVE


async def test_rolling_back_takes_what_went_online_last_and_the_one_before_is_live_again(
    registry: Registry, three: list[str]
):
    await registry.promote("hello", three[1], Stage.LIVE, WORD, by="ada")
    await registry.promote("hello", three[2], Stage.CANARY_5, WORD, by="ada")

    first = await registry.roll_back("hello", by="bob", reason="slow")
    second = await registry.roll_back("hello", by="bob", reason="wrong")

    assert (first.prompt.version, second.prompt.version) == (three[2], three[1])
    assert (await registry.find("hello", "live")).prompt.version == three[0]


async def test_with_nothing_online_there_is_nothing_to_roll_back(registry: Registry):
    await registry.push(HELLO, by="ada")

    with pytest.raises(Conflict, match="no version of hello is online"):
        await registry.roll_back("hello", by="ada", reason="r")
    with pytest.raises(InvalidInput, match="reason: is empty"):
        await registry.roll_back("hello", by="ada", reason=" ")


async def test_an_old_text_pushed_again_is_its_old_version_and_can_go_live_again(
    registry: Registry, three: list[str]
):
    await registry.promote("hello", three[1], Stage.LIVE, WORD, by="ada")

    again = await registry.push(hello(Greet="Greet"), by="bob")
    moved = await registry.promote("hello", three[0], Stage.LIVE, WORD, by="bob")

    assert (again.created, again.standing.release.stage) == (False, Stage.RETIRED)
    assert moved.release.stage is Stage.LIVE


async def test_the_log_tells_who_did_what_and_why(registry: Registry, three: list[str]):
    await registry.roll_back("hello", by="bob", reason="too chatty")

    told = [(e.actor, e.action, e.reason) for e in await registry.log("hello")]

    assert told[:2] == [("bob", "rollback", "too chatty"), ("ada", "override", "hotfix")]
    assert ("ada", "push", "Welcome") in told


async def test_the_library_is_published_once_and_its_first_versions_are_live(registry: Registry):
    await registry.publish_library()
    before = await registry.list()
    await registry.publish_library()

    assert await registry.list() == before
    assert [every[0].prompt.name for every in before] == sorted(path.stem for path in LIBRARY.glob("*.md"))
    assert {standing.release.stage for every in before for standing in every} == {Stage.LIVE}
    assert {every[0].release.reason for every in before} == {"first version: no incumbent to compare with"}


async def test_a_newer_library_is_pushed_and_moves_no_release(registry: Registry, tmp_path: Path):
    (tmp_path / "hello.md").write_text(HELLO)
    await registry.publish_library(tmp_path)

    (tmp_path / "hello.md").write_text(hello(Greet="Welcome"))
    await registry.publish_library(tmp_path)

    assert (await registry.find("hello", "live")).prompt.version == version_of(HELLO)
    assert (await registry.find("hello", "draft")).prompt.version == version_of(hello(Greet="Welcome"))


async def test_a_library_version_that_was_rolled_back_stays_so_after_a_restart(
    registry: Registry, tmp_path: Path
):
    (tmp_path / "hello.md").write_text(HELLO)
    await registry.publish_library(tmp_path)
    await registry.roll_back("hello", by="ada", reason="wrong")

    await registry.publish_library(tmp_path)

    assert [s.release.stage for s in await registry.versions("hello")] == [Stage.ROLLED_BACK]


async def test_two_processes_that_start_at_once_publish_one_library(database: Database, clock: ManualClock):
    await asyncio.gather(*(make(database, clock).publish_library() for _ in range(2)))

    for every in await make(database, clock).list():
        assert [standing.release.stage for standing in every] == [Stage.LIVE]


async def test_a_push_that_was_cut_off_between_its_two_writes_is_mended_when_read(
    database: Database, registry: Registry
):
    pushed = await registry.push(HELLO, by="ada")
    await PromptStore(database).add(
        type(pushed.standing.prompt)(
            name="hello",
            version=version_of("cut off"),
            description="",
            source="cut off",
            pushed_at=pushed.standing.prompt.pushed_at,
            pushed_by="ada",
        )
    )

    found = await registry.versions("hello")

    assert {standing.release.stage for standing in found} == {Stage.DRAFT}
    assert len(found) == 2
