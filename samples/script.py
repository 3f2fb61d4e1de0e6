"""Hand-written conversations: screenplays in YAML, placed on the timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, cast

from samples.posts import Post, World, react
from samples.timeline import Timeline, span
from samples.workspace import HERE, read_yaml

MARKS = frozenset({"decision", "action", "question", "cause", "reversal", "injection", "code"})
FLAGS = frozenset({"broadcast", "pin", "edited", "deleted", "me", "huddle", "reminder", "poll", "blank"})
_CUE = re.compile(r"^(?P<who>[a-z]+)(?: \((?P<notes>[^()]*)\))?: (?P<text>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One spoken line: who, what, the stage directions, and what it stands for."""

    who: str
    text: str
    notes: tuple[str, ...]

    @property
    def marks(self) -> frozenset[str]:
        """What a good summary has to notice here."""
        return MARKS & set(self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One screenplay: where, when, what it holds, and the summary we would write."""

    id: str
    channel: str
    day: int | None
    weekday: str
    start: str
    gap: float
    kinds: tuple[str, ...]
    interleave: str
    summary: str
    lines: tuple[Line, ...]

    def place(self, timeline: Timeline) -> tuple[int, datetime]:
        """Return the workday and moment at which it starts."""
        if self.day is None:
            return timeline.today, timeline.end + span(self.start)
        day = timeline.on(self.day, self.weekday) if self.weekday else self.day
        return day, timeline.moment(day, self.start)


def _lines(script: str) -> Iterator[Line]:
    who, notes, text = "", "", [""]
    for raw in script.rstrip("\n").split("\n"):
        cue = _CUE.match(raw)
        if cue is None:
            text.append(raw.removeprefix("  "))
            continue
        if who:
            yield Line(who=who, text="\n".join(text), notes=tuple(notes.split()))
        who, notes, text = cue["who"], cue["notes"] or "", [cue["text"]]
    yield Line(who=who, text="\n".join(text), notes=tuple(notes.split()))


def _read(raw: Mapping[str, Any]) -> Conversation:
    now = raw["day"] == "now"
    lines = tuple(_lines(raw["script"]))
    marked = {mark for line in lines for mark in line.marks}
    return Conversation(
        id=raw["id"],
        channel=raw["channel"],
        day=None if now else raw["day"],
        weekday=raw.get("on", ""),
        start=raw["start"],
        gap=raw["gap"],
        kinds=tuple(dict.fromkeys((*raw["kinds"], *sorted(marked)))),
        interleave=raw.get("interleave", ""),
        summary=" ".join(str(raw["summary"]).split()),
        lines=lines,
    )


@cache
def conversations() -> tuple[Conversation, ...]:
    """Return every hand-written conversation, by file and place in the file."""
    files = sorted((HERE / "conversations").glob("*.yaml"))
    return tuple(_read(raw) for f in files for raw in cast(list[dict[str, Any]], read_yaml(f)))


def _option(line: Line, name: str) -> str:
    return next((n.partition("=")[2] for n in line.notes if n.startswith(f"{name}=")), "")


def _root(conversation: Conversation, target: str) -> str:
    if target.isdigit():
        return f"{conversation.id}/{target}"
    index = next(i for i, line in enumerate(conversation.lines, 1) if f"#{target}" in line.notes)
    return f"{conversation.id}/{index}"


def _times(conversation: Conversation, world: World, dice: Random) -> list[datetime]:
    day, clock = conversation.place(world.timeline)
    low, high = (0.75, 1.25) if conversation.interleave else (0.35, 1.8)
    times: list[datetime] = []
    for line in conversation.lines:
        jump, after = _option(line, "day"), _option(line, "after")
        if jump:
            ahead, _, at = jump.partition("@")
            clock = world.timeline.moment(day + int(ahead), at)
        elif times:
            clock += span(after) if after else timedelta(minutes=conversation.gap * dice.uniform(low, high))
        clock += timedelta(microseconds=dice.randrange(1_000_000))
        times.append(clock)
    return _squeezed(times, world.timeline.end - timedelta(minutes=1))


def _squeezed(times: list[datetime], limit: datetime) -> list[datetime]:
    """Return times that end by `limit`, closer together where they would not."""
    if times[-1] <= limit:
        return times
    factor = (limit - times[0]) / (times[-1] - times[0])
    return [times[0] + (t - times[0]) * factor for t in times]


def _reactions(line: Line) -> Iterator[tuple[str, str]]:
    for note in line.notes:
        name, equals, value = note.partition("=")
        if equals and name not in {"re", "after", "day", "file"} | FLAGS:
            yield name, value


def perform(conversation: Conversation, world: World) -> list[Post]:
    """Return the posts of one conversation; post i has the key `<id>/<i>`, from 1."""
    dice = world.dice(f"script:{conversation.id}")
    day, start = conversation.place(world.timeline)
    posts: list[Post] = []
    for index, (line, at) in enumerate(
        zip(conversation.lines, _times(conversation, world, dice), strict=True), 1
    ):
        target = _option(line, "re")
        post = Post(
            key=f"{conversation.id}/{index}",
            channel=conversation.channel,
            author=line.who,
            at=at,
            text=world.timeline.words(line.text, day=day, start=start),
            root=_root(conversation, target) if target else "",
            file=_option(line, "file"),
            flags=FLAGS & {n.partition("=")[0] for n in line.notes},
        )
        for emoji, who in _reactions(line):
            post = react(world, post, emoji, who, dice)
        posts.append(post)
    return posts


def summary(conversation: Conversation, timeline: Timeline) -> str:
    """Return our reference summary, its days in words."""
    day, start = conversation.place(timeline)
    return timeline.words(conversation.summary, day=day, start=start)
