"""Reasons in plain words, for every door: codes and numbers from the recommender, names this reader may know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.directory import Directory
from recommend.models import Reason, Recommendations


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the people and channels in reasons are called, by number."""

    people: Mapping[int, str] = field(default_factory=dict[int, str])
    channels: Mapping[int, str] = field(default_factory=dict[int, str])


async def read_names(directory: Directory, answer: Recommendations) -> Names:
    """Return the names that the reasons of an answer need, of channels only those readable at this moment."""
    every = [reason for item in answer.items for reason in item.reasons]
    people = {number for reason in every for number in reason.people}
    channels = {number for reason in every for number in reason.channels}
    found = await directory.people_numbered(answer.workspace, people) if people else []
    places = await directory.readable_numbered(answer.workspace, answer.person, channels) if channels else []
    return Names(
        people={int(person.number): person.name for person in found},
        channels={int(channel.number): f"#{channel.name}" for channel in places},
    )


def sentence(reason: Reason, names: Names) -> str:
    """Return a reason in words, without a full stop; made from metadata alone."""
    people = [names.people[number] for number in reason.people if number in names.people]
    channels = [names.channels[number] for number in reason.channels if number in names.channels]
    wording = WORDINGS.get(reason.code)
    if wording is None:
        return reason.code.replace("_", " ")
    return wording(reason.count, _listed(people or channels, reason.count))


def _listed(names: list[str], count: int) -> str:
    """Return `A, B and 3 more`; at most `count` in all."""
    more = count - len(names)
    parts = [*names, f"{more} more"] if names and more > 0 else names
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _colleagues(count: int, named: str) -> str:
    are = "is" if count == 1 else "are"
    return f"{_people(count)} you work with {are} active here{named and f': {named}'}"


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _channels(count: int) -> str:
    return f"{count} channel" if count == 1 else f"{count} channels"


WORDINGS: Mapping[str, Callable[[int, str], str]] = {
    "active_this_week": lambda count, _: f"{_people(count)} wrote here this week",
    "colleagues_active": _colleagues,
    "similar_channels": lambda _, named: f"shares many people with {named or 'your channels'}",
    "fits_activity": lambda _count, _named: "fits what you have been active in",
    "recent_joins": lambda count, _: f"{_people(count)} joined in the last 30 days",
    "active_members": lambda count, _: f"{_people(count)} active in the last 30 days",
    "members": lambda count, _: f"{_people(count)} in it",
    "in_touch": lambda count, _: f"you write to each other, most recently {_ago(count)}",
    "you_contacted": lambda count, _: f"you wrote to them {_ago(count)}",
    "contacted_you": lambda count, _: f"they wrote to you {_ago(count)}",
    "shared_channels": lambda count, named: f"you are both in {named or _channels(count)}",
    "similar_activity": lambda _count, _named: "active where you are active",
    "often_contacted": lambda count, _: f"{_people(count)} wrote to them in the last 30 days",
    "in_workspace": lambda _count, _named: "works in this workspace",
}
"""What each code of `recommend/reasons.py` says; a test fails when one is missing."""
