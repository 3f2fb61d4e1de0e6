"""One suite for every Vault, then what only the one with keys in a database does."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from core import audit
from core.clock import ManualClock
from core.database import Database
from core.errors import DataDamaged, InvalidInput, Unavailable
from core.ids import WorkspaceId
from core.master_key import SETTING, MasterFile, MasterKey, masters_of, new_master_key, parse_keys
from core.vault import MemoryVault, Vault, bound_to, generation_of
from core.vault_store import REMEMBER, DatabaseVault, data_keys
from tests.conftest import START

ACME, OTHER = WorkspaceId("T_ACME"), WorkspaceId("T_OTHER")
TEXT = b"Ann decided on Friday: we ship."


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def vault(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Path, clock: ManualClock
) -> AsyncIterator[Vault]:
    if request.param == "memory":
        yield MemoryVault()
        return
    sqlite = request.param == "sqlite"
    url = f"sqlite+aiosqlite:///{tmp_path / 'v.db'}" if sqlite else request.getfixturevalue("postgres_url")
    database = await Database.open(url)
    key = new_master_key()
    yield DatabaseVault(database, lambda: [key], clock=clock)
    await database.close()


@pytest.fixture
def master() -> MasterKey:
    return new_master_key()


def over(database: Database, clock: ManualClock, *masters: MasterKey) -> DatabaseVault:
    """A vault as another process would open it."""
    return DatabaseVault(database, lambda: masters, clock=clock)


def holding(content: bytes, folder: Path) -> list[str]:
    """The names of the database's files in which these bytes occur."""
    return [file.name for file in folder.glob("catchup.db*") if content in file.read_bytes()]


async def test_what_is_sealed_opens_and_nothing_of_it_shows(vault: Vault) -> None:
    sealed = await vault.seal(ACME, TEXT, purpose="summary/s1")

    assert await vault.open(ACME, sealed, purpose="summary/s1") == TEXT
    assert b"Friday" not in sealed
    assert len(sealed) == len(TEXT) + 17 + 16


async def test_the_same_text_sealed_twice_looks_different(vault: Vault) -> None:
    first, second = [await vault.seal(ACME, TEXT, purpose="p") for _ in range(2)]

    assert first != second


async def test_an_empty_text_is_a_text(vault: Vault) -> None:
    assert await vault.open(ACME, await vault.seal(ACME, b"", purpose="p"), purpose="p") == b""


async def test_what_is_moved_to_another_row_or_workspace_does_not_open(vault: Vault) -> None:
    sealed = await vault.seal(ACME, TEXT, purpose="summary/s1")
    await vault.seal(OTHER, TEXT, purpose="summary/s1")

    with pytest.raises(DataDamaged, match="summary/s2"):
        await vault.open(ACME, sealed, purpose="summary/s2")
    with pytest.raises(DataDamaged, match="T_OTHER"):
        await vault.open(OTHER, sealed, purpose="summary/s1")


async def test_no_byte_can_be_changed_unnoticed(vault: Vault) -> None:
    sealed = await vault.seal(ACME, TEXT, purpose="p")

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(DataDamaged):
            await vault.open(ACME, bytes(changed), purpose="p")


@pytest.mark.parametrize(
    "sealed", [b"", b"\x01", b"plain text that is long enough to be a sealed one", bytes(40)]
)
async def test_what_is_no_sealed_text_is_damaged(vault: Vault, sealed: bytes) -> None:
    with pytest.raises(DataDamaged):
        await vault.open(ACME, sealed, purpose="p")


async def test_after_a_rotation_new_texts_get_the_new_key_and_old_ones_still_open(vault: Vault) -> None:
    old = await vault.seal(ACME, TEXT, purpose="p")

    generation = await vault.rotate(ACME)

    new = await vault.seal(ACME, TEXT, purpose="p")
    assert generation_of(old) < generation_of(new) == generation
    assert [await vault.open(ACME, one, purpose="p") for one in (old, new)] == [TEXT, TEXT]


async def test_after_a_shred_nothing_of_the_workspace_opens_and_others_are_untouched(vault: Vault) -> None:
    ours, theirs = [await vault.seal(id, TEXT, purpose="p") for id in (ACME, OTHER)]
    await vault.rotate(ACME)
    newer = await vault.seal(ACME, TEXT, purpose="p")

    assert await vault.shred(ACME) == 2

    assert [await vault.open(ACME, one, purpose="p") for one in (ours, newer)] == [None, None]
    assert await vault.open(OTHER, theirs, purpose="p") == TEXT
    assert await vault.shred(ACME) == 0


async def test_a_shredded_workspace_seals_with_a_key_it_never_had(vault: Vault) -> None:
    before = await vault.seal(ACME, TEXT, purpose="p")
    await vault.shred(ACME)

    after = await vault.seal(ACME, TEXT, purpose="p")

    assert generation_of(after) > generation_of(before)
    assert await vault.open(ACME, after, purpose="p") == TEXT
    assert await vault.open(ACME, before, purpose="p") is None


