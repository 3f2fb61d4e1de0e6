"""A summary as Markdown and as Slack blocks. Whatever people wrote is escaped: it cannot become markup or a mention."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.ids import MessageId
from summarize.models import NO_ENGINE, Item, ItemKind, Summary
from summarize.sources import Sources

Link = Callable[[MessageId], str]
Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_CHARACTERS = 3000  # of one section's text

TITLES: Mapping[ItemKind, str] = {
    ItemKind.INCIDENT: "Incidents",
    ItemKind.DECISION: "Decisions",
    ItemKind.ACTION: "Action items",
    ItemKind.QUESTION: "Open questions",
    ItemKind.UPDATE: "Updates",
    ItemKind.TOPIC: "Discussed",
}
_CODE = re.compile(r"`([^`\n]+)`")
_MARKDOWN = re.compile(r"([\\*_{}\[\]()<>#+!|~$&^=@-])")
_SLACK_STYLE = re.compile(r"[*_~`]")
_LINK_URL = re.compile(r"(?:https?://|/)[^\s<>|()\"']*")


def markdown(summary: Summary, sources: Sources, link: Link) -> str:
    """Return CommonMark: items by kind with [n] marks, then the sources, then what was covered."""
    numbers = _numbers(summary.items)
    parts = [_markdown_kind(kind, items, numbers) for kind, items in by_kind(summary.items)]
    if numbers:
        parts.append(
            "**Sources**\n\n" + "\n".join(_markdown_source(id, n, sources, link) for id, n in numbers.items())
        )
    note = nothing(summary)
    return "\n\n".join(
        [*([note] if note else []), *parts, f"_{escape_markdown(covered(summary, sources.zone))}_"]
    )


def blocks(summary: Summary, sources: Sources, link: Link) -> list[Block]:
    """Return Slack Block Kit blocks: at most 50, sections of at most 3,000 characters, nothing auto-linked.

    Post them with `unfurl_links` and `unfurl_media` false.
    """
    numbers = _numbers(summary.items)
    found: list[Block] = []
    for kind, items in by_kind(summary.items):
        found += [
            _section(text) for text in _packed(f"*{TITLES[kind]}*", [_slack_item(i, numbers) for i in items])
        ]
    if numbers:
        lines = [_slack_source(id, n, sources, link) for id, n in numbers.items()]
        found += [{"type": "divider"}, *(_section(text) for text in _packed("*Sources*", lines))]
    note = nothing(summary)
    head = [_section(escape_slack(note))] if note else []
    tail = _context(escape_slack(covered(summary, sources.zone))[:MOST_CHARACTERS])
    body = [*head, *found]
    if len(body) > MOST_BLOCKS - 1:
        body = [
            *body[: MOST_BLOCKS - 2],
            _context("More than fits in one message: open the summary for the rest."),
        ]
    return [*body, tail]


def by_kind(items: Sequence[Item]) -> list[tuple[ItemKind, list[Item]]]:
    """Return items under their kinds, in the order in which kinds are shown; kinds without items are left out."""
    groups = [(kind, [item for item in items if item.kind is kind]) for kind in TITLES]
    return [(kind, found) for kind, found in groups if found]


def nothing(summary: Summary) -> str:
    """Return what to say where there are no items, or an empty text."""
    if summary.stale:
        return "Messages behind this summary were edited or deleted, so its text is gone. Ask for a new one."
    if summary.items:
        return ""
    if not summary.coverage.found:
        return "No messages in this window."
    return "Nothing to summarize: no decisions, questions or news in this window."


def covered(summary: Summary, zone: str) -> str:
    """Return the coverage of a summary as one sentence or two."""
    coverage = summary.coverage
    since, until = (when(moment, zone) for moment in (summary.window.since, summary.window.until))
    parts = [f"{since} to {until} ({zone}): {coverage.used} of {_count(coverage.found, 'message')} used"]
    if coverage.skipped:
        why = ", ".join(
            f"{n} {reason}" for reason, n in sorted(coverage.skipped.items(), key=lambda p: -p[1])
        )
        parts.append(f"skipped: {why}")
    if coverage.context:
        parts.append(f"{_count(coverage.context, 'earlier thread root')} read for context")
    if coverage.conversations > coverage.shown:
        parts.append(f"{coverage.shown} of {coverage.conversations} conversations shown")
    if coverage.dropped:
        parts.append(f"{_count(coverage.dropped, 'item')} dropped as unsupported")
    if summary.degraded:
        parts.append(f"degraded: {summary.degraded}")
    engine = summary.provenance.engine
    return f"{'; '.join(parts)}. {'No engine was needed' if engine == NO_ENGINE else f'Made by {engine}'}."


def when(moment: datetime, zone: str) -> str:
    """Return a moment on a reader's clock."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}"


