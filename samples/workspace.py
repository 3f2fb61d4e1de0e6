"""The company: people, bots, channels and who is in them when."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

HERE = Path(__file__).parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> object:
    """Return the parsed file, by the C parser where there is one."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506


def slack_id(prefix: str, name: str) -> str:
    """Return a Slack-looking id that is the same on every machine."""
    number = int.from_bytes(hashlib.sha256(f"{prefix}:{name}".encode()).digest()[:8])
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    digits: list[str] = []
    for _ in range(9):
        number, digit = divmod(number, 36)
        digits.append(alphabet[digit])
    return f"{prefix}0{''.join(digits)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone, or something, that writes."""

    handle: str
    id: str
    username: str
    name: str
    display: str
    title: str = ""
    team: str = ""
    tz: str = "Europe/Berlin"
    guest: str = ""
    admin: bool = False
    owner: bool = False
    start: int | None = None
    left: int | None = None
    chat: float = 1.0
    bot: str = ""

    @property
    def label(self) -> str:
        """The name that chat shows."""
        return self.display or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel, private channel, direct message or group message; `name` is its key and folder."""

    name: str
    id: str
    kind: str
    founders: tuple[str, ...]
    joins: Mapping[str, int]
    leaves: Mapping[str, int]
    topic: str = ""
    purpose: str = ""
    archived: int | None = None
    rate: float = 0.3
    talkers: tuple[str, ...] = ()

    def members(self, day: int) -> tuple[str, ...]:
        """Return who is in on workday `day` (joins count from their day, leaves end with the day before)."""
        everybody = (*self.founders, *self.joins)
        inside = (p for p in everybody if self.joins.get(p, -99) <= day < self.leaves.get(p, 99))
        return tuple(inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything in workspace.yaml; `dms` and `mpims` are keyed `dm:a,b` and `mpim:a,b,c`."""

    team: Mapping[str, str]
    people: Mapping[str, Person]
    channels: Mapping[str, Channel]
    usergroups: Mapping[str, tuple[str, ...]]
    should_join: tuple[tuple[str, str], ...]
    events: tuple[Mapping[str, Any], ...]

    @property
    def humans(self) -> tuple[Person, ...]:
        """Everybody who is not a bot."""
        return tuple(p for p in self.people.values() if not p.bot)


def _person(handle: str, raw: Mapping[str, Any]) -> Person:
    return Person(
        handle=handle,
        id=slack_id("U", handle),
        username=raw["username"],
        name=raw["name"],
        display=raw.get("display", ""),
        title=raw.get("title", ""),
        team=raw.get("team", ""),
        tz=raw.get("tz", "Europe/Berlin"),
        guest=raw.get("guest", ""),
        admin=raw.get("admin", False) or raw.get("owner", False),
        owner=raw.get("owner", False),
        start=raw.get("start"),
        left=raw.get("left"),
        chat=raw.get("chat", 1.0),
        bot=raw.get("style", ""),
    )


def _channel(name: str, raw: Mapping[str, Any], everyone: list[str], left: Mapping[str, int]) -> Channel:
    founders = everyone if raw["members"] == "everyone" else cast(list[str], raw["members"])
    joins = cast(dict[str, int], raw.get("joins", {}))
    inside = {*founders, *joins}
    private = bool(raw.get("private"))
    return Channel(
        name=name,
        id=slack_id("G" if private else "C", name),
        kind="group" if private else "channel",
        founders=tuple(founders),
        joins=joins,
        leaves=cast(dict[str, int], raw.get("leaves", {})) | {p: d for p, d in left.items() if p in inside},
        topic=raw["topic"],
        purpose=raw["purpose"],
        archived=raw.get("archived"),
        rate=raw["rate"],
        talkers=tuple(cast(list[str], raw.get("talkers", []))),
    )


def _conversation(kind: str, members: str, people: Mapping[str, Person]) -> Channel:
    handles = tuple(members.split(","))
    key = f"{kind}:{members}"
    name = slack_id("D", key)
    if kind == "mpim":
        name = f"mpdm-{'--'.join(people[h].username for h in handles)}-1"
    return Channel(
        name=name,
        id=slack_id("D" if kind == "dm" else "G", key),
        kind=kind,
        founders=tuple(h for h in handles if people[h].start is None),
        joins={h: start for h in handles if (start := people[h].start) is not None},
        leaves={h: left for h in handles if (left := people[h].left) is not None},
    )


@cache
def load_workspace() -> Workspace:
    """Return the workspace of workspace.yaml."""
    raw = cast(dict[str, Any], read_yaml(HERE / "workspace.yaml"))
    entries = cast(dict[str, dict[str, Any]], raw["people"] | raw["bots"])
    people = {handle: _person(handle, entry) for handle, entry in entries.items()}
    left = {p.handle: p.left for p in people.values() if p.left is not None}
    channels = {n: _channel(n, c, raw["everyone"], left) for n, c in raw["channels"].items()}
    channels |= {f"dm:{m}": _conversation("dm", m, people) for m in raw["dms"]}
    channels |= {f"mpim:{m}": _conversation("mpim", m, people) for m in raw["mpims"]}
    return Workspace(
        team=raw["team"],
        people=people,
        channels=channels,
        usergroups={n: tuple(m) for n, m in raw["usergroups"].items()},
        should_join=tuple((e["person"], e["channel"]) for e in raw["should_join"]),
        events=tuple(raw["events"]),
    )
