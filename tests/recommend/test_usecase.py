"""Use cases: what ships is right, and what people write wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidFile, NotFound
from core.events.models import Corpus
from recommend.usecase import SHIPPED, load_use_cases, read_use_case

GOOD = """
name: mine
corpus: channel
description: Mine.
sources: [{name: popular}]
features: {active_30: 1.0}
"""


def written(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def test_what_ships_is_valid_and_has_three_sources_where_strangers_are_ranked():
    found = {use_case.name: use_case for use_case in load_use_cases().all()}

    assert set(found) == {"channel_browser", "composer_dm", "daily_digest", "teammates"}
    for name in ("channel_browser", "composer_dm", "teammates"):
        assert len(found[name].sources) >= 3
    assert {found["channel_browser"].corpus, found["composer_dm"].corpus} == {Corpus.CHANNEL, Corpus.USER}


def test_one_file_adds_a_use_case(tmp_path: Path):
    written(tmp_path, GOOD)

    found = load_use_cases(SHIPPED, tmp_path)

    assert found.get("mine").k.default == 10
    assert found.get("channel_browser")


def test_an_unknown_use_case_lists_those_there_are():
    with pytest.raises(NotFound, match="composer_dm"):
        load_use_cases().get("composer")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            ("name: popular", "name: populer"),
            ["source", "populer", "is not known for channels", "colleagues"],
        ),
        (("name: popular", "name: people_graph"), ["people_graph", "Use one of: als"]),
        (("active_30: 1.0", "active_31: 1.0"), ["feature", "active_31", "active_30"]),
        (("active_30: 1.0", "active_30: many"), ["features.active_30", "many", "number"]),
        (("corpus: channel", "corpus: chanel"), ["corpus", "chanel", "'channel' or 'user'"]),
        (("sources: [{name: popular}]", "sources: []"), ["sources", "at least 1"]),
        (("sources: [{name: popular}]", "source: []"), ["sources", "required"]),
        (("{name: popular}", "{name: popular, limit: 0}"), ["sources.0.limit", "(got 0)"]),
        (("{name: popular}", "{name: popular}, {name: popular}"), ["sources has a name twice"]),
        (("name: mine", "name: Mine!"), ["name", "Mine!"]),
        (("name: mine", "name: yours"), ["is not the file's name", "name: mine"]),
        (("corpus: channel", "corpus: channel\nkk: 3"), ["kk", "not permitted"]),
        (("corpus: channel", "corpus: channel\nk: {default: 60}"), ["k", "default is larger than max"]),
        (("corpus: channel", "corpus: channel\nrules: [in_contact]"), ["in_contact", "not for channels"]),
        (
            ("corpus: channel", "corpus: channel\nexploration: {kind: epsilon, epsilon: 2}"),
            ["exploration.epsilon"],
        ),
        (("description: Mine.", "description: ["), ["line", "is not YAML"]),
    ],
)
def test_a_mistake_is_named_with_file_field_value_and_remedy(
    tmp_path: Path, change: tuple[str, str], names: list[str]
):
    path = written(tmp_path, GOOD.replace(*change))

    with pytest.raises(InvalidFile) as raised:
        read_use_case(path)

    assert "mine.yaml" in str(raised.value)
    assert raised.value.remedy
    for name in names:
        assert name in str(raised.value), str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", "42", "just words"])
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, text: str):
    with pytest.raises(InvalidFile, match=r"mine\.yaml"):
        read_use_case(written(tmp_path, text))


def test_an_arm_changes_the_weights_it_names_and_no_others(tmp_path: Path):
    text = GOOD.replace("{active_30: 1.0}", "{active_30: 1.0, recency: 2.0}")
    arms = "arms: [{name: control, weight: 1}, {name: fresh, weight: 1, features: {recency: 5.0}}]\n"

    use_case = read_use_case(written(tmp_path, text + arms))

    assert use_case.weights("control") == {"active_30": 1.0, "recency": 2.0}
    assert use_case.weights("fresh") == {"active_30": 1.0, "recency": 5.0}
