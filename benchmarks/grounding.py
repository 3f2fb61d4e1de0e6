"""How well the checks tell true claims from false ones, over tests/summarize/claims.yaml and the sample workspace.

    python -m benchmarks.grounding              # both halves; the even lines did not serve to mend the checks
    python -m benchmarks.grounding --misses     # and what they got wrong among the odd ones

"kept" of the true claims is what a reader would still see; "refused" of the false ones what they are spared. The AUC
is that of the support score of summarize.support (words, meaning and faults); .5 is chance.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.planted import sample
from core.embedding import Embedder
from gpu.embedder import MiniLmEmbedder
from summarize.support import Support, scores
from tests.support.claims import Claim, Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claim, whether it came out, and its support."""

    claim: Claim
    kept: bool
    support: Support


def measured(desk: Desk, embedder: Embedder) -> list[Row]:
    """Return what becomes of every claim."""
    rows: list[Row] = []
    by_channel: dict[str, list[Claim]] = defaultdict(list)
    for claim in desk.claims():
        by_channel[claim.channel].append(claim)
    for channel, claims in by_channel.items():
        found = scores([claim.item for claim in claims], desk.material(channel), embedder)
        for claim, support in zip(claims, found, strict=True):
            kept = desk.grounding(channel).settle(claim.item).item is not None
            rows.append(Row(claim=claim, kept=kept, support=support))
    return rows


def auc(rows: Sequence[Row]) -> float:
    """Return how often a true claim scores above a false one; ties count half."""
    true = [row.support.score for row in rows if row.claim.true]
    false = [row.support.score for row in rows if not row.claim.true]
    wins = sum((a > b) + 0.5 * (a == b) for a in true for b in false)
    return wins / (len(true) * len(false))


def show(title: str, rows: Sequence[Row]) -> None:
    """Print one half: kept, refused, precision, recall, AUC."""
    true = [row for row in rows if row.claim.true]
    false = [row for row in rows if not row.claim.true]
    kept, passed = sum(row.kept for row in true), sum(row.kept for row in false)
    print(
        f"{title:<10} true kept {kept}/{len(true)} ({kept / len(true):.0%})   false refused"
        f" {len(false) - passed}/{len(false)} ({1 - passed / len(false):.0%})   precision of what is kept"
        f" {kept / (kept + passed):.2f}   AUC {auc(rows):.3f}"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--misses", action="store_true", help="print the odd claims that were judged wrongly")
    given = parser.parse_args()
    rows = measured(Desk(sample()), MiniLmEmbedder())
    show("odd lines", [row for row in rows if row.claim.odd])
    show("even lines", [row for row in rows if not row.claim.odd])
    sorts = Counter((row.claim.sort, row.kept == row.claim.true) for row in rows)
    for sort in dict.fromkeys(row.claim.sort for row in rows):
        right, wrong = sorts[sort, True], sorts[sort, False]
        print(f"  {sort:<11} {right}/{right + wrong} right")
    if given.misses:
        for row in rows:
            if row.claim.odd and row.kept != row.claim.true:
                print(f"  {row.claim.sort}: {row.claim.item.text} ({row.support.fault or 'kept'})")


if __name__ == "__main__":
    main()
