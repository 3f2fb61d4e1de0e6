"""Sources together: fused by weight, and one that fails or is late does not take the answer with it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from core.events.models import Corpus
from recommend.candidates import SOURCES
from recommend.gather import fuse
from recommend.models import Ints, SourceReport
from recommend.query import Query
from recommend.usecase import SourceUse, UseCase, UseCases, load_use_cases
from tests.support.communities import World, channel, person, settle, world


@pytest.fixture(scope="module", autouse=True)
def odd_sources() -> Iterator[None]:
    """Sources as people may write them; entered under names no use case that ships has."""

    @SOURCES.add(Corpus.CHANNEL, "test_broken")
    def broken(query: Query, limit: int) -> Ints:
        raise ZeroDivisionError

    @SOURCES.add(Corpus.CHANNEL, "test_slow")
    def slow(query: Query, limit: int) -> Ints:
        time.sleep(0.5)
        return np.array([1], dtype=np.int32)

    @SOURCES.add(Corpus.CHANNEL, "test_wild")
    def wild(query: Query, limit: int) -> Ints:
        return np.array([-5, 0, 99_999, 4, 4], dtype=np.int32)

    yield
    for name in ("test_broken", "test_slow", "test_wild"):
        SOURCES._known.pop((Corpus.CHANNEL, name))


def with_source(name: str, **more: int) -> UseCases:
    browser = load_use_cases().get("channel_browser").model_dump(mode="json")
    browser["sources"] = [*browser["sources"], {"name": name, **more}]
    browser["exploration"] = {"kind": "none"}
    return UseCases({"channel_browser": UseCase.model_validate(browser)})


async def answer_with(sqlite_database, tmp_path, name: str, **more: int):
    async with world(sqlite_database, tmp_path, use_cases=with_source(name, **more)) as found:
        await settle(found)
        await found.build()
        return found, await found.ask_anyhow(person(0, 4))


def report_of(answer, name: str) -> SourceReport:
    return next(report for report in answer.sources if report.name == name)


async def test_a_source_that_raises_is_left_out_counted_and_named(sqlite_database, tmp_path):
    found, answer = await answer_with(sqlite_database, tmp_path, "test_broken")

    assert report_of(answer, "test_broken").left_out == "failed:ZeroDivisionError"
    assert answer.items[0].entry.id == channel(0, 3)
    assert failures(found, "test_broken") == 1


async def test_a_source_beyond_its_time_is_left_out_counted_and_named(sqlite_database, tmp_path):
    found, answer = await answer_with(sqlite_database, tmp_path, "test_slow", budget_ms=50)

    assert report_of(answer, "test_slow").left_out == "late"
    assert report_of(answer, "test_slow").milliseconds < 400
    assert answer.items[0].entry.id == channel(0, 3)
    assert failures(found, "test_slow") == 1


async def test_numbers_a_source_made_up_are_never_shown(sqlite_database, tmp_path):
    _, answer = await answer_with(sqlite_database, tmp_path, "test_wild")

    assert not report_of(answer, "test_wild").left_out
    assert all(0 < item.item < 99_999 for item in answer.items)
    assert len({item.item for item in answer.items}) == len(answer.items)


def failures(found: World, name: str) -> float | None:
    return found.metrics.registry.get_sample_value("catchup_source_failures_total", {"source": name})


def fused(*lists: tuple[float, list[int]], limit: int = 10) -> list[int]:
    uses = [SourceUse(name=f"s{n}", weight=weight) for n, (weight, _) in enumerate(lists)]
    answers = [
        (np.array(items, dtype=np.int32), SourceReport(name=use.name, found=len(items), milliseconds=0))
        for use, (_, items) in zip(uses, lists, strict=True)
    ]
    return fuse(uses, answers, limit=limit).items.tolist()


def test_what_several_sources_bring_comes_before_what_one_brings():
    assert fused((1.0, [1, 2]), (1.0, [3, 2])) == [2, 1, 3]


def test_a_heavier_source_decides_who_stays_when_the_pool_is_full():
    assert fused((1.0, [1, 2]), (3.0, [3, 4]), limit=2) == [3, 4]


def test_a_source_that_names_an_item_twice_counts_it_once():
    assert fused((1.0, [1, 1, 1]), (1.0, [2, 3])) == [1, 2, 3]
