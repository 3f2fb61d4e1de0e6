"""Reproduces published figures on DialogSum: published / re-derived by the authors' tool / ours.

python -m benchmarks.yardstick_dialogsum ../shared/data/eval/dialogsum

Published: Chen et al. 2021, "DialogSum: A Real-Life Scenario Dialogue Summarization Dataset", and the BART row of its
repository. Re-derived: py-rouge 1.1 (first three rows) and rouge-score 0.1.2 (BART), run once by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.table import Table

from prompt_eval.baselines import LEAD_3, LONGEST_3, Baseline
from prompt_eval.dataset import CaseSet, load
from prompt_eval.rouge155 import rouge155
from prompt_eval.scorers.rouge import rouge

METRICS = ("rouge1", "rouge2", "rougeL")
Figures = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One published row and how far ours may lie from the re-derived one, in points."""

    name: str
    published: Figures
    derived: Figures
    tolerance: float
    measure: Callable[[CaseSet, Path], Figures]


def baseline_figures(baseline: Baseline) -> Callable[[CaseSet, Path], Figures]:
    def measure(cases: CaseSet, _: Path) -> Figures:
        return _mean([rouge155(baseline.outcome(case).text, case.references) for case in cases])

    return measure


def human_figures(cases: CaseSet, _: Path) -> Figures:
    """Score each reference against the others, and take the mean."""
    return _mean(
        [
            rouge155(reference, [*case.references[:index], *case.references[index + 1 :]])
            for case in cases
            for index, reference in enumerate(case.references)
        ]
    )


def bart_figures(cases: CaseSet, folder: Path) -> Figures:
    """Score the released outputs of BART against the first reference."""
    outputs = (folder / "bart_baseline_test_output.txt").read_text(encoding="utf-8").splitlines()
    return _mean([rouge(text, case.references[:1]) for text, case in zip(outputs, cases, strict=True)])


ROWS = (
    Row(
        name="human",
        published=(53.35, 26.72, 50.84),
        derived=(53.29, 26.68, 50.91),
        tolerance=0.1,
        measure=human_figures,
    ),
    Row(
        name="LEAD-3",
        published=(27.50, 6.78, 27.31),
        derived=(27.12, 6.77, 26.75),
        tolerance=0.6,
        measure=baseline_figures(LEAD_3),
    ),
    Row(
        name="LONGEST-3",
        published=(24.15, 6.25, 22.73),
        derived=(23.76, 6.32, 23.28),
        tolerance=0.6,
        measure=baseline_figures(LONGEST_3),
    ),
    Row(
        name="BART, rouge-score",
        published=(45.9458, 21.3612, 38.7189),
        derived=(45.909, 21.320, 38.710),
        tolerance=0.1,
        measure=bart_figures,
    ),
)


def read_cases(folder: Path) -> CaseSet:
    return load(folder / "dialogsum.test.jsonl", format="dialogsum")


def main(folder: Path) -> None:
    cases = read_cases(folder)
    table = Table(title=f"DialogSum, {len(cases)} dialogues: ROUGE-1 / 2 / L")
    for heading in ("row", "published", "re-derived", "ours", "tolerance", "greatest distance"):
        table.add_column(heading, justify="left" if heading == "row" else "right")
    for row in ROWS:
        ours = row.measure(cases, folder)
        distance = max(abs(a - b) for a, b in zip(ours, row.published, strict=True))
        shown = [
            " / ".join(f"{value:.2f}" for value in figures) for figures in (row.published, row.derived, ours)
        ]
        table.add_row(row.name, *shown, f"{row.tolerance}", f"{distance:.3f}")
    Console(width=150).print(table)


def _mean(scores: Sequence[dict[str, float]]) -> Figures:
    one, two, lcs = (100 * fmean(score[metric] for score in scores) for metric in METRICS)
    return one, two, lcs


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/eval/dialogsum"))
