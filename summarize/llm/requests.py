"""Requests for a model, rendered from the served prompts: stable first, volatile last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.chat import ChatRequest, Json
from core.errors import GenerationFailed
from core.ids import UserId
from prompts.models import Prompt
from prompts.template import render
from summarize.llm.job import Job, Room
from summarize.llm.layout import Row, Sheet
from summarize.llm.schema import narrowed
from summarize.models import Detail, Item


def for_sheet(job: Job, sheet: Sheet, *, detail: Detail, room: Room) -> ChatRequest:
    """Return the request that turns messages into items."""
    values = _told(job, sheet.people, detail, room) | {"marker": job.marker, "messages": list(sheet.rows)}
    handles = [job.handles.of(user) for user in sheet.people]
    fields = {
        "citations": list(sheet.ids),
        "superseded": list(sheet.ids),
        "participants": handles,
        "owner": handles,
    }
    return _request(job, job.summary.prompt, values, fields, room)


def for_items(
    job: Job, items: Mapping[str, Item], rows: Sequence[Row], *, detail: Detail, room: Room
) -> ChatRequest:
    """Return the request that makes one summary out of items."""
    people = tuple(
        dict.fromkeys(user for item in items.values() for user in (*item.participants, item.owner) if user)
    )
    values = _told(job, people, detail, room) | {"items": list(rows)}
    owners = dict.fromkeys(job.handles.of(item.owner) for item in items.values() if item.owner)
    fields = {"sources": list(items), "owner": list(owners)}
    return _request(job, job.compose.prompt, values, fields, room)


def _told(job: Job, people: tuple[UserId, ...], detail: Detail, room: Room) -> dict[str, object]:
    return {
        "channel": job.channel,
        "canary": job.canary,
        "people": job.handles.legend(people),
        "detail": str(detail),
        "max_items": room.most,
        "question": job.brief.question,
        "language": job.brief.language,
    }


def _request(
    job: Job, prompt: Prompt, values: Mapping[str, object], fields: Mapping[str, Sequence[str]], room: Room
) -> ChatRequest:
    """Render a prompt with those of the values that it asks for."""
    request = render(prompt, {name: value for name, value in values.items() if name in prompt.variables})
    return replace(
        request,
        schema=_schema(prompt, fields, room),
        max_tokens=room.max_tokens,
        priority=job.brief.priority,
        deadline_s=min(job.left(), request.deadline_s),
        affinity=job.affinity,
    )


def _schema(prompt: Prompt, fields: Mapping[str, Sequence[str]], room: Room) -> Mapping[str, Json]:
    if prompt.output is None:
        raise GenerationFailed(
            f"{prompt.name}@{prompt.version} has no output schema.", remedy="Add output: to its front matter."
        )
    return narrowed(prompt.output, fields=fields, most=room.most)
