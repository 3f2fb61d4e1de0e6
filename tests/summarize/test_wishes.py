from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from summarize.wishes import LONGEST_QUESTION, language_of, question_of


@pytest.mark.parametrize(
    "tag",
    ["de", "en-GB", "pt-BR", "zh-Hant", "zh-Hant-TW", "sr-Latn-RS", "es-419", "de-CH-1996", "sl-rozaj-biske",
     "zh-yue", "de-DE-u-co-phonebk", "haw"],
)  # fmt: skip
def test_a_well_formed_language_tag_is_kept_as_it_is(tag: str) -> None:
    assert language_of(f" {tag} ") == tag


@pytest.mark.parametrize(
    "tag", ["d", "german", "de_DE", "en-", "-en", "x-klingon", "i-klingon", "en GB", "de-DE-DE", "日本", "e1"]
)
def test_any_other_is_refused_by_name(tag: str) -> None:
    with pytest.raises(InvalidInput, match="BCP 47") as caught:
        language_of(tag)

    assert caught.value.field == "language"


@pytest.mark.parametrize("nothing", [None, "", "  \n "])
def test_no_wish_is_an_empty_one(nothing: str | None) -> None:
    assert (question_of(nothing), language_of(nothing)) == ("", "")


def test_a_question_is_one_line_of_at_most_500_characters() -> None:
    assert question_of(" What was\n decided\tabout 4.12? ") == "What was decided about 4.12?"
    assert question_of("x" * LONGEST_QUESTION) == "x" * LONGEST_QUESTION
    with pytest.raises(InvalidInput, match="longer than 500"):
        question_of("x" * (LONGEST_QUESTION + 1))


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\ud800b", "\x7f"])
def test_a_question_with_control_characters_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="control characters"):
        question_of(text)


@given(st.text(max_size=600))
def test_whatever_is_asked_is_one_clean_line_or_an_error_that_does_not_quote_it(text: str) -> None:
    try:
        question = question_of(text)
    except InvalidInput as error:
        assert error.value == repr(f"text of {len(text.strip())} characters")  # noqa: PT017  the other outcome is no error
    else:
        assert "\n" not in question
        assert len(question) <= LONGEST_QUESTION
