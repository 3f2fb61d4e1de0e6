"""Slack's users as people, and people of whom only their messages tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from core.directory import Guest, Person
from core.ids import UserId
from gateway.importers import clean

SLACKBOT = UserId("USLACKBOT")
NOBODY = UserId("UNKNOWN")
"""Who wrote what says no author (some notices of Slack itself)."""


def read_person(user: Mapping[str, Any], team: str) -> Person | None:
    """Return the person of an entry in users.json, or None for one without an id.

    Who belongs to another workspace is held to be a guest: they see what they were added to, nothing else.
    """
    id = clean.identifier(user.get("id"))
    if not id:
        return None
    profile = clean.mapping(user.get("profile"))
    display = clean.text(profile.get("display_name")) or clean.text(user.get("display_name"))
    return Person(
        id=UserId(id),
        handle=clean.text(user.get("name")) or display or id,
        real_name=clean.text(user.get("real_name")) or clean.text(profile.get("real_name")),
        display_name=display,
        title=clean.text(profile.get("title")),
        timezone=clean.identifier(user.get("tz")) or "UTC",
        is_bot=bool(user.get("is_bot") or user.get("is_workflow_bot")) or id == SLACKBOT,
        guest=_guest(user, team),
        deactivated=bool(user.get("deleted")),
    )


def home_team(users: Iterable[Mapping[str, Any]]) -> str:
    """Return the workspace most users belong to, or an empty string if none says."""
    teams = Counter(
        team
        for user in users
        if not user.get("is_stranger") and user.get("id") != SLACKBOT
        for team in [
            clean.identifier(user.get("team_id"))
            or clean.identifier(clean.mapping(user.get("profile")).get("team"))
        ]
        if team
    )
    return min(teams, key=lambda team: (-teams[team], team), default="")


def bots_by_id(users: Iterable[Mapping[str, Any]]) -> dict[str, UserId]:
    """Return which user an app posts as, by the bot id (`B…`) its messages carry."""
    found: dict[str, UserId] = {}
    for user in users:
        bot = clean.identifier(clean.mapping(user.get("profile")).get("bot_id"))
        if bot and (id := clean.identifier(user.get("id"))):
            found[bot] = UserId(id)
    return found


def author_id(message: Mapping[str, Any], bots: Mapping[str, UserId]) -> UserId:
    """Return who wrote a message: a user, an app by its bot id or name, or NOBODY."""
    user = message.get("user")
    if type(user) is str and (id := clean.identifier(user)):
        return UserId(id)
    comment = clean.mapping(message.get("comment"))
    for value in (clean.mapping(user).get("id"), comment.get("user")):
        if isinstance(value, str) and (id := clean.identifier(value)):
            return UserId(id)
    bot = clean.identifier(message.get("bot_id")) or clean.identifier(
        clean.mapping(message.get("bot_profile")).get("id")
    )
    if bot:
        return bots.get(bot, UserId(bot))
    name = clean.text(message.get("username")).strip()
    return UserId(f"bot-{clean.digest(name)}") if name else NOBODY


def author_of(message: Mapping[str, Any], id: UserId, *, guest: Guest) -> Person:
    """Return what a message tells of its author, who is in no listing."""
    profile, bot = clean.mapping(message.get("user_profile")), clean.mapping(message.get("bot_profile"))
    name = (
        clean.text(profile.get("name")) or clean.text(bot.get("name")) or clean.text(message.get("username"))
    )
    if id == NOBODY:
        return Person(id=id, handle="unknown", is_bot=True, deactivated=True)
    if id == SLACKBOT:
        return Person(id=id, handle="slackbot", real_name="Slackbot", is_bot=True)
    return Person(
        id=id,
        handle=name or clean.text(profile.get("display_name")) or id,
        real_name=clean.text(profile.get("real_name")),
        display_name=clean.text(profile.get("display_name")),
        is_bot=id.startswith(("B", "bot-")) or bool(bot) or message.get("subtype") == "bot_message",
        guest=_guest(profile, "") if _guest(profile, "") is not Guest.NO else guest,
    )


def _guest(user: Mapping[str, Any], team: str) -> Guest:
    if user.get("is_ultra_restricted"):
        return Guest.SINGLE
    return Guest.MULTI if user.get("is_restricted") or _foreign(user, team) else Guest.NO


def _foreign(user: Mapping[str, Any], team: str) -> bool:
    if user.get("is_stranger"):
        return True
    theirs = user.get("team_id")
    if not team or not theirs or theirs == team or user.get("id") == SLACKBOT:
        return False
    return team not in clean.strings(clean.mapping(user.get("enterprise_user")).get("teams"))