def escape_markdown(text: str) -> str:
    """Return text that CommonMark shows as it is; code spans stay code."""
    parts = _CODE.split(text)
    return "".join(f"`{part}`" if index % 2 else _plain_markdown(part) for index, part in enumerate(parts))


def escape_slack(text: str) -> str:
    """Return text that Slack's mrkdwn shows as it is; code spans stay code."""
    parts = _CODE.split(text)
    shown = (
        f"`{_entities(part)}`" if index % 2 else _entities(_SLACK_STYLE.sub(_spaced, part))
        for index, part in enumerate(parts)
    )
    return "".join(shown)


def _plain_markdown(text: str) -> str:
    one_line = " ".join(text.replace("`", "'").split("\n"))
    return _MARKDOWN.sub(r"\\\1", one_line)


def _spaced(match: re.Match[str]) -> str:
    """Mrkdwn has no escape for its style marks: a word joiner beside one keeps it from pairing up."""
    return f"\u2060{match[0]}\u2060"


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _numbers(items: Sequence[Item]) -> dict[MessageId, int]:
    """Return the cited messages, numbered from 1 in the order in which they are shown."""
    ordered = [
        id for _, group in by_kind(items) for item in group for id in (*item.citations, *item.superseded)
    ]
    return {id: number for number, id in enumerate(dict.fromkeys(ordered), start=1)}


def _marks(ids: Sequence[MessageId], numbers: Mapping[MessageId, int]) -> str:
    return "".join(f"[{numbers[id]}]" for id in ids)


def _details(item: Item) -> str:
    return f" (due {item.due})" if item.due and item.due.lower() not in item.text.lower() else ""


def _markdown_kind(kind: ItemKind, items: Sequence[Item], numbers: Mapping[MessageId, int]) -> str:
    lines = [f"**{TITLES[kind]}**", ""]
    for item in items:
        replaced = f" (replaces {_marks(item.superseded, numbers)})" if item.superseded else ""
        text = escape_markdown(item.text + _details(item))
        lines.append(f"- {text} {_marks(item.citations, numbers)}{replaced}")
    return "\n".join(lines)


def _markdown_source(id: MessageId, number: int, sources: Sources, link: Link) -> str:
    source = sources.messages.get(id)
    if source is None:
        return f"- [{number}] no longer there"
    who = escape_markdown(source.author)
    return f"- [{number}] {who}, {when(source.at, sources.zone)} – [open]({_address(link(id))})"


def _slack_item(item: Item, numbers: Mapping[MessageId, int]) -> str:
    replaced = f" (replaces {_marks(item.superseded, numbers)})" if item.superseded else ""
    return f"• {escape_slack(item.text + _details(item))} {_marks(item.citations, numbers)}{replaced}"


def _slack_source(id: MessageId, number: int, sources: Sources, link: Link) -> str:
    source = sources.messages.get(id)
    if source is None:
        return f"[{number}] no longer there"
    shown = f"{escape_slack(source.author)}, {when(source.at, sources.zone)}"
    address = _address(link(id))
    return f"[{number}] <{address}|{shown}>" if address.startswith("http") else f"[{number}] {shown}"


def _address(url: str) -> str:
    """Return a link of ours, which must be one through and through."""
    return url if _LINK_URL.fullmatch(url) else ""


def _packed(title: str, lines: Sequence[str]) -> list[str]:
    """Return a title and lines in as few texts of Slack's size as they fit."""
    texts = [title]
    for line in lines:
        piece = _short(line, MOST_CHARACTERS - len(title) - 1)
        if len(texts[-1]) + 1 + len(piece) > MOST_CHARACTERS:
            texts.append(piece)
        else:
            texts[-1] += f"\n{piece}"
    return texts


def _short(line: str, limit: int) -> str:
    """Return a line within a limit, never cut inside an escape."""
    return line if len(line) <= limit else re.sub(r"&\w{0,4}$", "", line[: limit - 1]) + "…"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
