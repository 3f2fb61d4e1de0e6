"""What generators write: posts, before they become Slack's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from samples.timeline import Timeline
from samples.workspace import Workspace


def no_extra() -> Mapping[str, Any]:
    """Return the empty extra."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message in friendly markup; `root` names the post that its thread hangs on."""

    key: str
    channel: str
    author: str
    at: datetime
    text: str
    root: str = ""
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    file: str = ""
    flags: frozenset[str] = frozenset()
    subtype: str = ""
    extra: Mapping[str, Any] = field(default_factory=no_extra)

    def moved(self, at: datetime) -> Post:
        """Return the same post at another time."""
        return replace(self, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every generator needs: who there is, when it is, and the seed."""

    workspace: Workspace
    timeline: Timeline
    seed: int

    def dice(self, purpose: str) -> Random:
        """Return a generator that only this purpose draws from."""
        return Random(f"{self.seed}:{purpose}")

    def members(self, channel: str, moment: datetime) -> tuple[str, ...]:
        """Return who is in a channel at a moment."""
        return self.workspace.channels[channel].members(self.timeline.number(moment))


def react(world: World, post: Post, emoji: str, who: str | int, dice: Random) -> Post:
    """Return the post with a reaction: `who` is a number of members or handles with commas."""
    if isinstance(who, str) and not who.isdigit():
        users: Sequence[str] = who.split(",")
    else:
        inside = [m for m in world.members(post.channel, post.at) if m != post.author]
        users = dice.sample(inside, min(int(who), len(inside)))
    return replace(post, reactions=(*post.reactions, (emoji, tuple(users)))) if users else post
