"""An answer of the recommender as cards: names, reasons in words, and the numbers behind the rank."""

from __future__ import annotations

from urllib.parse import urlencode

from core.directory import Channel, ChannelKind, Person
from gateway.console.moments import ago
from gateway.console.names import plain, title
from gateway.console.views import Card
from gateway.console.visitors import Visitor
from gateway.console.why import reason_words
from recommend.models import Recommendations, Recommended

_REASONS = 3  # shown at once; the others on request
_LEFT_OUT = {
    "joined": "member already",
    "not_joined": "not a member",
    "dismissed": "dismissed before",
    "in_contact": "in contact already",
    "private": "private",
}


def cards(answer: Recommendations, visitor: Visitor) -> list[Card]:
    """Return the cards of an answer in its order; bars are relative to the best score."""
    best = max((abs(entry.score) for entry in answer.items), default=0.0) or 1.0
    return [_card(entry, answer, visitor, best) for entry in answer.items]


def answer_facts(answer: Recommendations, visitor: Visitor) -> list[tuple[str, str]]:
    """Return what made the answer."""
    built = ago(answer.snapshot_at, visitor.now) if answer.snapshot_at else "memberships only"
    facts = [
        ("Ranker", answer.ranker),
        ("Version", answer.ranker_version[:12]),
        ("Arm", answer.arm),
        ("Snapshot", built),
        ("Time", f"{sum(answer.timings.values()):.0f} ms"),
        ("Request", answer.request),
    ]
    return [(name, value) for name, value in facts if value]


def source_facts(answer: Recommendations) -> list[tuple[str, str]]:
    """Return how many candidates each source brought, or why it brought none."""
    return [
        (
            _words(source.name),
            f"left out: {_words(source.left_out)}" if source.left_out else f"{source.found}",
        )
        for source in answer.sources
    ]


def left_out(answer: Recommendations) -> list[tuple[str, str]]:
    """Return how many candidates were removed, by reason."""
    return [
        (_LEFT_OUT.get(name, _words(name)), f"{count}")
        for name, count in sorted(answer.removed.items())
        if count
    ]


def _card(entry: Recommended, answer: Recommendations, visitor: Visitor, best: float) -> Card:
    channel = entry.entry if isinstance(entry.entry, Channel) else None
    person = entry.entry if isinstance(entry.entry, Person) else None
    reasons = reason_words(entry.reasons, visitor)
    who = visitor.names.who(person.id) if person else None
    return Card(
        rank=entry.position,
        item=entry.item,
        entry=entry.entry.id,
        name=title(channel) if channel else who.name if who else "",
        href=_href(answer, entry) if channel else "",
        about=plain(channel.purpose or channel.topic) if channel else who.title if who else "",
        who=who,
        private=channel is not None and channel.kind is not ChannelKind.PUBLIC,
        reasons=reasons[:_REASONS],
        more=reasons[_REASONS:],
        score=entry.score,
        share=max(2, round(100 * max(0.0, entry.score) / best)),
        explored=any(later.score > entry.score for later in answer.items[entry.position :]),
        details=_details(entry, answer),
    )


def _href(answer: Recommendations, entry: Recommended) -> str:
    return f"/recommendations/open?{urlencode({'request': answer.request, 'item': entry.entry.id})}"


def _details(entry: Recommended, answer: Recommendations) -> tuple[tuple[str, str], ...]:
    parts = zip(answer.features, entry.features, entry.contributions, strict=True)
    ordered = sorted(parts, key=lambda part: -abs(part[2]))
    return (
        ("Found by", ", ".join(map(_words, entry.sources)) or "exploration"),
        ("Propensity", f"{entry.propensity:.3f}"),
        *((_words(name), f"{value:.2f}, adds {added:+.2f}") for name, value, added in ordered),
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
