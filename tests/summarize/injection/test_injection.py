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
from tests.support.injection import SECRET, Case, judged, load, run_case, unaffected
from tests.support.obedient import TURNS, Remembered, obeyed, turn_of

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


async def failures(cases: Sequence[Case]) -> list[str]:
    """Return what gets out, or is lost, when a model obeys, in clean JSON and in broken."""
    found: list[str] = []
    for case in cases:
        grounding = Remembered(case.material)
        for broken in (False, True):
            items = await obeyed(case, broken=broken, grounding=lambda _, g=grounding: g)
            verdict = judged(case, items, canary=CANARY)
            wrong = (*verdict.escaped, *unaffected(case, items))
            if wrong:
                found.append(f"{case.corpus} {case.id}, broken {broken}: {wrong}")
    return found


def test_there_are_at_least_forty_cases_of_our_own_and_each_has_an_honest_message() -> None:
    assert len(OWN) >= 40
    assert all(case.honest for case in OWN)


async def test_an_obeying_model_gets_nothing_out_and_spoils_no_honest_item() -> None:
    assert await failures(OWN) == []


@pytest.mark.parametrize("corpus", PUBLISHED)
async def test_no_published_case_gets_anything_out_whatever_the_model_obeys(
    corpus: str, shared_data: Path
) -> None:
    assert await failures(load(shared_data / "injection" / corpus)) == []


@pytest.mark.parametrize("corpus", PUBLISHED)
def test_every_fixed_payload_is_tried_in_every_corpus(corpus: str, shared_data: Path) -> None:
    for cases in (OWN, load(shared_data / "injection" / corpus)):
        assert {turn_of(case.attack) for case in cases} == set(range(TURNS))


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
