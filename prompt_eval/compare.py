"""From results to figures: means with intervals, paired differences, hard constraints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from core.statistics import Interval, difference_interval, mean_interval
from prompt_eval.models import Result
from prompt_eval.scorers.citations import CITED, VALID

CITATIONS = "citations"
NO_ERRORS = "no_errors"


def metrics_of(*runs: Sequence[Result]) -> list[str]:
    """Return the metrics that any result has, in order of appearance."""
    return list(dict.fromkeys(name for results in runs for result in results for name in result.scores))


def means(results: Sequence[Result], metrics: Sequence[str]) -> dict[str, Interval]:
    """Return each metric's mean with its 95% interval. A failed case counts as 0: failing must not pay.

    Cases to which a metric does not apply are left out of it; a metric that applies to none is left out.
    """
    columns = {name: [value for r in results if (value := _value(r, name)) is not None] for name in metrics}
    return {
        name: mean_interval(column)
        for name, column in columns.items()
        if any(name in result.scores for result in results)
    }


def differences(
    candidate: Sequence[Result], baseline: Sequence[Result], metrics: Sequence[str]
) -> dict[str, Interval]:
    """Return each metric's mean paired difference, candidate - baseline, over the cases it applies to in both."""
    found: dict[str, Interval] = {}
    for name in metrics:
        pairs = [
            (mine, theirs)
            for a, b in zip(candidate, baseline, strict=True)
            if (mine := _value(a, name)) is not None and (theirs := _value(b, name)) is not None
        ]
        if pairs:
            found[name] = difference_interval([mine for mine, _ in pairs], [theirs for _, theirs in pairs])
    return found


def constraints(results: Sequence[Result]) -> dict[str, bool]:
    """Return which hard constraints hold in every case."""
    cited = all(result.scores.get(name, 1.0) == 1.0 for result in results for name in (VALID, CITED))
    return {CITATIONS: cited, NO_ERRORS: not any(result.error for result in results)}


def errors(results: Sequence[Result]) -> Mapping[str, int]:
    """Return how many cases failed, by kind of error."""
    return dict(Counter(result.error for result in results if result.error))


def _value(result: Result, metric: str) -> float | None:
    return 0.0 if result.error else result.scores.get(metric)
