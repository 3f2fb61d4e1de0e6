"""What comes first in a recap: the reader's own to-dos, then what matters, then what was busy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

from core.ids import UserId
from summarize.models import Coverage, ItemKind, Summary
from summarize.recaps.models import Activity, Section, Todo

_WEIGHTS = {ItemKind.INCIDENT: 3, ItemKind.DECISION: 2, ItemKind.ACTION: 2, ItemKind.QUESTION: 1}
_OWN, _NAMED = 5, 3
_MOST_MENTIONS = 3
"""Ten mentions in one quarrel are no ten times the news."""


def weight_of(summary: Summary, reader: UserId, mentions: int) -> int:
    """Return how much a channel's news matter to a reader."""
    own = sum(item.owner == reader for item in summary.items)
    kinds = sum(_WEIGHTS.get(item.kind, 0) for item in summary.items)
    return _OWN * own + _NAMED * min(mentions, _MOST_MENTIONS) + kinds


def ordered(sections: Iterable[Section]) -> tuple[Section, ...]:
    """Return sections in reading order: by weight, then by how much was said, then by name."""
    return tuple(sorted(sections, key=lambda s: (-s.weight, -s.summary.coverage.found, s.channel.name)))


def busiest(found: Iterable[Activity]) -> list[Activity]:
    """Return channels in the order in which they are worth a summary: those that name the reader first."""
    return sorted(found, key=lambda a: (-min(a.mentions, _MOST_MENTIONS), -a.messages, a.channel))


def todos_of(sections: Sequence[Section], reader: UserId) -> tuple[Todo, ...]:
    """Return what is the reader's to do, with a due date first, else in reading order."""
    found = [
        Todo(channel=section.channel, summary=section.summary.id, place=place, item=item)
        for section in sections
        for place, item in enumerate(section.summary.items)
        if item.owner == reader
    ]
    return tuple(sorted(found, key=lambda todo: not todo.item.due))


def total(coverages: Sequence[Coverage]) -> Coverage:
    """Return the sum of coverages."""
    skipped = Counter[str]()
    for one in coverages:
        skipped.update(one.skipped)
    counts = [one.name for one in fields(Coverage) if one.name != "skipped"]
    sums = {name: sum(getattr(one, name) for one in coverages) for name in counts}
    return Coverage(**sums, skipped=dict(skipped))
