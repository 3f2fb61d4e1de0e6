"""What people did with an answer: impressions, clicks, accepts, dismissals; each judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.clock import Clock
from core.errors import CatchupError, InvalidInput, NotFound
from core.events.models import Event, EventKind, EventLog
from core.ids import EventId, RequestId, WorkspaceId
from core.telemetry import Metrics
from recommend.store import RecommendStore, Served

KINDS = {
    "impression": EventKind.IMPRESSION,
    "click": EventKind.CLICK,
    "accept": EventKind.ACCEPT,
    "dismiss": EventKind.DISMISS,
}
"""What feedback may be, and the event it becomes."""

_SKEW = timedelta(minutes=5)  # how far clocks of clients may be off


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One action on one item of an answer. `id` is chosen by the caller: the same id counts once."""

    id: str
    request: str
    kind: str
    item: str
    position: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action; `error` says why it was rejected."""

    id: str
    status: Literal["accepted", "duplicate", "rejected"]
    error: CatchupError | None = None


class FeedbackIntake:
    """Takes batches: what is acknowledged is on disk, what is wrong is named, and neither hinders the other."""

    def __init__(self, *, events: EventLog, store: RecommendStore, clock: Clock, metrics: Metrics) -> None:
        self._events = events
        self._store = store
        self._clock = clock
        self._metrics = metrics

    async def take(self, workspace: WorkspaceId, entries: Sequence[Feedback]) -> list[Outcome]:
        """Return one outcome per entry, in order; a dismissal takes effect at once.

        Raises EventLogUnavailable if nothing can be stored: then nothing was acknowledged; send the batch again.
        """
        now = self._clock.now()
        answers = await self._store.recall(workspace, {RequestId(entry.request) for entry in entries})
        judged = [_judge(workspace, entry, answers, now) for entry in entries]
        good = [event for event in judged if isinstance(event, Event)]
        await self._dismiss(workspace, good, now)
        stored = iter(await self._events.append(good) if good else [])
        outcomes: list[Outcome] = []
        for entry, found in zip(entries, judged, strict=True):
            if isinstance(found, Event):
                status = "duplicate" if next(stored).duplicate else "accepted"
                outcomes.append(Outcome(id=entry.id, status=status))
            else:
                outcomes.append(Outcome(id=entry.id, status="rejected", error=found))
        self._count(entries, outcomes)
        return outcomes

    async def _dismiss(self, workspace: WorkspaceId, events: Sequence[Event], now: datetime) -> None:
        """Note dismissals before the log acknowledges them, so that an acknowledged one always counts."""
        noted = [
            (event.actor, event.corpus, event.item)
            for event in events
            if event.kind is EventKind.DISMISS and event.actor and event.corpus and event.item
        ]
        await self._store.dismiss(workspace, noted, at=now)

    def _count(self, entries: Sequence[Feedback], outcomes: Sequence[Outcome]) -> None:
        for entry, outcome in zip(entries, outcomes, strict=True):
            kind = entry.kind if entry.kind in KINDS else "unknown"
            self._metrics.events.labels(kind, outcome.status).inc()


def _judge(
    workspace: WorkspaceId, entry: Feedback, answers: dict[RequestId, Served], now: datetime
) -> Event | CatchupError:
    """Return the event that an entry becomes, or what is wrong with it."""
    answer = answers.get(RequestId(entry.request))
    if entry.kind not in KINDS:
        return InvalidInput("kind", entry.kind, "is not feedback", remedy=f"Use one of: {', '.join(KINDS)}.")
    if answer is None:
        return NotFound(
            "answer", entry.request, remedy="Send the request_id of a recommendation of the last 30 days."
        )
    if entry.item not in answer.items:
        return InvalidInput(
            "item", entry.item, "is not in that answer", remedy="Send the id of an item it showed."
        )
    if entry.position not in (None, _position(answer, entry.item)):
        right = _position(answer, entry.item)
        return InvalidInput(
            "position", entry.position, f"is not where it was shown, {right}", remedy="Leave it out."
        )
    at = entry.at or now
    if at > now + _SKEW or at < answer.at - _SKEW:
        return InvalidInput(
            "at", at.isoformat(), "lies before the answer or in the future", remedy="Send when it happened."
        )
    return _event(workspace, entry, answer, at)


def _event(workspace: WorkspaceId, entry: Feedback, answer: Served, at: datetime) -> Event:
    return Event(
        id=EventId(f"feedback:{entry.id}"),
        workspace=workspace,
        kind=KINDS[entry.kind],
        at=at,
        actor=answer.person,
        corpus=answer.corpus,
        item=answer.items[entry.item],
        request=answer.request,
        data={"position": _position(answer, entry.item), "use_case": answer.use_case, "arm": answer.arm},
    )


def _position(answer: Served, item: str) -> int:
    return list(answer.items).index(item) + 1
