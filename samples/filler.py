"""Day-to-day chatter around the hand-written conversations: sketches with choices, `[a|b]`, and slots, `{depot}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import cycle
from random import Random
from typing import cast

from samples.posts import Post, World, react
from samples.timeline import utc_offset
from samples.workspace import HERE, Channel, read_yaml

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z]+)\}")
_CUE = re.compile(r"^([a-z]+): (.*)$")
_NOD = ("+1", "heart", "tada", "eyes", "joy", "pray", "white_check_mark", "raised_hands")
_WEEKEND = {"random": 0.35, "support": 0.3, "oncall": 0.3}

Busy = dict[str, list[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Turns sketch lines into sentences; `handles` are the people who may be named."""

    slots: dict[str, list[str]]
    handles: Sequence[str]

    def say(self, text: str, dice: Random) -> str:
        """Return the line with every choice made and every slot filled."""
        while found := _CHOICE.search(text):
            choice = dice.choice(found[1].split("|"))
            text = text[: found.start()] + choice + text[found.end() :]
        return _SLOT.sub(lambda found: self._fill(found[1], dice), text).strip()

    def _fill(self, slot: str, dice: Random) -> str:
        match slot:
            case "n" | "nn" | "nnn":
                return "".join(str(dice.randrange(2, 10)) for _ in slot)
            case "pr":
                number = dice.randrange(1900, 2700)
                return f"[PR {number}](https://git.voltmoor.example/main/pull/{number})"
            case "version":
                return f"{dice.randrange(2, 5)}.{dice.randrange(8, 60)}.{dice.randrange(4)}"
            case "person":
                return f"@{dice.choice(self.handles)}"
            case _:
                return dice.choice(self.slots[slot])


@cache
def chatter() -> dict[str, list[str]]:
    """Return the sketches per channel."""
    return cast(dict[str, list[str]], read_yaml(HERE / "sketches" / "chatter.yaml"))


@cache
def rhythms() -> dict[str, object]:
    """Return slots and the pieces of stand-ups and tickets."""
    return cast(dict[str, object], read_yaml(HERE / "sketches" / "rhythms.yaml"))


def phrases(world: World, day: int, *, without: Sequence[str] = ()) -> Phrases:
    """Return the phrase maker for a day: it names people who are there, but not those `without`."""
    slots = cast(dict[str, list[str]], rhythms()["slots"])
    today = f"{world.timeline.workday(day):%A}"
    slots = slots | {"weekday": [name for name in slots["weekday"] if name != today]}
    humans = [p for p in world.workspace.humans if not p.guest and p.handle not in without]
    inside = [p.handle for p in humans if (p.start or -99) <= day < (p.left or 99)]
    return Phrases(slots=slots, handles=inside)


def awake(world: World, handle: str, moment: datetime) -> bool:
    """Return whether somebody is at work, by their own clock."""
    person = world.workspace.people[handle]
    local = moment + utc_offset(person.tz, moment.date())
    return bool(person.bot) or 8 <= local.hour < 19


def office_hour(world: World, handle: str, day: date, dice: Random) -> datetime:
    """Return a working moment of somebody's day, thinner at lunch."""
    hour = dice.choice((9, 9.5, 10, 10.5, 11, 11.5, 13, 13.5, 14, 14.5, 15, 15.5, 16, 16.5, 12))
    local = datetime.combine(day, time(tzinfo=UTC)) + timedelta(hours=hour, seconds=dice.uniform(0, 1800))
    return local - utc_offset(world.workspace.people[handle].tz, day)


def busy_times(posts: Sequence[Post]) -> Busy:
    """Return when each channel is taken by a hand-written conversation."""
    busy: Busy = {}
    for post in posts:
        spans = busy.setdefault(post.channel, [])
        near = (post.at - timedelta(minutes=12), post.at + timedelta(minutes=6))
        spans.append(near)
    return busy


def _cast(
    world: World, channel: Channel, roles: Sequence[str], day: date, dice: Random
) -> tuple[dict[str, str], datetime]:
    people = world.workspace.people
    inside = channel.members(world.timeline.number(datetime.combine(day, time(12), tzinfo=UTC)))
    pool = [m for m in (channel.talkers or inside) if m in inside and m not in roles]
    named = [r for r in roles if r in people and not people[r].bot]
    first = named[0] if named else dice.choices(pool, [people[m].chat for m in pool])[0]
    at = office_hour(world, first, day, dice)
    chosen = {r: r for r in roles if r in people}
    for role in (r for r in roles if r not in people):
        left = [m for m in pool if m not in chosen.values()]
        here = [m for m in left if awake(world, m, at)] or left or pool
        chosen[role] = first if first not in chosen.values() else dice.choice(here)
    return chosen, at


def _play(world: World, key: str, name: str, sketch: str, day: date) -> list[Post]:
    dice = world.dice(key)
    cues = [found.groups() for line in sketch.strip().split("\n") if (found := _CUE.match(line))]
    roles = list(dict.fromkeys(who for who, _ in cues))
    chosen, at = _cast(world, world.workspace.channels[name], roles, day, dice)
    voice = phrases(world, world.timeline.number(at), without=list(chosen.values()))
    threaded = len(cues) > 1 and dice.random() < 0.3
    posts: list[Post] = []
    for index, (who, text) in enumerate(cues, 1):
        root = f"{key}/1" if threaded and index > 1 else ""
        post = Post(
            key=f"{key}/{index}",
            channel=name,
            author=chosen[who],
            at=at,
            text=voice.say(text, dice),
            root=root,
        )
        if dice.random() < 0.14:
            post = react(world, post, dice.choice(_NOD), str(dice.randrange(1, 4)), dice)
        posts.append(post)
        at += timedelta(minutes=dice.uniform(0.5, 9), microseconds=dice.randrange(1_000_000))
    return posts


def _free(posts: Sequence[Post], busy: Busy) -> bool:
    spans = busy.get(posts[0].channel, [])
    return not any(low <= post.at <= high for post in posts for low, high in spans)


def _present(world: World, posts: Sequence[Post]) -> bool:
    people = world.workspace.people
    return all(people[p.author].bot or p.author in world.members(p.channel, p.at) for p in posts)


def _channel_chatter(world: World, name: str, pool: Sequence[str], busy: Busy) -> Iterator[Post]:
    channel = world.workspace.channels[name]
    dice = world.dice(f"chatter:{name}")
    sketches = cycle(dice.sample(list(pool), len(pool)))
    until = channel.archived if channel.archived is not None else 99
    for day, number in world.timeline.days():
        rate = channel.rate if number is not None else _WEEKEND.get(name, 0.0)
        if number is not None and number >= until:
            return
        if len(channel.members(world.timeline.number(datetime.combine(day, time(12), tzinfo=UTC)))) < 2:
            continue
        for turn in range(int(rate) + (dice.random() < rate % 1)):
            sketch = next(sketches)
            for attempt in range(6):
                posts = _play(world, f"chat:{name}:{day}:{turn}:{attempt}", name, sketch, day)
                if _free(posts, busy) and _present(world, posts) and posts[-1].at < world.timeline.end:
                    yield from posts
                    break


def small_talk(world: World, busy: Busy) -> Iterator[Post]:
    """Yield the chatter of every channel, direct message and group message."""
    for name, channel in world.workspace.channels.items():
        pool = chatter()["dm" if channel.kind in {"dm", "mpim"} else name]
        yield from _channel_chatter(world, name, pool, busy)
