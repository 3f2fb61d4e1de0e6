"""Why something is recommended, in words."""

from __future__ import annotations

import inspect
import re

import pytest

from gateway.reasons import WORDINGS, Names, sentence
from recommend import reasons
from recommend.models import Reason

NAMES = Names(people={1: "Ana", 2: "Bo"}, channels={7: "#ops"})


def test_every_reason_of_the_recommender_has_words():
    written = set(re.findall(r'code="(\w+)"', inspect.getsource(reasons)))
    contacts = {"in_touch", "you_contacted", "contacted_you"}

    assert written | contacts == set(WORDINGS)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            Reason(code="colleagues_active", count=1, people=(1,)),
            "1 person you work with is active here: Ana",
        ),
        (
            Reason(code="colleagues_active", count=5, people=(1, 2)),
            "5 people you work with are active here: Ana, Bo and 3 more",
        ),
        (Reason(code="similar_channels", count=1, channels=(7,)), "shares many people with #ops"),
        (Reason(code="similar_channels", count=1, channels=(8,)), "shares many people with your channels"),
        (Reason(code="shared_channels", count=1, channels=(8,)), "you are both in 1 channel"),
        (Reason(code="in_touch", count=0), "you write to each other, most recently today"),
        (Reason(code="you_contacted", count=1), "you wrote to them yesterday"),
        (Reason(code="made_up_by_a_plugin"), "made up by a plugin"),
    ],
)
def test_it_says_how_many_and_names_only_what_the_reader_may_know(reason: Reason, words: str):
    assert sentence(reason, NAMES) == words
