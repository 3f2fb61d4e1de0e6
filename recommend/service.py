"""The recommender: from an ask to an answer that is safe, explained and logged as served."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from core.clock import Clock, to_micros
from core.database import Database
from core.directory import Channel, Person
from core.errors import EventLogUnavailable, InvalidInput
from core.events.models import EventLog
from core.experiments import Arm, Experiment, assign
from core.ids import Ids, RequestId
from core.standing import ChannelStanding, PersonStanding
from core.telemetry import Metrics
from recommend.features import compute
from recommend.gather import Pool, gather
from recommend.models import Ask, Floats, Recommendations, Recommended
from recommend.policy import Slate, choose, generator, reach
from recommend.query import Query
from recommend.rankers import HandTunedRanker
from recommend.reasons import reasons
from recommend.safety import Allowed, Asker, Rules, Safety
from recommend.served import to_event, to_served
from recommend.snapshots import InUse, Snapshots
from recommend.store import FEEDBACK_DAYS, RecommendStore
from recommend.tail import LiveTail
from recommend.usecase import UseCase, UseCases

_SPARE = 5  # candidates that stand by in case the second look removes some
_TIDY = timedelta(hours=1)
_THREADS = 8


@dataclass(slots=True)
class _Stages:
    """Milliseconds per stage, in order."""

    last: float = field(default_factory=time.perf_counter)
    spent: dict[str, float] = field(default_factory=dict[str, float])

    def done(self, name: str) -> None:
        now = time.perf_counter()
        self.spent[name] = (now - self.last) * 1000
        self.last = now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """The best candidates, best first, and what they were ranked by; rows of `features` follow `items`."""

    items: list[int]
    scores: Floats
    features: Floats
    contributions: Floats


class Recommender:
    """Answers asks: hydrate, gather, filter, read features, score, filter again, deal places, log."""

    def __init__(
        self,
        *,
        database: Database,
        events: EventLog,
        store: RecommendStore,
        snapshots: Snapshots,
        use_cases: UseCases,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
    ) -> None:
        self.use_cases = use_cases
        self._events = events
        self._store = store
        self._snapshots = snapshots
        self._safety = Safety(database)
        self._tail = LiveTail(events)
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="recommend")
        self._tidied: datetime | None = None

    async def recommend(self, ask: Ask) -> Recommendations:
        """Return an answer; raises NotFound, InvalidInput or NotPermitted for an ask that cannot be answered.

        Sources that fail, a damaged snapshot and an event log that takes nothing are reported in the answer.
        """
        stages, use_case = _Stages(), self.use_cases.get(ask.use_case)
        k, request = _size(ask, use_case), RequestId(self._ids.new("rec"))
        asker = await self._safety.asker(ask.workspace, ask.user, use_case.corpus)
        in_use, query = await self._hydrate(asker)
        arm, rules = (
            _arm(use_case, asker),
            Rules(use_case=use_case, query=query, exclude=frozenset(ask.exclude)),
        )
        ranker = HandTunedRanker(use_case.weights(arm))
        stages.done("hydrate")
        pool = await gather(query, use_case, threads=self._threads, metrics=self._metrics)
        stages.done("gather")
        before = await self._safety.first(asker, rules, pool.items.tolist())
        stages.done("filter")
        ranked = await asyncio.to_thread(_rank, rules, ranker, pool, before, k)
        stages.done("rank")
        after = await self._safety.last(asker, rules, ranked.items)
        stages.done("filter_again")
        answer = Recommendations(
            request=request,
            workspace=ask.workspace,
            person=asker.person,
            use_case=use_case.name,
            corpus=use_case.corpus,
            arm=arm,
            ranker=ranker.name,
            ranker_version=ranker.version,
            at=self._clock.now(),
            features=tuple(ranker.features),
            items=_shown(rules, ranked, after, pool, _deal(rules, ranked, after, k, request)),
            sources=pool.reports,
            snapshot=in_use.snapshot.lineage.version,
            snapshot_at=in_use.snapshot.lineage.built_at if in_use.snapshot.lineage.version else None,
            degraded=(in_use.degraded,) if in_use.degraded else (),
            removed=before.removed + after.removed,
            timings=stages.spent,
        )
        stages.done("explain")
        answer = await self._log(answer)
        stages.done("log")
        self._count(answer)
        return answer

    async def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _hydrate(self, asker: Asker) -> tuple[InUse, Query]:
        in_use = await self._snapshots.get(asker.workspace)
        snapshot = in_use.snapshot
        offset = snapshot.lineage.offset
        try:
            await self._tail.catch_up(offset if snapshot.lineage.version else None)
        except EventLogUnavailable:
            in_use = replace(in_use, degraded=in_use.degraded or "event_log")
        query = Query(
            snapshot,
            person=asker.person.number,
            joined=np.array(sorted(asker.joined), dtype=np.int32),
            recent=self._tail.recent(asker.workspace, asker.person.number, after=offset),
            now=to_micros(self._clock.now()),
            hidden=asker.wishes.hidden,
            personal=not asker.wishes.opted_out,
        )
        return in_use, query

    async def _log(self, answer: Recommendations) -> Recommendations:
        """Log an answer as served and keep it for feedback; without a log it still comes, and says so."""
        await self._tidy(answer.at)
        logged, kept = await asyncio.gather(
            self._events.append([to_event(answer)]),
            self._store.remember(to_served(answer)),
            return_exceptions=True,
        )
        if isinstance(kept, BaseException):
            raise kept
        if isinstance(logged, EventLogUnavailable):
            return replace(answer, degraded=tuple(dict.fromkeys((*answer.degraded, "event_log"))))
        if isinstance(logged, BaseException):
            raise logged
        return answer

    async def _tidy(self, now: datetime) -> None:
        """Forget old answers now and then, so that the table stays bounded without any schedule."""
        if self._tidied is None or now - self._tidied >= _TIDY:
            self._tidied = now
            await self._store.forget(before=now - timedelta(days=FEEDBACK_DAYS))

    def _count(self, answer: Recommendations) -> None:
        self._metrics.recommendations.labels(answer.use_case, answer.arm).inc()
        self._metrics.recommendation_seconds.labels(answer.use_case).observe(
            sum(answer.timings.values()) / 1000
        )


def _size(ask: Ask, use_case: UseCase) -> int:
    k = use_case.k.default if ask.k is None else ask.k
    if not 1 <= k <= use_case.k.max:
        raise InvalidInput(
            "k", k, f"is not between 1 and {use_case.k.max}", remedy=f"Ask {use_case.name} for fewer items."
        )
    return k


def _arm(use_case: UseCase, asker: Asker) -> str:
    arms = tuple(Arm(name=arm.name, weight=arm.weight) for arm in use_case.arms)
    return assign(Experiment(name=use_case.name, arms=arms), f"{asker.workspace}:{asker.person.number}").name


def _rank(
    rules: Rules,
    ranker: HandTunedRanker,
    pool: Pool,
    allowed: Allowed[ChannelStanding | PersonStanding],
    k: int,
) -> _Ranked:
    """Return the candidates that places can be dealt among, and some that stand by."""
    use_case = rules.use_case
    items = np.array([item for item in pool.items.tolist() if item in allowed.entries], dtype=np.int32)
    features = compute(rules.query, use_case.corpus, ranker.features, items)
    scores = ranker.score(features)
    best = np.argsort(-scores, kind="stable")[: reach(use_case.exploration, k) + _SPARE]
    return _Ranked(
        items=items[best].tolist(),
        scores=scores[best],
        features=features[best],
        contributions=ranker.explain(features[best]),
    )


def _deal(
    rules: Rules, ranked: _Ranked, allowed: Allowed[Channel | Person], k: int, request: RequestId
) -> Slate:
    """Deal places among what the second look left, so that propensities are exact; `places` are rows of `ranked`."""
    kept = np.array([row for row, item in enumerate(ranked.items) if item in allowed.entries], dtype=np.intp)
    slate = choose(ranked.scores[kept], k, rules.use_case.exploration, generator(request))
    return replace(slate, places=kept[slate.places])


def _shown(
    rules: Rules, ranked: _Ranked, allowed: Allowed[Channel | Person], pool: Pool, slate: Slate
) -> tuple[Recommended, ...]:
    shown: list[Recommended] = []
    for position, row in enumerate(map(int, slate.places), start=1):
        item, sources = ranked.items[row], pool.sources[ranked.items[row]]
        shown.append(
            Recommended(
                entry=allowed.entries[item],
                position=position,
                score=float(ranked.scores[row]),
                propensity=float(slate.propensities[position - 1]),
                sources=sources,
                reasons=reasons(rules.query, rules.use_case.corpus, item, frozenset(sources)),
                features=tuple(ranked.features[row].tolist()),
                contributions=tuple(ranked.contributions[row].tolist()),
            )
        )
    return tuple(shown)
