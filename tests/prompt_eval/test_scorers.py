"""Scorers: known answers, and the same numbers as the library they stand on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_eval.models import Case, Outcome, OutcomeItem
from prompt_eval.rouge155 import rouge155
from prompt_eval.scorers import all_scorers, scorers_digest
from prompt_eval.scorers.citations import citations
from prompt_eval.scorers.rouge import METRICS, rouge, rouge_scorer
from tests.support.eval_cases import case

sentences = st.lists(
    st.sampled_from(
        ["the", "cat", "cats", "sat", "sitting", "on", "mats", "Running", "ran", "3", "\n", "don't"]
    ),
    min_size=1,
    max_size=14,
).map(" ".join)


def outcome(*items: tuple[str, tuple[str, ...]]) -> Outcome:
    return Outcome(items=tuple(OutcomeItem(text=text, citations=cited) for text, cited in items))


@settings(deadline=None)
@given(sentences, sentences)
def test_rouge_gives_the_numbers_of_rouge_score_to_the_last_bit(prediction: str, reference: str):
    from rouge_score.rouge_scorer import RougeScorer

    stock = RougeScorer(list(METRICS), use_stemmer=True).score(reference, prediction)

    assert rouge(prediction, (reference,)) == {metric: stock[metric].fmeasure for metric in METRICS}


def test_rouge_of_equal_texts_is_one_and_of_disjoint_texts_zero():
    assert set(rouge("the cat sat", ("the cat sat",)).values()) == {1.0}
    assert set(rouge("the cat sat", ("dogs bark",)).values()) == {0.0}


def test_stems_count_as_equal():
    assert rouge("deploying databases", ("deployed database",))["rouge1"] == 1.0


def test_several_references_are_averaged_or_the_best_is_taken():
    references = ("the cat sat", "dogs bark")

    assert rouge("the cat sat", references)["rouge1"] == 0.5
    assert rouge("the cat sat", references, aggregate="max")["rouge1"] == 1.0
    assert rouge_scorer("mean").version != rouge_scorer("max").version


def test_without_references_there_is_no_rouge():
    assert rouge("anything", ()) == {}


def test_lsum_takes_each_line_for_a_sentence():
    swapped = rouge("bob left\nana came", ("ana came\nbob left",))

    assert swapped["rougeLsum"] == 1.0
    assert swapped["rougeL"] == 0.5


@pytest.mark.parametrize(
    ("items", "valid", "cited"),
    [
        ([("a", ("m1-1",))], 1.0, 1.0),
        ([("a", ("m1-1", "m9-9"))], 0.5, 1.0),
        ([("a", ("m1-1",)), ("b", ("m9-9",))], 0.5, 0.5),
        ([("a", ("m1-1",)), ("b", ())], 1.0, 0.5),
        ([("a", ())], 0.0, 0.0),
    ],
)
def test_citations_are_valid_if_they_are_messages_of_the_case(
    items: list[tuple[str, tuple[str, ...]]], valid: float, cited: float
):
    assert citations(case(1), outcome(*items)) == {"citation_validity": valid, "cited_items": cited}


def test_a_summary_without_items_claims_nothing():
    assert citations(case(1), outcome()) == {}


def test_every_file_among_the_scorers_is_found():
    assert [scorer.name for scorer in all_scorers()] == ["citations", "rouge"]


def test_the_digest_of_scorers_changes_with_a_version():
    mean, best = rouge_scorer("mean"), rouge_scorer("max")

    assert scorers_digest([mean]) != scorers_digest([best])


def test_no_scorer_fails_on_a_case_of_any_shape():
    empty = Case(id="a", messages=case(1).messages)

    for scorer in all_scorers():
        assert scorer.score(empty, outcome()) == {}


def test_the_older_rouge_pools_hits_over_references_before_it_takes_one_f1():
    scores = rouge155("ana left early", ["ana left early", "bob stayed"])

    precision, recall = 3 / 6, 3 / 5
    assert scores["rouge1"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_the_older_rouge_knows_irregular_forms_and_reads_a_hundred_words():
    assert rouge155("she went", ["she goes"])["rouge1"] == 1.0
    assert rouge155("word " * 100 + "extra", ["word " * 100])["rouge1"] == 1.0
    assert rouge155("", ["a"]) == {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}
