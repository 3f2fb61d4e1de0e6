"""A summary as a page shows it: names resolved, citations numbered, coverage and provenance in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.directory import Channel
from core.ids import MessageId
from gateway.app import Services
from gateway.console.moments import moment, zone_of
from gateway.console.mrkdwn import inline
from gateway.console.talk import excerpt
from gateway.console.views import Citation, CoverageView, ItemView, SummaryView
from gateway.console.visitors import Visitor
from gateway.links import message_path
from summarize.asks import Ask, Span
from summarize.models import Coverage, Detail, Item, Message, Provenance, Summary
from summarize.wishes import language_of, question_of

_SKIPPED: Mapping[str, str] = {
    "system": "joins, leaves and other notices",
    "deleted": "deleted",
    "file-only": "files without a word",
    "empty": "empty",
    "bot-noise": "bots without news",
    "duplicate": "said before",
    "low-content": "short acknowledgements",
    "addressed-to-machines": "instructions to machines",
}
_ENGINES: Mapping[str, str] = {"none": "none was needed"}


async def tell(
    visitor: Visitor,
    services: Services,
    channel: Channel,
    span: Span,
    detail: Detail,
    *,
    back: str,
    question: str = "",
    language: str = "",
) -> SummaryView:
    """Summarize for the acting user, and return the summary ready to be shown; raises InvalidInput."""
    ask = Ask(
        workspace=visitor.workspace.id,
        reader=visitor.actor.id,
        channel=channel.id,
        span=span,
        detail=detail,
        question=question_of(question),
        language=language_of(language),
    )
    summary = await services.summarizer.summarize(ask)
    view = await services.access.view(ask.workspace, ask.reader, ask.channel, now=visitor.now)
    cited = await services.access.messages(view, cited_ids(summary.items))
    return summary_view(summary, cited, visitor, back=back)


def summary_view(summary: Summary, cited: Sequence[Message], visitor: Visitor, *, back: str) -> SummaryView:
    """Return a summary ready to be shown; a citation whose message is gone is left out."""
    numbers = _numbers(summary.items, cited)
    links = {message.id: _citation(message, numbers, visitor, back) for message in cited}
    return SummaryView(
        id=summary.id,
        window=window_words(summary, visitor),
        items=tuple(_item(n, item, links, visitor) for n, item in enumerate(summary.items, 1)),
        people=tuple(visitor.names.who(user) for user in summary.participants),
        coverage=coverage_view(summary.coverage),
        provenance=_provenance(summary.provenance),
        degraded=summary.degraded,
        stale=summary.stale,
    )


def cited_ids(items: Sequence[Item]) -> list[MessageId]:
    """Return every message that items rest on or replace, once, in order of appearance."""
    return list(dict.fromkeys(id for item in items for id in (*item.citations, *item.superseded)))


def window_words(summary: Summary, visitor: Visitor) -> str:
    """Return a window in words, on the acting user's clock; its end is not part of it."""
    zone = zone_of(visitor.actor)
    since, until = (moment(at, zone, visitor.now).text for at in (summary.window.since, summary.window.until))
    return f"{since} to {until}"


def _numbers(items: Sequence[Item], cited: Sequence[Message]) -> dict[MessageId, int]:
    there = {message.id for message in cited}
    return {id: number for number, id in enumerate((id for id in cited_ids(items) if id in there), 1)}


def _citation(message: Message, numbers: Mapping[MessageId, int], visitor: Visitor, back: str) -> Citation:
    names = visitor.names
    return Citation(
        number=numbers[message.id],
        href=message_path(message.channel, message.id, back=back),
        who=names.who(message.author),
        at=moment(message.at, zone_of(visitor.actor), visitor.now),
        excerpt=excerpt(message, names),
    )


def _item(number: int, item: Item, links: Mapping[MessageId, Citation], visitor: Visitor) -> ItemView:
    names = visitor.names
    return ItemView(
        number=number,
        kind=str(item.kind),
        text=inline(item.text, names),
        citations=tuple(links[id] for id in item.citations if id in links),
        replaced=tuple(links[id] for id in item.superseded if id in links),
        owner=names.who(item.owner) if item.owner else None,
        due=item.due or "",
    )


def coverage_view(coverage: Coverage) -> CoverageView:
    """Return in words what was found, used and skipped."""
    skipped = sorted(coverage.skipped.items(), key=lambda pair: -pair[1])
    return CoverageView(
        found=coverage.found,
        used=coverage.used,
        skipped=tuple(
            (_SKIPPED.get(name, name.replace("-", " ")), count) for name, count in skipped if count
        ),
        notes=tuple(_notes(coverage)),
    )


def _notes(coverage: Coverage) -> list[str]:
    told = [
        (coverage.context, f"{coverage.context} thread openings from before the window were read along."),
        (
            coverage.conversations,
            f"{coverage.shown} of {coverage.conversations} conversations have an item.",
        ),
        (coverage.segments > 1, f"Read in {coverage.segments} parts, {coverage.reused} of them done before."),
        (coverage.clipped, f"{coverage.clipped} messages were too long: only their beginning was read."),
        (coverage.repaired, f"{coverage.repaired} items were mended against the messages they cite."),
        (
            coverage.dropped,
            f"{coverage.dropped} items were dropped because no message bears them out.",
        ),
    ]
    return [note for count, note in told if count]


def _provenance(made: Provenance) -> tuple[tuple[str, str], ...]:
    name, _, version = made.prompt.partition("@")
    tokens = made.prompt_tokens + made.completion_tokens
    facts = (
        ("Engine", _ENGINES.get(made.engine, made.engine)),
        ("Model", made.model),
        ("Prompt", f"{name} {version[:8]}".strip()),
        ("Arm", made.arm),
        ("Input", made.input_hash[:12]),
        ("Time", f"{made.seconds:.2f} s" if made.seconds else ""),
        ("Tokens", f"{tokens:,}" if tokens else ""),
        ("Of these cached", f"{made.cached_tokens:,}" if made.cached_tokens else ""),
    )
    return tuple((name, value) for name, value in facts if value)
