from __future__ import annotations

import pytest

from summarize.ground import Reversals
from tests.support.talk import ANN, BEN, material, said

ASIDE = "The lunch menu is out, and the printers have paper again."


def reversed_by(old: str, new: str, *, apart: int = 10) -> bool:
    """Tell whether a statement counts as taken back by a later one, other talk between them."""
    between = [said(3 * (n + 1), ANN, f"{ASIDE} Part {n + 1} of the news.") for n in range(apart)]
    entries = material([said(0, ANN, old), *between, said(3 * (apart + 1) + 3, ANN, new)]).entries
    return bool(Reversals(entries).by)


@pytest.mark.parametrize("apart", [0, 10])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Decision: team 0 moves to floor 1 in week 2", "Decision: team 10 moves to floor 11 in week 12"),
        ("Decision: batch 4 moves to Monday", "Decision: batch 5 moves to Tuesday"),
        ("Decision: cluster A moves to Frankfurt by Monday", "Decision: cluster B moves to Dublin by Friday"),
        ("Decision: the Hansen rollout moves to Monday", "Decision: the Okafor pilot moves to Friday"),
    ],
)
def test_a_like_statement_of_another_subject_takes_nothing_back(one: str, other: str, apart: int) -> None:
    assert not reversed_by(one, other, apart=apart)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Decision: team 3 moves to floor 1 on Monday", "Decision: team 3 moves to floor 2 on Tuesday"),
        ("Decision: the rollout for Hansen moves to Monday", "The Hansen rollout moved to Friday"),
        ("Decision: batch 4 ships on Monday", "batch 4 moved to Tuesday"),
        ("Decision: we ship the release on Thursday", "The release is pushed to Friday"),
    ],
)
def test_another_date_for_the_same_subject_does(old: str, new: str) -> None:
    assert reversed_by(old, new, apart=0)


def test_what_another_says_of_the_same_numbered_subject_counts_too() -> None:
    entries = material(
        [
            said(0, ANN, "Decision: team 3 moves to floor 1 on Monday"),
            said(9, BEN, "Team 3 moves to floor 1 on Friday"),
        ]
    ).entries

    assert Reversals(entries).by == {"m0": "m9"}
