"""Snapshots: what they count, how they lie on disk, how they are swapped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.clock import to_micros
from core.errors import DataDamaged
from core.events.models import Corpus, Offset
from core.ids import WorkspaceId
from recommend.snapshot import Snapshot, current, folder_name, load, save
from tests.support.communities import ACME, World, channel, person, settle


async def snapshot_of(world: World, workspace: WorkspaceId = ACME) -> Snapshot:
    found = load(world.folder, workspace)
    assert found is not None
    return found


async def number(world: World, id: str) -> int:
    if id.startswith("U"):
        return (await world.directory.find_person(ACME, id)).number
    return (await world.directory.find_channel(ACME, id)).number


async def test_activity_is_halved_every_thirty_days(empty: World):
    await settle(empty, active=False)
    me, room = await number(empty, person(0, 0)), await number(empty, channel(0, 0))
    await empty.happens(me, Corpus.CHANNEL, room, "post", days_ago=0)
    await empty.happens(me, Corpus.CHANNEL, room, "post", days_ago=30)
    await empty.happens(me, Corpus.CHANNEL, room, "post", days_ago=60)
    await empty.build()

    snapshot = await snapshot_of(empty)

    span = snapshot.activity.span(me)
    assert snapshot.activity.columns[span].tolist() == [room]
    assert snapshot.activity.values[span] == pytest.approx([1.75])


async def test_windows_count_distinct_people(empty: World):
    await settle(empty, active=False)
    room = await number(empty, channel(0, 0))
    for place, days in ((0, 1), (0, 2), (1, 10), (2, 40), (3, 100)):
        await empty.happens(
            await number(empty, person(0, place)), Corpus.CHANNEL, room, "post", days_ago=days
        )
    await empty.build()

    snapshot = await snapshot_of(empty)

    assert (snapshot.active_7[room], snapshot.active_30[room], snapshot.active_90[room]) == (1, 2, 3)
    assert snapshot.joins_30[room] == 2
    assert snapshot.channel_last[room] == to_micros(empty.clock.now() - timedelta(days=1))


async def test_contacts_are_kept_in_both_directions(empty: World):
    await settle(empty, active=False)
    one, two = await number(empty, person(0, 0)), await number(empty, person(0, 1))
    await empty.happens(one, Corpus.USER, two, "dm", days_ago=0)
    await empty.happens(two, Corpus.USER, one, "mention", days_ago=30)
    await empty.build()

    snapshot = await snapshot_of(empty)

    for person_number, other, made, received in ((one, two, 2.0, 0.5), (two, one, 0.5, 2.0)):
        span = snapshot.contacts.span(person_number)
        assert snapshot.contacts.columns[span].tolist() == [other]
        assert snapshot.contacts.values[span] == pytest.approx([made])
        assert snapshot.contacts_in[span] == pytest.approx([received])
        assert snapshot.contacts_last[span].tolist() == [to_micros(empty.clock.now())]
    assert snapshot.contacted_30[two] == 1


async def test_bots_and_what_bots_do_count_nowhere(empty: World):
    from core.directory import Person

    await settle(empty, active=False)
    await empty.directory.put_people(ACME, [Person(id=person(0, 0), handle="bot", is_bot=True)])
    room = await number(empty, channel(0, 0))
    await empty.happens(await number(empty, person(0, 0)), Corpus.CHANNEL, room, "post")
    await empty.build()

    snapshot = await snapshot_of(empty)

    assert snapshot.active_7[room] == 0
    assert snapshot.members[room] == 4


async def test_what_happens_after_the_moment_is_not_seen(empty: World):
    """Planted in the future: a feature that saw it would leak."""
    await settle(empty, active=False)
    me, room = await number(empty, person(0, 0)), await number(empty, channel(0, 0))
    await empty.happens(me, Corpus.CHANNEL, room, "post", days_ago=-3)
    await empty.build()

    snapshot = await snapshot_of(empty)

    assert snapshot.active_7[room] == 0
    assert not len(snapshot.activity.columns)


async def test_numbers_the_directory_does_not_know_are_left_out(empty: World):
    await settle(empty, active=False)
    await empty.happens(9_999, Corpus.CHANNEL, 1, "post")
    await empty.happens(1, Corpus.CHANNEL, 9_999, "post")
    await empty.happens(1, Corpus.USER, 9_999, "dm")
    await empty.happens(1, Corpus.CHANNEL, -1, "post")

    await empty.build()

    assert not len((await snapshot_of(empty)).activity.columns)


async def test_two_builds_of_the_same_log_are_equal_bit_for_bit(teams: World, tmp_path: Path):
    first = await snapshot_of(teams)
    teams.folder = tmp_path / "elsewhere"
    await teams.build()
    second = await snapshot_of(teams)

    for name in Snapshot.__dataclass_fields__:
        one, two = getattr(first, name), getattr(second, name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, two, err_msg=name)


async def test_arrays_are_mapped_not_read(teams: World):
    assert isinstance((await snapshot_of(teams)).channel_factors.base, np.memmap)


async def test_a_workspace_without_snapshot_has_none(tmp_path: Path):
    assert load(tmp_path, ACME) is None
    assert current(tmp_path, ACME) == ""


async def test_a_new_version_is_swapped_in_while_the_old_one_stays_readable(teams: World):
    old = await snapshot_of(teams)
    for _ in range(4):
        teams.clock.advance(timedelta(minutes=1))
        await teams.build()

    assert (await snapshot_of(teams)).lineage.version > old.lineage.version
    assert old.channel_factors.sum() is not None
    assert len(versions(teams.folder / ACME)) == 2


def versions(home: Path) -> list[str]:
    return [entry.name for entry in home.iterdir() if entry.is_dir()]


async def test_saving_the_same_version_again_is_fine(teams: World):
    snapshot = await snapshot_of(teams)

    save(snapshot, teams.folder)

    assert (await snapshot_of(teams)).lineage == snapshot.lineage


def damage(folder: Path, how: str) -> None:
    home = folder / ACME
    place = home / (home / "current").read_text()
    if how == "cut off":
        path = place / "channel_factors.npy"
        path.write_bytes(path.read_bytes()[:200])
    elif how == "missing":
        (place / "activity.columns.npy").unlink()
    elif how == "other layout":
        (place / "meta.json").write_text(
            (place / "meta.json").read_text().replace('"schema": "', '"schema": "0')
        )
    else:
        (place / "meta.json").write_text("{")


@pytest.mark.parametrize("how", ["cut off", "missing", "other layout", "no json"])
async def test_a_damaged_snapshot_is_never_misread_and_memberships_stand_in(teams: World, how: str):
    damage(teams.folder, how)

    with pytest.raises(DataDamaged, match="catchup pipeline run snapshot"):
        load(teams.folder, ACME)
    answer = await teams.ask_anyhow(person(0, 4))
    assert answer.degraded == ("snapshot_damaged",)
    assert answer.items


async def test_a_damaged_new_version_leaves_the_old_one_serving(teams: World):
    before = await teams.ask(person(0, 4))
    teams.clock.advance(timedelta(minutes=1))
    await teams.build()
    damage(teams.folder, "missing")

    answer = await teams.ask_anyhow(person(0, 4))

    assert answer.snapshot == before.snapshot
    assert answer.degraded == ("snapshot_damaged",)


async def test_the_age_of_the_snapshot_is_a_metric(teams: World):
    await teams.ask(person(0, 4))

    teams.clock.advance(timedelta(hours=2))

    assert (
        teams.metrics.registry.get_sample_value("catchup_snapshot_age_seconds", {"workspace": ACME}) == 7200
    )


@pytest.mark.parametrize("id", ["../../etc", "a/b", "a.b", "", ".", "ä", "x" * 65, "=sha256-1", "A B"])
def test_a_workspace_id_cannot_leave_its_folder(id: str):
    name = folder_name(WorkspaceId(id))

    assert name.startswith("=sha256-")
    assert len(name) == 40
    assert folder_name(WorkspaceId(id + "x")) != name


def test_offsets_in_versions_sort_like_numbers():
    from recommend.pipeline import version
    from tests.conftest import START

    assert (
        version(START, Offset(9))
        < version(START, Offset(10))
        < version(START + timedelta(seconds=1), Offset(1))
    )
