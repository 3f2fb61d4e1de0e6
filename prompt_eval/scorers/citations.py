"""Citation validity: does what a summary cites exist, and does every item cite something that does?"""

from __future__ import annotations

from collections.abc import Mapping

from prompt_eval.models import Case, Outcome, Scorer

VALID = "citation_validity"
CITED = "cited_items"


def citations(case: Case, outcome: Outcome) -> Mapping[str, float]:
    """Return the share of citations that are messages of the case, and of items with at least one such.

    An item without citations cites nothing that is valid. A summary without items claims nothing: no scores.
    """
    if not outcome.items:
        return {}
    known = {message.id for message in case.messages}
    cited = [citation for item in outcome.items for citation in item.citations]
    valid = sum(citation in known for citation in cited)
    items = sum(any(citation in known for citation in item.citations) for item in outcome.items)
    return {VALID: valid / len(cited) if cited else 0.0, CITED: items / len(outcome.items)}


scorer = Scorer(name="citations", version="1", score=citations)
