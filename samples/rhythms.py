"""What returns every day: stand-ups, deploy notices, pages and tickets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import cast

from samples.filler import Phrases, awake, phrases, rhythms
from samples.posts import Post, World, react

_CREWS = {
    "platform": ("maya", "jonas", "priya", "arjun", "linh", "samo"),
    "mobile": ("lena", "diego", "nia", "teo"),
}
_SUPPORT = ("sama", "bilal", "ananya")
_DEPLOYERS = ("maya", "jonas", "priya", "arjun", "linh", "samo")


def _at(day: date, hour: float, dice: Random, spread: float = 0.5) -> datetime:
    start = datetime.combine(day, time(tzinfo=UTC))
    return start + timedelta(hours=hour + dice.uniform(0, spread), microseconds=dice.randrange(1_000_000))


def _standup_line(team: str, voice: Phrases, dice: Random) -> str:
    pieces = cast(dict[str, list[str]], rhythms()["standup"])
    done, doing = (voice.say(p, dice) for p in dice.sample(pieces[team], 2))
    block = voice.say(dice.choice(pieces["blockers"]), dice)
    if dice.random() < 0.4:
        return (
            f"{done}, then {doing}." if block.startswith(("no", "all")) else f"{done}, then {doing}. {block}"
        )
    return f"*Yesterday*: {done}\n*Today*: {doing}\n*Blockers*: {block}"


def _standup(world: World, team: str, day: date, number: int) -> Iterator[Post]:
    dice = world.dice(f"standup:{team}:{day}")
    voice = phrases(world, number)
    root = f"standup:{team}:{day}"
    question = "Good morning! What did you finish, what is next, what is in your way?"
    yield Post(key=root, channel=team, author="rooster", at=_at(day, 6.9, dice, 0.01), text=question)
    for who in _CREWS[team]:
        western = world.workspace.people[who].tz.startswith("America")
        at = _at(day, 13.1 if western else 7.05, dice, 1.2)
        if who in world.members(team, at) and dice.random() < 0.8:
            text = _standup_line(team, voice, dice)
            yield Post(key=f"{root}:{who}", channel=team, author=who, at=at, text=text, root=root)


def _release(voice: Phrases, dice: Random, number: int) -> str:
    """Return a service and a version that grows by the day."""
    service = voice.say("{service}", dice)
    base = len(service) * 7 % 40
    return (
        f"{service} {2 + len(service) % 3}.{base + (number + 30) // 2}.{number % 2 * 2 + dice.randrange(2)}"
    )


def _deploy(world: World, key: str, day: date, number: int) -> Iterator[Post]:
    dice = world.dice(key)
    voice = phrases(world, number)
    at = _at(day, dice.uniform(6, 18), dice)
    crew = [p for p in _DEPLOYERS if awake(world, p, at) and p in world.members("platform", at)]
    who = dice.choice(crew)
    service = _release(voice, dice, number)
    by = world.workspace.people[who].username
    roll = dice.random()
    if roll < 0.62:
        target = dice.choice(("production", "production", "staging"))
        text = f"{service} deployed to {target} by {by} || {{n}}m 1{{n}}s, {{nn}}{{n}} checks passed"
    elif roll < 0.88:
        text = f"build failed on main: {service} || {{n}} of {{nnn}} tests failed, first: test_[plan_limits|tariff_gap|badge_offline|retry_after|session_merge]"
    else:
        text = f"{service} rolled back in production by {by} || health check [timed out|failed twice] after {{n}}m"
    yield Post(key=key, channel="deploys", author="shipyard", at=at, text=voice.say(text, dice))
    if roll >= 0.62 and who in world.members("deploys", at) and dice.random() < 0.55:
        words = "[flaky, rerunning|mine, fix coming|known, see {pr}|runner ran out of disk|missing migration, one minute]"
        later = at + timedelta(minutes=dice.uniform(1, 15))
        yield Post(
            key=f"{key}:a", channel="deploys", author=who, at=later, text=voice.say(words, dice), root=key
        )


def _page(world: World, key: str, day: date, number: int) -> Iterator[Post]:
    dice = world.dice(key)
    voice = phrases(world, number)
    at = _at(day, dice.uniform(0, 23), dice)
    service = voice.say("{service}", dice)
    text = (
        f"[P3|P4] {service}: [disk 8{{n}} %|p95 {{nnn}} ms|queue depth {{nnn}}|certificate on staging expires in {{nn}} days"
        f"|worker restarted {{n}} times|no heartbeat from {{depot}}] || service={service} for={{n}}m"
    )
    # Square brackets hold choices, so the priority gets its own after they are made.
    text = "[" + voice.say(text, dice).replace(" ", "] ", 1)
    yield Post(key=key, channel="oncall", author="beacon", at=at, text=text)
    if dice.random() < 0.35:
        who = next(
            (p for p in dice.sample(("arjun", "priya", "samo", "jonas"), 4) if awake(world, p, at)), "samo"
        )
        words = (
            "[ack|ack, looking|noise, ticket written|self-healed|restarted, watching|known since yesterday]"
        )
        later = at + timedelta(minutes=dice.uniform(1, 9))
        yield Post(
            key=f"{key}:a", channel="oncall", author=who, at=later, text=voice.say(words, dice), root=key
        )


def _ticket(world: World, key: str, day: date, number: int) -> Iterator[Post]:
    dice = world.dice(key)
    voice = phrases(world, number)
    tickets = cast(list[dict[str, str | list[str]]], rhythms()["tickets"])
    ticket = dice.choice(tickets)
    turn = int(key.rsplit(":", 1)[1])
    at = _at(day, 5 + (turn + dice.random()) * 2.2, dice, 0.01)
    serial = 8200 + (number + 30) * 8 + turn
    title = f"#{serial} " + voice.say(str(ticket["title"]), dice)
    yield Post(
        key=key,
        channel="support",
        author="helpdesk",
        at=at,
        text=f"{title} || priority={dice.choice(('normal', 'normal', 'high', 'low'))}",
    )
    for index, line in enumerate(cast(Sequence[str], ticket["replies"])):
        at += timedelta(minutes=dice.uniform(3, 50), microseconds=dice.randrange(1_000_000))
        inside = [p for p in _SUPPORT if p in world.members("support", at)]
        who = dice.choice([p for p in inside if awake(world, p, at)] or ["bilal"])
        post = Post(
            key=f"{key}:{index}", channel="support", author=who, at=at, text=voice.say(line, dice), root=key
        )
        yield react(world, post, "white_check_mark", "1", dice) if dice.random() < 0.2 else post


def _day(world: World, day: date, number: int | None) -> Iterator[Post]:
    dice = world.dice(f"rhythms:{day}")
    last = world.timeline.number(datetime.combine(day, time(12), tzinfo=UTC))
    if number is not None:
        yield from _standup(world, "platform", day, number)
        if number % 2 == 0:
            yield from _standup(world, "mobile", day, number)
        for turn in range(dice.randrange(6, 11)):
            yield from _deploy(world, f"deploy:{day}:{turn}", day, number)
    for turn in range(dice.randrange(1, 4)):
        yield from _page(world, f"page:{day}:{turn}", day, last)
    for turn in range(dice.randrange(3, 7) if number is not None else 1):
        yield from _ticket(world, f"ticket:{day}:{turn}", day, last)


def routines(world: World) -> Iterator[Post]:
    """Yield every routine post before the end."""
    for day, number in world.timeline.days():
        yield from (p for p in _day(world, day, number) if p.at < world.timeline.end)
