"""Summaries: the use case from a question to a cited answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.chat import BATCH, INTERACTIVE
from core.clock import Clock
from core.directory import Directory, Person
from core.errors import Conflict, InvalidInput, NotFound
from core.events.models import Corpus, Event, EventKind, EventLog
from core.ids import EventId, Ids, MessageId, SummaryId, UserId, WorkspaceId
from core.releases import digest
from core.telemetry import Metrics
from summarize.access import Access, View
from summarize.asks import Ask, zone_of
from summarize.calling import Known, called
from summarize.engine import Brief
from summarize.flight import Flights
from summarize.hashing import input_hash
from summarize.ladder import NOTHING, Ladder, Made
from summarize.lead_in import with_lead_in
from summarize.llm.chunks import quantized
from summarize.material import Material, Reading, prepare
from summarize.models import Coverage, Feature, FeedbackKind, Item, Message, Provenance, Summary
from summarize.names import Names, without
from summarize.plain import plain
from summarize.reading import around, read
from summarize.sources import Context, Line, Source, Sources
from summarize.store import SummaryStore

INTERACTIVE_SECONDS, BATCH_SECONDS = 60.0, 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One summary being made."""

    ask: Ask
    view: View
    reading: Reading
    material: Material
    brief: Brief
    input_hash: str
    key: str
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
        ladder: Ladder,
        directory: Directory,
        events: EventLog,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
    ) -> None:
        self._access = access
        self._summaries = summaries
        self._ladder = ladder
        self._flights: Flights[Item | Made] = Flights()
        self._directory = directory
        self._events = events
        self._clock = clock
        self._ids = ids
        self._metrics = metrics

    async def summarize(self, ask: Ask, *, known: Known | None = None) -> Summary:
        """Return a summary, saved; raises NotFound, InvalidInput, Conflict, EventLogUnavailable."""
        async with aclosing(self.stream(ask, known=known)) as answers:
            async for answer in answers:
                if isinstance(answer, Summary):
                    return answer
        raise Conflict("the summary was cut off.", remedy="Ask again.")

    async def stream(self, ask: Ask, *, known: Known | None = None) -> AsyncGenerator[Item | Summary, None]:
        """Yield each item once it is grounded, then the summary, saved; `known` notes what was read for them.

        Who asks the same of the same messages at the same time shares one draft; each gets a summary of their own.
        """
        job = await self._begin(ask)
        if known is not None:
            _note(known, job)
        made = NOTHING
        if job.material.used:
            steps = self._flights.join(job.key, lambda: self._ladder.climb(job.brief, ask.feature))
            async with aclosing(steps):
                async for step in steps:
                    if isinstance(step, Made):
                        made = step
                    else:
                        yield step
        summary = self._finish(job, made)
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
            view = await self._access.view(workspace, reader, found.channel, now=self._clock.now())
        except NotFound as error:
            raise unknown from error
        return found if found.reader == view.reader.id else await self._for_another(found, view)

    async def sources(
        self,
        workspace: WorkspaceId,
        reader: str,
        channel: str,
        items: Sequence[Item],
        *,
        known: Known | None = None,
    ) -> Sources:
        """Return who wrote what when, for the messages and people that items name; raises NotFound.

        Permission is asked each time; what `known` holds is not read again.
        """
        view = await self._access.view(workspace, reader, channel, now=self._clock.now())
        people = {user for item in items for user in item.participants}
        messages, names = (known and known.of(items)) or await self._cited(view, items, people)
        shown = {m.id: Source(id=m.id, author=names.person(m.author), at=m.at) for m in messages}
        return Sources(
            channel=view.channel.id,
            zone=str(zone_of("", view.reader)),
            messages=shown,
            people={user: names.person(user) for user in people},
        )

    async def cited(self, workspace: WorkspaceId, reader: str, summary: Summary) -> Material:
        """Return the messages that a summary cites, as an engine reads them; raises NotFound."""
        view = await self._access.view(workspace, reader, summary.channel, now=self._clock.now())
        wanted = {id for item in summary.items for id in (*item.citations, *item.superseded)}
        messages = await self._access.messages(view, sorted(wanted))
        reading = Reading(window=summary.window, found=messages)
        _, names = await called(self._directory, view, messages)
        return await asyncio.to_thread(prepare, reading, names)

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
        _, names = await called(self._directory, view, messages)
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

    async def _cited(
        self, view: View, items: Sequence[Item], people: Iterable[UserId]
    ) -> tuple[list[Message], Names]:
        wanted = {id for item in items for id in (*item.citations, *item.superseded)}
        messages = await self._access.messages(view, sorted(wanted))
        return messages, (await called(self._directory, view, messages, people))[1]

    async def _for_another(self, summary: Summary, view: View) -> Summary:
        """Return a summary that somebody else had made, without channels that this reader may not know of."""
        known = {
            channel.id for channel in await self._directory.readable_channels(view.workspace, view.reader)
        }
        hidden = [one for one in await self._directory.channels(view.workspace) if one.id not in known]
        items = tuple(replace(item, text=without(item.text, hidden)) for item in summary.items)
        return replace(summary, items=items)

    async def _begin(self, ask: Ask) -> _Job:
        """Ask permission, read the window and clean it."""
        started = time.perf_counter()
        now = self._clock.now()
        view = await self._access.view(ask.workspace, ask.reader, ask.channel, now=now)
        reading = await read(self._access, view, ask.span, zone=zone_of(ask.timezone, view.reader), now=now)
        along = self._ladder.reads_along(ask.workspace, ask.feature)
        if along:
            reading = await with_lead_in(self._access, view, reading)
        people, names = await called(self._directory, view, [*reading.found, *reading.context])
        material = await asyncio.to_thread(prepare, reading, names)
        if along:
            material = replace(material, entries=tuple(quantized(material.entries)))
        brief = _brief(ask, view, material, people)
        read_hash = input_hash(entry.message for entry in material.entries)
        return _Job(
            ask=ask,
            view=view,
            reading=reading,
            material=material,
            brief=brief,
            input_hash=read_hash,
            key=_key(ask, view, read_hash, material),
            started=started,
        )

    def _finish(self, job: _Job, made: Made) -> Summary:
        coverage = Coverage(
            found=len(job.reading.found),
            used=job.material.used,
            skipped=dict(job.material.skipped),
            context=sum(entry.context for entry in job.material.entries),
            dropped=made.dropped,
            conversations=made.draft.conversations,
            shown=made.draft.shown,
            repaired=made.repaired,
            segments=made.draft.segments,
            reused=made.draft.reused,
            clipped=made.draft.clipped,
        )
        return Summary(
            id=SummaryId(self._ids.new("sum")),
            workspace=job.view.workspace,
            channel=job.view.channel.id,
            reader=job.view.reader.id,
            window=job.reading.window,
            thread=job.reading.thread,
            detail=job.ask.detail,
            items=made.items,
            participants=tuple(
                dict.fromkeys(e.message.author for e in job.material.entries if not e.context)
            ),
            coverage=coverage,
            provenance=_provenance(job, made),
            created_at=self._clock.now(),
            degraded=made.degraded,
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
        self._paid(summary.provenance)
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

    def _paid(self, made: Provenance) -> None:
        """Count the tokens a summary cost."""
        kinds = {
            "prompt": made.prompt_tokens,
            "cached": made.cached_tokens,
            "completion": made.completion_tokens,
        }
        for kind, tokens in kinds.items():
            if tokens:
                self._metrics.model_tokens.labels(model=made.model, kind=kind).inc(tokens)


def _note(known: Known, job: _Job) -> None:
    known.names = job.material.names
    known.messages = {entry.message.id: entry.message for entry in job.material.entries}
    known.people = frozenset(job.brief.people)


def _brief(ask: Ask, view: View, material: Material, people: Sequence[Person]) -> Brief:
    batch = ask.feature is Feature.RECAP
    return Brief(
        workspace=view.workspace,
        channel=view.channel,
        material=material,
        people={person.id: person for person in people},
        detail=ask.detail,
        question=ask.question,
        language=ask.language,
        priority=BATCH if batch else INTERACTIVE,
        deadline_s=BATCH_SECONDS if batch else INTERACTIVE_SECONDS,
    )


def _key(ask: Ask, view: View, read_hash: str, material: Material) -> str:
    """Return what a draft follows from: who may read other messages, or wants another telling, has another key.

    Texts count as this reader sees them, for who may not know a private channel is not told its name; and what is
    context to one window is told in another.
    """
    wish = [str(ask.detail), ask.question, ask.language, str(ask.feature)]
    seen = [(entry.context, entry.text) for entry in material.entries]
    return digest([view.workspace, view.channel.id, read_hash, *wish, *seen])


def _provenance(job: _Job, made: Made) -> Provenance:
    return Provenance(
        engine=made.engine,
        model=made.model,
        prompt=made.draft.prompt,
        parameters=_parameters(job.ask, made),
        input_hash=job.input_hash,
        arm=made.draft.arm,
        prompt_tokens=made.draft.usage.prompt_tokens,
        completion_tokens=made.draft.usage.completion_tokens,
        cached_tokens=made.draft.usage.cached_tokens,
        seconds=round(time.perf_counter() - job.started, 4),
    )


def _parameters(ask: Ask, made: Made) -> dict[str, float | int | str]:
    """Return how the summary was to be told; of a question only that there was one."""
    told: dict[str, float | int | str] = {"detail": str(ask.detail)}
    if ask.language:
        told["language"] = ask.language
    if made.begun_by:
        told["begun_by"] = made.begun_by
    return told | ({"question": "asked"} if ask.question else {})


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
