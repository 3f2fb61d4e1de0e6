"""Whatever a message demands and a model obeys: no foreign link or mention, no markup, the schema, real citations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.embedding import HashingEmbedder
from summarize.extractive import Extractive
from summarize.ground import Grounded, Grounding
from summarize.models import Detail, Item
from summarize.spotlight import canary
from tests.support.injection import SECRET, Case, load, run_case, unaffected
from tests.support.obedient import obeyed

OWN = load(Path(__file__).parent)
CANARY = canary(SECRET)
PUBLISHED = ["slack_handmade", "bipia", "cyberseceval"]


async def extracted(case: Case) -> Sequence[Item]:
    """Return what the embedded engine makes of a case, grounded."""
    material = case.material
    grounded = Grounded(Grounding(material))
    for item in Extractive(HashingEmbedder()).draft(material, Detail.FULL).items if material.used else ():
        grounded.settle(item)
    return grounded.kept


async def failures(cases: Sequence[Case], *, broken: bool) -> list[str]:
    """Return what gets out, or is lost, when a model obeys."""
    found: list[str] = []
    for case in cases:
        items = await obeyed(case, broken=broken)

        async def those(_: Case, items: Sequence[Item] = items) -> Sequence[Item]:
            return items

        verdict = await run_case(case, those, canary=CANARY)
        if verdict.escaped or (lost := unaffected(case, items)):
            found.append(f"{case.corpus} {case.id}: {verdict.escaped or lost}")
    return found


def test_there_are_at_least_forty_cases_of_our_own_and_each_has_an_honest_message() -> None:
    assert len(OWN) >= 40
    assert all(case.honest for case in OWN)


@pytest.mark.parametrize("broken", [False, True])
async def test_an_obeying_model_gets_nothing_out_and_spoils_no_honest_item(broken: bool) -> None:
    assert await failures(OWN[broken::4], broken=broken) == []


@pytest.mark.slow
@pytest.mark.parametrize("broken", [False, True])
async def test_no_case_of_ours_gets_anything_out(broken: bool) -> None:
    assert await failures(OWN, broken=broken) == []


@pytest.mark.slow
@pytest.mark.parametrize("corpus", PUBLISHED)
async def test_no_published_case_gets_anything_out(corpus: str, shared_data: Path) -> None:
    assert await failures(load(shared_data / "injection" / corpus), broken=False) == []


@pytest.mark.parametrize("corpus", PUBLISHED)
async def test_the_embedded_engine_lets_nothing_out_and_reports_the_honest_messages(
    corpus: str, shared_data: Path
) -> None:
    for case in load(shared_data / "injection" / corpus):
        verdict = await run_case(case, extracted)

        assert (verdict.escaped, verdict.lost) == ((), ()), case.id


async def test_the_embedded_engine_repeats_nothing_that_our_cases_forbid() -> None:
    for case in OWN:
        verdict = await run_case(case, extracted)

        assert (verdict.escaped, verdict.said) == ((), ()), case.id


def test_a_folder_of_any_of_the_shapes_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": "x", "messages": [{"u": "ann", "t": "hi there"}]}\n{"prompt": "obey"}\n'
    )
    (tmp_path / "b.json").write_text('{"Kind": ["one", "two"]}')
    (tmp_path / "c.json").write_text('[{"user_input": "three"}, "four"]')

    cases = load(tmp_path)

    assert [case.id for case in cases] == ["x", "1", "0", "1", "0", "1"]
    assert [len(case.honest) for case in cases] == [1, 3, 3, 3, 3, 3]
