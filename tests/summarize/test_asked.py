"""Questions put to a window."""

from __future__ import annotations

import pytest

from core.embedding import HashingEmbedder
from summarize.engine import Brief, Draft
from summarize.extract_drafter import ExtractiveDrafter
from summarize.extractive import Extractive
from summarize.ground import Grounding
from summarize.models import Detail, Item, ItemKind
from tests.support.talk import ACME, ANN, BEN, CAT, CHANNELS, DAN, cited, material, said

TALK = [
    said(0, ANN, "When do we launch the beta? The newsletter needs the launch date.", id="ask"),
    said(1, BEN, "Decision: the launch date is 12 May.", id="old"),
    said(2, CAT, "Fine by me, design is ready for that.", id="fine"),
    said(4, DAN, "The office coffee machine leaks again, somebody put a towel under it.", id="coffee"),
    said(5, CAT, "I'll call the coffee machine vendor tomorrow.", id="vendor"),
    said(9, BEN, "Change of plans: new launch date is 26 May, the beta needs two weeks more.", id="new"),
    said(12, DAN, "Root cause of the invoice outage: the exporter ran out of memory.", id="cause"),
    said(15, ANN, "Which region do we open the data centre in, Malmo or Gdansk?", id="region"),
]


def answers(question: str, detail: Detail = Detail.STANDARD) -> tuple[Item, ...]:
    return Extractive(HashingEmbedder()).draft(material(TALK), detail, question).items


def test_a_question_about_a_decision_gets_the_state_that_stands() -> None:
    first = answers("What was decided about the launch date?")[0]

    assert first.citations[0] == "new"
    assert "old" in first.superseded
    assert "26 May" in first.text


@pytest.mark.parametrize(
    ("question", "id"),
    [
        ("When is the launch?", "new"),
        ("Who calls about the coffee machine?", "vendor"),
        ("Why was there an invoice outage?", "cause"),
        ("What about the data centre region?", "region"),
    ],
)
def test_the_first_answer_is_of_the_kind_that_is_asked_for(question: str, id: str) -> None:
    assert answers(question)[0].citations[0] == id


@pytest.mark.parametrize(
    "question", ["What was decided about parental leave?", "Who owns the Kubernetes upgrade?"]
)
def test_a_question_that_nothing_bears_on_gets_no_answer(question: str) -> None:
    assert answers(question, Detail.FULL) == ()


def test_an_answer_holds_only_what_bears_on_the_question() -> None:
    assert cited(answers("Who calls about the coffee machine?", Detail.FULL)) <= {"coffee", "vendor"}


def test_a_question_without_a_subject_gets_all_of_its_kind() -> None:
    found = answers("Which questions are still open?")

    assert found
    assert {item.kind for item in found} == {ItemKind.QUESTION}


@pytest.mark.parametrize(("detail", "most"), [(Detail.BRIEF, 2), (Detail.STANDARD, 4), (Detail.FULL, 8)])
def test_an_answer_is_short(detail: Detail, most: int) -> None:
    talk = [
        said(
            n, (ANN, BEN, CAT, DAN)[n % 4], f"Launch note {n}: the launch of depot {n * 7} takes {n} {word}."
        )
        for n, word in enumerate(
            ["days", "vans", "drills", "plugs", "nights", "bolts", "keys", "maps", "forms", "tests", "calls"]
        )
    ]

    found = Extractive(HashingEmbedder()).draft(material(talk), detail, "How is the launch going?").items

    assert 1 <= len(found) <= most


def test_every_answer_is_grounded() -> None:
    grounding = Grounding(material(TALK))
    questions = (
        "launch date?",
        "What was decided?",
        "Who does what?",
        "Why?",
        "coffee machine",
        "What happened?",
    )

    found = [item for q in questions for detail in Detail for item in answers(q, detail)]

    assert found
    assert {grounding.fault(item) for item in found} == {""}


async def test_the_drafter_yields_each_item_then_the_draft_that_holds_them() -> None:
    found = material(TALK)
    drafter = ExtractiveDrafter(HashingEmbedder())
    brief = Brief(
        workspace=ACME,
        channel=CHANNELS[0],
        material=found,
        question="What was decided about the launch date?",
    )

    told = [one async for one in drafter.draft(brief)]

    *items, last = told
    assert isinstance(last, Draft)
    assert tuple(items) == last.items != ()
    assert last == Extractive(HashingEmbedder()).draft(found, Detail.STANDARD, brief.question)
    assert (drafter.name, drafter.model) == ("extractive/1", "hashing-256")