async def test_first_texts_sealed_at_once_all_open(vault: Vault) -> None:
    sealed = await asyncio.gather(*(vault.seal(ACME, TEXT, purpose=f"p{n}") for n in range(8)))

    opened = [await vault.open(ACME, one, purpose=f"p{n}") for n, one in enumerate(sealed)]
    assert opened == [TEXT] * 8


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_different_parts_are_never_bound_alike(some: Sequence[str], others: Sequence[str]) -> None:
    assert (bound_to(*some) == bound_to(*others)) == (list(some) == list(others))


async def test_another_process_opens_what_was_sealed_here(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    here, there = over(database, clock, master), over(database, clock, master)
    await there.seal(ACME, TEXT, purpose="p")
    await here.rotate(ACME)

    sealed = await here.seal(ACME, TEXT, purpose="q")

    assert await there.open(ACME, sealed, purpose="q") == TEXT


async def test_a_shred_reaches_other_processes_within_two_seconds(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    here, there = over(database, clock, master), over(database, clock, master)
    sealed = await there.seal(ACME, TEXT, purpose="p")

    await here.shred(ACME)
    clock.advance(REMEMBER)

    assert timedelta(seconds=2) == REMEMBER
    assert await there.open(ACME, sealed, purpose="p") is None


async def test_a_clock_set_back_does_not_keep_a_shredded_key_alive(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    here, there = over(database, clock, master), over(database, clock, master)
    sealed = await there.seal(ACME, TEXT, purpose="p")

    await here.shred(ACME)
    clock.advance(-timedelta(hours=1))

    assert await there.open(ACME, sealed, purpose="p") is None


async def test_after_a_shred_no_file_of_the_database_holds_the_wrapped_key(
    sqlite_database: Database, tmp_path: Path, clock: ManualClock, master: MasterKey
) -> None:
    vault = over(sqlite_database, clock, master)
    await vault.seal(ACME, TEXT, purpose="p")
    async with sqlite_database.reading() as connection:
        wrapped = (await connection.execute(select(data_keys.c.wrapped))).scalar_one()
    held = holding(wrapped, tmp_path)

    await vault.shred(ACME)

    assert held
    assert holding(wrapped, tmp_path) == []


async def test_another_master_key_is_said_to_be_another_and_makes_no_new_keys(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    sealed = await over(database, clock, master).seal(ACME, TEXT, purpose="p")
    stranger = over(database, clock, new_master_key())

    with pytest.raises(Unavailable, match=f"wrapped by master key {master.id}") as raised:
        await stranger.open(ACME, sealed, purpose="p")
    with pytest.raises(Unavailable):
        await stranger.seal(ACME, TEXT, purpose="p")

    assert SETTING in raised.value.remedy
    assert master.secret.hex() not in str(raised.value)


async def test_a_check_tells_at_once_whether_the_master_key_is_ours(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    vault, stranger = over(database, clock, master), over(database, clock, new_master_key())
    await stranger.check()
    await vault.seal(ACME, TEXT, purpose="p")

    await vault.check()
    with pytest.raises(Unavailable, match=f"T_ACME is wrapped by master key {master.id}"):
        await stranger.check()

    await vault.shred(ACME)
    await stranger.check()


async def test_a_wrapped_key_that_was_moved_to_another_workspace_does_not_unwrap(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    vault = over(database, clock, master)
    for workspace in (ACME, OTHER):
        await vault.seal(workspace, TEXT, purpose="p")
    async with database.writing() as connection:
        ours = select(data_keys.c.wrapped).where(data_keys.c.workspace == ACME)
        stolen = (await connection.execute(ours)).scalar_one()
        await connection.execute(
            update(data_keys).where(data_keys.c.workspace == OTHER).values(wrapped=stolen)
        )

    with pytest.raises(DataDamaged, match="data key 1 of T_OTHER"):
        await over(database, clock, master).seal(OTHER, TEXT, purpose="p")


async def test_a_new_master_key_wraps_everything_and_the_old_one_opens_nothing(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    new = new_master_key()
    vault = over(database, clock, master)
    sealed = {id: await vault.seal(id, TEXT, purpose="p") for id in (ACME, OTHER)}

    counts = [await vault.rotate_master(new), await over(database, clock, new, master).rotate_master(new)]

    after = over(database, clock, new)
    assert counts == [2, 0]
    assert [await after.open(id, sealed[id], purpose="p") for id in sealed] == [TEXT, TEXT]
    with pytest.raises(Unavailable):
        await over(database, clock, master).open(ACME, sealed[ACME], purpose="p")


async def test_while_the_master_key_changes_who_knows_both_reads_on(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    new = new_master_key()
    both = over(database, clock, new, master)
    sealed = await over(database, clock, master).seal(ACME, TEXT, purpose="p")
    before = await both.open(ACME, sealed, purpose="p")

    await over(database, clock, new, master).rotate_master(new)
    clock.advance(REMEMBER)

    assert before == await both.open(ACME, sealed, purpose="p") == TEXT


async def test_only_replaced_keys_can_be_retired(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    vault = over(database, clock, master)
    old = await vault.seal(ACME, TEXT, purpose="p")
    newest = await vault.rotate(ACME)
    new = await vault.seal(ACME, TEXT, purpose="p")

    assert await vault.retire(ACME, [generation_of(old), newest]) == 1

    assert await vault.open(ACME, old, purpose="p") is None
    assert await vault.open(ACME, new, purpose="p") == TEXT
    assert [key.ended_at is None for key in await vault.keys(ACME)] == [False, True]


async def test_rotations_and_shreds_are_audited_without_a_key(
    database: Database, clock: ManualClock, master: MasterKey
) -> None:
    vault = over(database, clock, master)
    await vault.seal(ACME, TEXT, purpose="p")

    await vault.rotate(ACME)
    await vault.shred(ACME)
    await vault.seal(OTHER, TEXT, purpose="p")
    await vault.rotate_master(new_master_key())

    ours = await audit.entries(database, subject=f"{ACME}/vault")
    (masters,) = await audit.entries(database, subject="vault/master")
    assert [entry.action for entry in ours] == ["vault.shred", "vault.rotate"]
    assert masters.action == "vault.rotate-master"
    assert await audit.verify(database) == 3


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["seal", "rotate", "shred", "wait", "restart"]), st.sampled_from([ACME, OTHER])
    ),
    max_size=12,
)


@pytest.mark.parametrize("twin", ["memory", "sqlite"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_done_exactly_what_was_sealed_since_its_workspace_was_shredded_opens(
    twin: str, migrated: Path, steps: Sequence[tuple[str, WorkspaceId]]
) -> None:
    async def played(folder: str) -> None:
        shutil.copy(migrated, folder)
        database = await Database.open(f"sqlite+aiosqlite:///{folder}/{migrated.name}")
        clock, master = ManualClock(START), new_master_key()
        vault: Vault = MemoryVault() if twin == "memory" else over(database, clock, master)
        sealed: list[tuple[WorkspaceId, bytes, bool]] = []
        for number, (step, id) in enumerate(steps):
            if step == "seal":
                sealed.append((id, await vault.seal(id, b"%d" % number, purpose="p"), True))
            elif step == "rotate":
                await vault.rotate(id)
            elif step == "shred":
                await vault.shred(id)
                sealed = [(owner, text, alive and owner != id) for owner, text, alive in sealed]
            elif step == "wait":
                clock.advance(REMEMBER)
            elif twin == "sqlite":
                vault = over(database, clock, master)

        opened = [await vault.open(owner, text, purpose="p") is not None for owner, text, _ in sealed]
        assert opened == [alive for _, _, alive in sealed]
        await database.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(folder))


@pytest.mark.parametrize("form", ["hex", "base64", "urlsafe", "unpadded"])
def test_a_master_key_is_read_in_hex_and_base64(form: str) -> None:
    secret = bytes(range(224, 256))
    written = {
        "hex": secret.hex(),
        "base64": base64.b64encode(secret).decode(),
        "urlsafe": base64.urlsafe_b64encode(secret).decode(),
        "unpadded": base64.b64encode(secret).decode().rstrip("="),
    }[form]

    assert parse_keys(f" {written} ", where=SETTING) == (MasterKey(secret=secret),)


@pytest.mark.parametrize("bad", ["hunter2", "ab" * 31, "zz" * 32, "ab" * 32 + ",hunter2", ",", "ü" * 64])
def test_what_is_no_key_of_32_bytes_is_refused_and_not_quoted(bad: str) -> None:
    with pytest.raises(InvalidInput, match=SETTING) as raised:
        parse_keys(bad, where=SETTING)

    assert "hunter2" not in str(raised.value)
    assert "openssl rand" in raised.value.remedy


def test_a_master_key_does_not_show_itself(master: MasterKey) -> None:
    assert master.secret.hex() not in repr(master)
    assert repr(master.secret) not in repr(master)


def test_without_a_setting_a_file_is_made_once_that_its_owner_alone_reads(tmp_path: Path) -> None:
    file = tmp_path / "home" / "master.key"

    first, second = masters_of("", file)(), masters_of("", file)()

    assert first == second
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_a_setting_wins_over_the_file_and_makes_none(tmp_path: Path, master: MasterKey) -> None:
    file = tmp_path / "master.key"

    assert masters_of(master.secret.hex(), file)() == (master,)
    assert not file.exists()


def test_a_file_everybody_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    masters_of("", file)
    os.chmod(file, 0o644)

    with pytest.raises(InvalidInput) as raised:
        masters_of("", file)

    assert raised.value.remedy == f"chmod 600 {file}"


def test_a_damaged_file_is_refused_and_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.write_text("nonsense\n")
    file.chmod(0o600)

    with pytest.raises(InvalidInput, match="master\\.key"):
        masters_of("", file)

    assert file.read_text() == "nonsense\n"


def test_keys_put_in_place_of_others_are_read_by_who_holds_the_file(
    tmp_path: Path, master: MasterKey
) -> None:
    held = masters_of("", tmp_path / "master.key")
    (old,) = held()

    MasterFile(tmp_path / "master.key").write([master, old])

    assert held() == (master, old)
