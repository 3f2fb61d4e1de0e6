"""The shipped model separates crowded talk, looks at nothing that comes later, and is read from nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.errors import InvalidInput
from summarize.conversations.evaluate import in_lines, own_or_named, previous
from summarize.conversations.irc import Log, utterances
from summarize.conversations.model import SHIPPED, load, shipped
from summarize.conversations.talk import Utterance

CROWD = """\
[10:00] <ann> does anyone know why grub does not find my windows partition?
[10:00] <cat> which package has the gnome screenshot tool?
[10:01] <ben> ann: what does os-prober print?
[10:01] <dan> cat: gnome-screenshot is its own package
[10:02] <ann> ben: it says permission denied
[10:02] <cat> dan: thanks
[10:02] <ben> ann: run it with sudo then
"""


def crowd() -> list[Utterance]:
    return [one for _, one in utterances(CROWD.splitlines())]


def copied(folder: Path) -> Path:
    for file in SHIPPED.parent.glob(f"{SHIPPED.stem}.*"):
        shutil.copy(file, folder)
    return folder / SHIPPED.name


def test_two_talks_that_alternate_are_told_apart_by_who_speaks_to_whom():
    link = shipped().link(crowd()).link.tolist()

    assert link == [0, 1, 0, 1, 2, 3, 4]


def test_a_link_depends_on_nothing_that_comes_later():
    talk = crowd() * 4

    whole = shipped().link(talk).link.tolist()

    assert [shipped().link(talk[:end]).link.tolist()[-1] for end in range(1, len(talk))] == whole[:-1]


def test_a_link_that_is_known_stands_whatever_the_model_says():
    assert shipped().link(crowd(), {3: 0}).link.tolist()[3] == 0


def test_the_shipped_model_names_its_data_and_licence_and_is_small():
    about = json.loads(SHIPPED.read_text(encoding="utf-8"))

    assert "Kummerfeld" in about["data"]
    assert about["licence"] == "CC-BY-4.0"
    assert sum(file.stat().st_size for file in SHIPPED.parent.glob("links.*")) < 5_000_000


def test_trees_that_are_not_those_the_metadata_was_written_with_are_refused(tmp_path: Path):
    path = copied(tmp_path)
    trees = path.with_name("links.first.ubj")
    trees.write_bytes(trees.read_bytes()[:-1] + b"x")

    with pytest.raises(InvalidInput, match="is not the file"):
        load(path)


def test_a_model_of_other_features_is_refused(tmp_path: Path):
    path = copied(tmp_path)
    about = json.loads(path.read_text(encoding="utf-8"))
    about["first"]["features"].pop()
    path.write_text(json.dumps(about), encoding="utf-8")

    with pytest.raises(InvalidInput, match="other features"):
        load(path)


def test_a_model_that_is_not_there_is_refused_with_how_to_train_one(tmp_path: Path):
    with pytest.raises(InvalidInput) as error:
        load(tmp_path / "none.json")

    assert "catchup train conversations" in error.value.remedy


def test_links_by_line_leave_what_the_server_says_alone():
    said = tuple(crowd()[:2])
    log = Log(name="a", utterances=said, lines=(0, 2), total=3, links={1: frozenset({1}), 2: frozenset({0})})

    assert in_lines(log, [0, 0]) == {1: (1,), 2: (0,)}


def test_the_rules_it_is_held_against_are_what_they_say():
    assert previous(crowd()) == [0, 0, 1, 2, 3, 4, 5]
    assert own_or_named(crowd()) == [0, 1, 0, 1, 2, 3, 4]
