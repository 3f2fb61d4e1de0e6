"""Summaries: the use case from a question to a cited answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from core.clock import Clock
from core.directory import Directory
from core.embedding import Embedder
from core.errors import Conflict, InvalidInput, NotFound
from core.events.models import Corpus, Event, EventKind, EventLog
from core.ids import EventId, Ids, MessageId, SummaryId, UserId, WorkspaceId
from core.release_store import Releases
from core.releases import ArtifactKind
from core.telemetry import Metrics
from summarize.access import Access, View
from summarize.asks import Ask, zone_of
from summarize.engine import NO_PROMPT, Draft
from summarize.extractive import Extractive
from summarize.ground import Grounding
from summarize.hashing import input_hash
from summarize.material import Material, Reading, people_in, prepare
from summarize.models import NO_ENGINE, Coverage, FeedbackKind, Item, Message, Provenance, Summary
from summarize.names import Names
from summarize.plain import plain
from summarize.reading import around, read
from summarize.sources import Context, Line, Source, Sources
from summarize.store import SummaryStore

PROMPT = "channel-summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One summary being made."""

    ask: Ask
    view: View
    reading: Reading
    material: Material
    prompt: str
    arm: str
    started: float


class Summarizer:
    """Answers "what did I miss?", and everything that is asked about an answer later.

    Permission is asked at every door: when a summary is made, when it is read again, when a citation is opened.
    """

    def __init__(
        self,
        *,
        access: Access,
        summaries: SummaryStore,
        embedder: Embedder,
        directory: Directory,
        events: EventLog,
        releases: Releases,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
    ) -> None:
        self._access = access
        self._summaries = summaries
        self._engine = Extractive(embedder)
        self._directory = directory
        self._events = events
        self._releases = releases
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    async def summarize(self, ask: Ask) -> Summary:
        """Return a summary, saved; raises NotFound, InvalidInput, Conflict, EventLogUnavailable."""
        async with aclosing(self.stream(ask)) as answers:
            async for answer in answers:
                if isinstance(answer, Summary):
                    return answer
        raise Conflict("the summary was cut off.", remedy="Ask again.")

    async def stream(self, ask: Ask) -> AsyncGenerator[Item | Summary, None]:
        """Yield each item once it is grounded, then the summary, saved."""
        job = await self._begin(ask)
        draft = await self._draft(job)
        kept, dropped = self._ground(job, draft)
        for item in kept:
            yield item
        summary = self._finish(job, draft, kept, dropped)
        await self._save(summary, job)
        await self._served(summary, job)
        yield summary

    async def fetch(self, workspace: WorkspaceId, reader: str, summary_id: SummaryId) -> Summary:
        """Return a summary made earlier, if this reader may read its channel now; raises NotFound."""
        found = await self._summaries.find(workspace, summary_id)
        unknown = NotFound(
            "summary", summary_id, remedy="Give an id that POST /v1/summaries returned to you."
        )
        if found is None:
            raise unknown
        try:
            await self._access.view(workspace, reader, found.channel, now=self._clock.now())
        except NotFound as error:
            raise unknown from error
        return found

    async def sources(
        self, workspace: WorkspaceId, reader: str, channel: str, items: Sequence[Item]
    ) -> Sources:
        """Return who wrote what when, for the messages and people that items name; raises NotFound."""
        view = await self._access.view(workspace, reader, channel, now=self._clock.now())
        wanted = {id for item in items for id in (*item.citations, *item.superseded)}
        messages = await self._access.messages(view, sorted(wanted))
        people = {user for item in items for user in item.participants}
        names = await self._names(view, messages, people)
        shown = {m.id: Source(id=m.id, author=names.person(m.author), at=m.at) for m in messages}
        return Sources(
            channel=view.channel.id,
            zone=str(zone_of("", view.reader)),
            messages=shown,
            people={user: names.person(user) for user in people},
        )

    async def context(
        self,
        workspace: WorkspaceId,
        reader: str,
        channel: str,
        message_id: MessageId,
        *,
        before: int = 6,
        after: int = 6,
    ) -> Context:
        """Return a message among its neighbours: of its thread, else of the channel; raises NotFound."""
        view = await self._access.view(workspace, reader, channel, now=self._clock.now())
        messages = await around(self._access, view, message_id, before=before, after=after)
        names = await self._names(view, messages)
        lines = [Line(message=m, author=names.person(m.author), text=plain(m.text, names)) for m in messages]
        return Context(channel=view.channel, focus=message_id, lines=tuple(lines))

    async def feedback(
        self,
        workspace: WorkspaceId,
        reader: str,
        summary_id: SummaryId,
        kind: FeedbackKind,
        *,
        item: int | None = None,
    ) -> bool:
        """Log what a reader thinks of a summary or of one item (from 0); False if they had said so before.

        Raises NotFound, InvalidInput, EventLogUnavailable.
        """
        summary = await self.fetch(workspace, reader, summary_id)
        if item is not None and not summary.stale and not 0 <= item < len(summary.items):
            raise InvalidInput(
                "item",
                item,
                f"the summary has {len(summary.items)} items",
                remedy="Count from 0, or leave it out.",
            )
        person = await self._directory.find_person(workspace, reader)
        place = "all" if item is None else item
        event = Event(
            id=EventId(f"feedback:{summary_id}:{person.number}:{place}:{kind}"),
            workspace=workspace,
            kind=EventKind.SUMMARY_FEEDBACK,
            at=self._clock.now(),
            actor=person.number,
            data={**_facts(summary), "feedback": str(kind), "item": item},
        )
        (appended,) = await self._events.append([event])
        return not appended.duplicate

    async def _begin(self, ask: Ask) -> _Job:
        """Ask permission, read the window and clean it."""
        started = time.perf_counter()
        now = self._clock.now()
        view = await self._access.view(ask.workspace, ask.reader, ask.channel, now=now)
        reading = await read(self._access, view, ask.span, zone=zone_of(ask.timezone, view.reader), now=now)
        names = await self._names(view, [*reading.found, *reading.context])
        material = await asyncio.to_thread(prepare, reading, names)
        release = await self._releases.serving(ArtifactKind.PROMPT, PROMPT, ask.workspace)
        return _Job(
            ask=ask,
            view=view,
            reading=reading,
            material=material,
            prompt=f"{PROMPT}@{release.artifact.version}" if release else NO_PROMPT,
            arm=str(release.stage) if release else NO_PROMPT,
            started=started,
        )

    async def _draft(self, job: _Job) -> Draft:
        """Return what the engine makes of the material; nothing at all never reaches an engine."""
        if not job.material.used:
            return Draft()
        return await asyncio.to_thread(self._engine.draft, job.material, job.ask.detail)

    def _ground(self, job: _Job, draft: Draft) -> tuple[tuple[Item, ...], int]:
        """Return the items that hold, and how many did not."""
        grounding = Grounding(job.material)
        kept: list[Item] = []
        for item in draft.items:
            fault = grounding.fault(item)
            self._metrics.summary_items.labels(outcome=fault or "kept").inc()
            if not fault:
                kept.append(item)
        return tuple(kept), len(draft.items) - len(kept)

    def _finish(self, job: _Job, draft: Draft, kept: tuple[Item, ...], dropped: int) -> Summary:
        coverage = Coverage(
            found=len(job.reading.found),
            used=job.material.used,
            skipped=dict(job.material.skipped),
            context=sum(entry.context for entry in job.material.entries),
            dropped=dropped,
            conversations=draft.conversations,
            shown=draft.shown,
        )
        return Summary(
            id=SummaryId(self._ids.new("sum")),
            workspace=job.view.workspace,
            channel=job.view.channel.id,
            reader=job.view.reader.id,
            window=job.reading.window,
            thread=job.reading.thread,
            detail=job.ask.detail,
            items=kept,
            participants=tuple(
                dict.fromkeys(e.message.author for e in job.material.entries if not e.context)
            ),
            coverage=coverage,
            provenance=self._provenance(job),
            created_at=self._clock.now(),
        )

    def _provenance(self, job: _Job) -> Provenance:
        engine, model = _made_by(self._engine, job.material)
        return Provenance(
            engine=engine,
            model=model,
            prompt=job.prompt,
            parameters={"detail": str(job.ask.detail)},
            input_hash=input_hash(entry.message for entry in job.material.entries),
            arm=job.arm,
            seconds=round(time.perf_counter() - job.started, 4),
        )

    async def _save(self, summary: Summary, job: _Job) -> None:
        made_from = [entry.message for entry in job.material.entries]
        if not await self._summaries.save(summary, made_from=made_from):
            self._metrics.summaries.labels(engine=summary.provenance.engine, outcome="overtaken").inc()
            raise Conflict(
                "a message was edited or deleted while it was being summarized.", remedy="Ask again."
            )

    async def _served(self, summary: Summary, job: _Job) -> None:
        """Count the summary and log that it was served, in numbers and identifiers only."""
        outcome = "made" if job.material.used else "empty"
        engine = summary.provenance.engine
        self._metrics.summaries.labels(engine=engine, outcome=outcome).inc()
        self._metrics.summary_seconds.labels(engine=engine).observe(time.perf_counter() - job.started)
        event = Event(
            id=EventId(f"served:{summary.id}"),
            workspace=summary.workspace,
            kind=EventKind.SUMMARY_SERVED,
            at=summary.created_at,
            actor=job.view.reader.number,
            corpus=Corpus.CHANNEL,
            item=job.view.channel.number,
            data={**_facts(summary), "items": len(summary.items), "seconds": summary.provenance.seconds},
        )
        await self._events.append([event])

    async def _names(
        self, view: View, messages: Sequence[Message], also: set[UserId] | frozenset[UserId] = frozenset()
    ) -> Names:
        """Return what to call whom; namesakes are looked up too, for nobody is to be taken for another."""
        people = await self._directory.people_by_id(view.workspace, people_in(messages) | also)
        alike = await self._directory.namesakes(view.workspace, {person.name for person in people})
        everyone = {person.id: person for person in (*people, *alike)}
        return Names(everyone.values(), await self._directory.readable_channels(view.workspace, view.reader))


def _made_by(engine: Extractive, material: Material) -> tuple[str, str]:
    """Return the engine and model that a summary is made by: none at all where there is nothing to summarize."""
    return (engine.name, engine.model) if material.used else (NO_ENGINE, NO_ENGINE)


def _facts(summary: Summary) -> Mapping[str, str | int]:
    made = summary.provenance
    return {
        "summary": summary.id,
        "engine": made.engine,
        "model": made.model,
        "prompt": made.prompt,
        "arm": made.arm,
        "input_hash": made.input_hash,
        "detail": str(summary.detail),
        "found": summary.coverage.found,
        "used": summary.coverage.used,
    }
