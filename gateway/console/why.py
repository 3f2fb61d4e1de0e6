"""Reasons in plain words: codes and numbers from the recommender, with the names this reader may know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.console.names import title
from gateway.console.visitors import Visitor
from recommend.models import Reason


def reason_words(reasons: Sequence[Reason], visitor: Visitor) -> tuple[str, ...]:
    """Return each reason as a sentence without a full stop."""
    return tuple(_words(reason, visitor) for reason in reasons)


def _words(reason: Reason, visitor: Visitor) -> str:
    wording = WORDINGS.get(reason.code)
    people, channels = _people(reason, visitor), _channels(reason, visitor)
    named = people or channels
    return wording(reason.count, named) if wording else reason.code.replace("_", " ")


def _people(reason: Reason, visitor: Visitor) -> str:
    by_number = {int(person.number): person for person in visitor.people}
    return _listed(
        [visitor.names.who(by_number[n].id).name for n in reason.people if n in by_number], reason.count
    )


def _channels(reason: Reason, visitor: Visitor) -> str:
    by_number = {int(channel.number): channel for channel in visitor.readable}
    return _listed([title(by_number[n]) for n in reason.channels if n in by_number], reason.count)


def _listed(names: Sequence[str], count: int) -> str:
    """Return `A, B and 3 more`, at most `count` in all."""
    more = max(0, count - len(names))
    if not names:
        return ""
    parts = [*names, f"{more} more"] if more else list(names)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _people_count(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _days(count: int) -> str:
    return {0: "today", 1: "yesterday"}.get(count, f"{count} days ago")


WORDINGS: Mapping[str, Callable[[int, str], str]] = {
    "active_this_week": lambda count, _named: f"{_people_count(count)} wrote here this week",
    "colleagues_active": lambda count, named: (
        f"People you work with are active here: {named or _people_count(count)}"
    ),
    "similar_channels": lambda _count, named: f"Shares many people with {named or 'channels you are in'}",
    "fits_activity": lambda _count, _named: "Fits what you have been active in lately",
    "recent_joins": lambda count, _named: f"{_people_count(count)} joined in the last 30 days",
    "active_members": lambda count, _named: f"{_people_count(count)} active in the last 30 days",
    "members": lambda count, _named: f"{_people_count(count)} in it",
    "in_touch": lambda count, _named: f"You write to each other, last {_days(count)}",
    "you_contacted": lambda count, _named: f"You wrote to them {_days(count)}",
    "contacted_you": lambda count, _named: f"They wrote to you {_days(count)}",
    "shared_channels": lambda count, named: f"You are both in {named or f'{count} channels'}",
    "similar_activity": lambda _count, _named: "Active where you are active",
    "often_contacted": lambda count, _named: f"{_people_count(count)} wrote to them in the last 30 days",
    "in_workspace": lambda _count, _named: "Works in this workspace",
}
