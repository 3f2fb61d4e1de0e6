"""Sentences as reports of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarize.extract.reported import reported
from summarize.extract.voice import Voice

ALONE = Voice(speaker="Ann")
PAIR = Voice(speaker="Ann", other="Ben")
NEGATION = re.compile(r"\b(?:not|never|no)\b|n't\b")


@pytest.mark.parametrize(
    ("said", "report"),
    [
        ("I'm rolling back the gateway.", "Ann is rolling back the gateway."),
        ("I don't trust that test.", "Ann doesn't trust that test."),
        ("Well, I've seen 3 of 12 fail.", "Ann has seen 3 of 12 fail."),
        ("Do you know why it failed?", "Ann asks Ben whether Ben knows why it failed."),
        ("Have you rotated the keys?", "Ann asks Ben whether Ben has rotated the keys."),
        ("Where did you find my laptop?", "Ann asks Ben where Ben found Ann's laptop."),
        ("What should we do about the beta?", "Ann asks Ben what we should do about the beta."),
        ("Can you send me the contract by Friday?", "Ann asks Ben to send Ann the contract by Friday."),
        ("Please don't deploy the gateway today.", "Ann asks Ben not to deploy the gateway today."),
        ("Let's wait for QA.", "Ann suggests waiting for QA."),
        ("Why don't we skip the beta?", "Ann suggests skipping the beta."),
        ("Thanks for the review.", "Ann thanks Ben for the review."),
        ("If you agree, I drop my retry.", "Ann says if Ben agrees, Ann drops Ann's retry."),
    ],
)
def test_a_report_is_in_the_third_person(said: str, report: str) -> None:
    assert reported(said, PAIR) == report


@pytest.mark.parametrize(
    "said",
    [
        "The gateway is down.",  # nobody is spoken of: the words themselves are as short
        "You could use your own branch.",  # to whom?
        "Small, I'd like to merge before lunch.",
        "Do iOS first, it will make me feel heard.",
        "Post ist da und ich hole sie.",
        "Decision: I drop the beta.",
        "I grok the retry.",  # a verb whose form is not known
        "I put it on the list.",  # today, or yesterday?
        "I did it myself.",
        "",
    ],
)
def test_what_cannot_be_told_for_certain_is_not_reported(said: str) -> None:
    assert reported(said, ALONE) is None


def test_who_is_asked_is_left_out_where_it_is_not_known() -> None:
    assert reported("Does anyone know the owner?", ALONE) == "Ann asks whether anyone knows the owner."


@given(
    start=st.sampled_from(
        [
            "I",
            "I don't",
            "I will not",
            "I never",
            "Can you",
            "Do you",
            "Did we",
            "Let's not",
            "Please don't",
            "We can't",
        ]
    ),
    verb=st.sampled_from(["deploy", "pay", "review", "stop", "use", "grok"]),
    number=st.integers(min_value=0, max_value=10**6),
    code=st.sampled_from(["`clamp_price()`", "`tariff-sync`", "Redpanda"]),
    end=st.sampled_from([".", "?", ""]),
)
def test_a_report_keeps_numbers_names_and_negations(
    start: str, verb: str, number: int, code: str, end: str
) -> None:
    said = f"{start} {verb} the {number} runs of {code} for you{end}"

    report = reported(said, PAIR)

    if report is not None:
        assert str(number) in report
        assert code in report
        assert bool(NEGATION.search(report)) == bool(NEGATION.search(said))


@given(st.text(max_size=120))
def test_any_text_is_reported_or_refused(text: str) -> None:
    report = reported(text, PAIR)

    assert report is None or report.startswith("Ann")
