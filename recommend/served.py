"""An answer as it is logged: what training and counterfactual estimators read later, and what feedback refers to."""

from __future__ import annotations

from core.events.models import Event, EventKind
from core.ids import EventId
from recommend.models import Recommendations
from recommend.store import Served


def to_event(answer: Recommendations) -> Event:
    """Return the event: per shown place the item, score, propensity, sources and features as served."""
    return Event(
        id=EventId(answer.request),
        workspace=answer.workspace,
        kind=EventKind.RECOMMENDATION_SERVED,
        at=answer.at,
        actor=answer.person.number,
        corpus=answer.corpus,
        request=answer.request,
        data={
            "use_case": answer.use_case,
            "arm": answer.arm,
            "ranker": answer.ranker,
            "ranker_version": answer.ranker_version,
            "snapshot": answer.snapshot,
            "items": [shown.item for shown in answer.items],
            "scores": [shown.score for shown in answer.items],
            "propensities": [shown.propensity for shown in answer.items],
            "sources": [shown.sources for shown in answer.items],
            "features": answer.features,
            "values": [shown.features for shown in answer.items],
            "left_out": [report.name for report in answer.sources if report.left_out],
            "removed": dict(answer.removed),
        },
    )


def to_served(answer: Recommendations) -> Served:
    """Return what feedback is checked against."""
    return Served(
        workspace=answer.workspace,
        request=answer.request,
        at=answer.at,
        person=answer.person.number,
        use_case=answer.use_case,
        arm=answer.arm,
        corpus=answer.corpus,
        items={shown.entry.id: shown.item for shown in answer.items},
    )
