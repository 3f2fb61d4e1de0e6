"""`catchup vault`, as it is typed."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.directory import Workspace
from core.ids import WorkspaceId
from core.master_key import new_master_key
from gateway.app import Services, open_services
from gateway.cli.main import main
from gateway.settings import load_settings
from tests.support.talk import ANN, GENERAL, said

ACME, OTHER = WorkspaceId("T_ACME"), WorkspaceId("T_OTHER")
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type `catchup …` over a home with two workspaces that have sealed a text each; return code and output."""
    monkeypatch.setenv("CATCHUP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CATCHUP_EMBEDDER", "hashing")
    monkeypatch.setenv("COLUMNS", "200")

    async def sealed(services: Services) -> None:
        for id in (ACME, OTHER):
            workspace = Workspace(id=id, name=id, created_at=services.clock.now())
            await services.directory.put_workspace(workspace)
            (tmp_path / id).write_bytes(await services.vault.seal(id, b"text", purpose="p"))

    within(sealed)

    def typing(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["vault", *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return typing


def within(work: Callable[[Services], object]) -> object:
    """Do something within opened services."""

    async def opened() -> object:
        async with open_services(load_settings()) as services:
            return await work(services)  # type: ignore[misc]

    return asyncio.run(opened())


def opened(folder: Path, id: WorkspaceId) -> object:
    """What the text that was sealed before reads as now."""
    return within(lambda services: services.vault.open(id, (folder / id).read_bytes(), purpose="p"))


def test_status_lists_the_keys_of_every_workspace_and_shows_no_secret(typed: Typed, tmp_path: Path) -> None:
    code, out = typed("status", "--all")

    assert code == 0
    assert all(name in out for name in (ACME, OTHER, "seals"))
    assert (tmp_path / "home" / "master.key").read_text().strip() not in out


def test_rotate_without_waiting_says_when_the_old_key_can_be_destroyed(typed: Typed, tmp_path: Path) -> None:
    code, out = typed("rotate", "-w", ACME, "--no-wait")

    assert code == 0
    assert f"{ACME}: key 2 seals; 0 texts sealed anew, 0 old keys destroyed." in out
    assert "run `catchup vault renew` after" in out
    assert opened(tmp_path, ACME) == b"text"


def test_shred_asks_first_and_then_nothing_of_that_workspace_opens(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused, _ = typed("shred", "-w", ACME)
    before = opened(tmp_path, ACME)

    code, out = typed("shred", "-w", ACME, "--yes")

    assert (refused, before) == (1, b"text")
    assert (code, out) == (
        0,
        f"{ACME}: 1 keys destroyed, 0 cached segments deleted; its summaries are stale.\n",
    )
    assert opened(tmp_path, ACME) is None
    assert opened(tmp_path, OTHER) == b"text"


def test_rotate_master_changes_the_file_and_everything_opens(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "home" / "master.key"
    before = file.read_text()

    code, out = typed("rotate-master")

    assert code == 0
    assert out.startswith("2 data keys are wrapped with the new master key")
    assert file.read_text() != before
    assert opened(tmp_path, ACME) == b"text"


def test_rotate_master_goes_over_to_the_first_of_the_keys_in_the_setting(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (tmp_path / "home" / "master.key").read_text().strip(), new_master_key().secret.hex()
    monkeypatch.setenv("CATCHUP_MASTER_KEY", f"{new},{old}")

    code, _ = typed("rotate-master")

    monkeypatch.setenv("CATCHUP_MASTER_KEY", new)
    assert code == 0
    assert opened(tmp_path, ACME) == b"text"


def test_another_master_key_is_an_error_with_a_remedy_not_a_traceback(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATCHUP_MASTER_KEY", new_master_key().secret.hex())

    with pytest.raises(SystemExit) as ended:
        main(["vault", "rotate-master"])

    assert ended.value.code == 6


def test_a_master_key_that_is_none_is_named_and_not_shown(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATCHUP_MASTER_KEY", "hunter2")

    code, out = typed("status", "--all")

    assert code == 2
    assert "CATCHUP_MASTER_KEY" in out
    assert "hunter2" not in out


def test_forget_deletes_by_age_and_says_how_many(typed: Typed) -> None:
    code, out = typed("forget", "--all", "--segments-days", "0", "--summaries-days", "0")

    assert code == 0
    assert out.count("0 cached segments and 0 summaries deleted.") == 2


async def test_a_deletion_through_the_wired_intake_drops_the_cached_segments_of_the_message(
    services: Services,
) -> None:
    one, two = said(1, ANN, "we ship"), said(2, ANN, "on Friday")
    await services.intake.put([one, two])
    for message in (one, two):
        await services.segments.keep(ACME, GENERAL, f"k{message.id}", b"[]", made_from=[message])

    await services.intake.bury(ACME, one.id)

    assert await services.segments.find(ACME, ["km1", "km2"]) == {"km2": b"[]"}
