"""The whole workspace in memory: every post, sorted, with its final timestamp."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from samples.filler import busy_times, small_talk
from samples.posts import Post, World
from samples.rhythms import routines
from samples.script import Conversation, conversations, perform
from samples.timeline import Timeline
from samples.workspace import Channel, load_workspace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Posts by channel in the order of time, and the Slack timestamp of each post's key."""

    world: World
    posts: Mapping[str, Sequence[Post]]
    stamps: Mapping[str, str]
    conversations: Sequence[Conversation]

    @property
    def count(self) -> int:
        """How many messages there are."""
        return sum(len(posts) for posts in self.posts.values())


def stamp(moment: datetime) -> str:
    """Return a moment as Slack writes it: seconds and six digits."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _events(world: World) -> Iterator[Post]:
    for index, event in enumerate(world.workspace.events):
        at = world.timeline.moment(event["day"], event["at"])
        extra = dict(event.get("extra", {}))
        extra |= {k: event[k] for k in ("deletes", "older_root", "gone_file") if k in event}
        yield Post(
            key=f"event:{index}",
            channel=event["channel"],
            author=event["author"],
            at=at + timedelta(microseconds=137 * (index + 1)),
            text=event["text"],
            subtype=event.get("subtype", ""),
            extra=extra,
        )


def _door(world: World, key: str, channel: Channel) -> Iterator[Post]:
    if channel.kind in {"dm", "mpim"}:
        return
    private = channel.kind == "group"
    for kind, doors, verb in (("join", channel.joins, "joined"), ("leave", channel.leaves, "left")):
        for handle, day in doors.items():
            leaving_company = kind == "leave" and world.workspace.people[handle].left == day
            if leaving_company:
                continue
            at = world.timeline.moment(day, "04:35") + timedelta(
                seconds=len(handle) * 41 + len(key), microseconds=2900
            )
            subtype = f"{'group' if private else 'channel'}_{kind}"
            text = f"@{handle} has {verb} the channel"
            yield Post(
                key=f"{kind}:{key}:{handle}", channel=key, author=handle, at=at, text=text, subtype=subtype
            )


def _pinned(posts: Sequence[Post]) -> Sequence[Post]:
    """Return posts at least a microsecond apart; order is by time, then key."""
    ordered = sorted(posts, key=lambda p: (p.at, p.key))
    apart: list[Post] = []
    for post in ordered:
        earliest = apart[-1].at + timedelta(microseconds=1) if apart else post.at
        apart.append(post if post.at >= earliest else post.moved(earliest))
    return apart


def build(*, seed: int, end: date) -> Corpus:
    """Return the workspace for a seed and an end (a date, or an aware datetime for 'up to now')."""
    world = World(workspace=load_workspace(), timeline=Timeline.until(end), seed=seed)
    scripts = conversations()
    written = [post for conversation in scripts for post in perform(conversation, world)]
    written += _events(world)
    doors = (p for key, channel in world.workspace.channels.items() for p in _door(world, key, channel))
    by_channel: dict[str, list[Post]] = {key: [] for key in world.workspace.channels}
    for post in chain(written, doors, routines(world), small_talk(world, busy_times(written))):
        by_channel[post.channel].append(post)
    posts = {key: _pinned(found) for key, found in by_channel.items()}
    stamps = {p.key: stamp(p.at) for found in posts.values() for p in found}
    return Corpus(world=world, posts=posts, stamps=stamps, conversations=scripts)
