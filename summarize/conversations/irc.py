"""IRC logs and their annotations in the layout of Kummerfeld et al. 2019: `NAME.ascii.txt`, `NAME.annotation.txt`."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from summarize.conversations.talk import TARGETS, Utterance

TEXT, LINKS = ".ascii.txt", ".annotation.txt"
_SAID = re.compile(r"^\[(\d\d):(\d\d)\] (?:<([^>]*)>|\* ?(\S+)) ?(.*)$")
_RENAMED = re.compile(r"^=== (\S+) is now known as (\S+)")
_SERVER = re.compile(
    r"^=== \S+ (?:\[[^ ]*\] )? ?(?:has (?:joined|left|quit|changed)|is now known as|sets mode|was kicked|\[)"
    r"|^=== (?:mode|topic|signoff|netsplit|\S+ changed)",
    re.IGNORECASE,
)
_ACTION = re.compile(r"^=== (\S+) +(\S.*)$")
_BOTS = re.compile(r"^(?:ubotu|ubottu|ubot\d+|ubotwo|ubuntulog\d*|jojobot|lumobot|\w+bot)$", re.IGNORECASE)
_DAY = 24 * 60
_SHORT = 2  # letters up to which a nick only counts where it is addressed
_COMMON_NICKS = (
    "a about all also am an and any anyone are as ask at back be been best but by can cant chat check command "
    "could day do does done dont error even file fine first fix for from get go good got great guest had hard "
    "has have he hello help here hey hi him home how i if im in install is it its just know last later like "
    "linux look lot mac mail make man many maybe me mean mind more my name need net new nick night no nobody "
    "none not now of off ok old on one only or other out pc people please pm problem question really right "
    "root run same say see server she should so some someone something sorry still stop stuff sudo sure "
    "system test thank thanks that the their them then there they thing think this time to too try two ubuntu "
    "up use user using wait want was way we welcome well what when where which who why will windows with work "
    "works would wrong x yeah yes you your"
)
_PLAIN_WORDS = frozenset(_COMMON_NICKS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log: the utterances, the line number of each, how many lines there are, and the annotated links by line."""

    name: str
    utterances: tuple[Utterance, ...]
    lines: tuple[int, ...]
    total: int
    links: dict[int, frozenset[int]]


def read_logs(folder: Path) -> list[Log]:
    """Return every annotated log of a folder, by name. Raises InvalidInput if it holds none, or a malformed one."""
    names = sorted(path.name.removesuffix(TEXT) for path in folder.glob(f"*{TEXT}"))
    if not names:
        raise InvalidInput(
            "DIR", str(folder), f"holds no *{TEXT}", remedy=f"Give a folder of NAME{TEXT} and NAME{LINKS}."
        )
    return [read_log(folder, name) for name in names]


def read_log(folder: Path, name: str) -> Log:
    """Return one log with its annotation. Raises InvalidInput if either file is missing or malformed."""
    lines = _read(folder / f"{name}{TEXT}").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    found = list(utterances(lines))
    return Log(
        name=name,
        utterances=tuple(one for _, one in found),
        lines=tuple(number for number, _ in found),
        total=len(lines),
        links=links(_read(folder / f"{name}{LINKS}"), name, len(lines)),
    )


def links(text: str, name: str, total: int) -> dict[int, frozenset[int]]:
    """Return what each annotated line links to; itself, where it starts a conversation."""
    found: dict[int, set[int]] = {}
    for line in text.splitlines():
        try:
            numbers = [int(part) for part in line.split() if part != "-"]
        except ValueError:
            numbers = []
        if not line.strip():
            continue
        if not 1 <= len(numbers) <= 2 or not all(0 <= n < total for n in numbers):
            raise InvalidInput(
                f"{name}{LINKS}",
                line[:80],
                "is no link",
                remedy="Write `A B -`, two line numbers of the log.",
            )
        found.setdefault(max(numbers), set()).add(min(numbers))
    return {line: frozenset(to) for line, to in found.items()}


def utterances(lines: Sequence[str]) -> Iterator[tuple[int, Utterance]]:
    """Yield what is said, with its line number; what the server says (joins, renames, topics) is not."""
    people, clock = _People(), _Clock()
    for number, line in enumerate(lines):
        if match := _SAID.match(line):
            minute = clock.at(int(match[1]), int(match[2]))
            yield number, _said(people, match[3] or match[4] or "", match[5], minute)
        elif _SERVER.match(line):
            if renamed := _RENAMED.match(line):
                people.rename(renamed[1], renamed[2])
        elif action := _ACTION.match(line):
            yield number, _said(people, action[1], action[2], clock.now)


def _said(people: _People, nick: str, text: str, minute: int) -> Utterance:
    author = people.seen(nick)
    named, directed = people.named(text)
    return Utterance(
        author=author,
        minute=minute,
        text=text,
        named=tuple(one for one in named if one != author)[:TARGETS],
        directed=directed and named[0] != author,
        bot=bool(_BOTS.match(nick)),
    )


class _Clock:
    """Minutes since the first day's midnight, of a log that only has the time of day."""

    def __init__(self) -> None:
        self.now = 0

    def at(self, hour: int, minute: int) -> int:
        """Return the minute; a time of day far before the last one is the next day's."""
        found = self.now - self.now % _DAY + hour * 60 + minute
        if found < self.now - _DAY // 2:
            found += _DAY
        self.now = max(self.now, found)
        return self.now


class _People:
    """Who has spoken so far, under which nicks."""

    def __init__(self) -> None:
        self._by_nick: dict[str, str] = {}

    def seen(self, nick: str) -> str:
        """Return the person behind a nick, from now on known also by the nick without punctuation around it."""
        lowered = nick.lower()
        person = self._by_nick.setdefault(lowered, lowered)
        self._by_nick.setdefault(lowered.strip(string.punctuation) or lowered, person)
        return person

    def rename(self, old: str, new: str) -> None:
        """Take two nicks for one person."""
        self._by_nick[new.lower()] = self.seen(old)

    def named(self, text: str) -> tuple[list[str], bool]:
        """Return the people a text names, in order, and whether it is directed at the first ("nick: …", "nick …")."""
        found: dict[str, None] = {}
        directed = False
        for position, token in enumerate(text.lower().split()):
            person = self._person(token, first=position == 0)
            if person is not None:
                directed = directed or position == 0
                found[person] = None
        return list(found), directed

    def _person(self, token: str, *, first: bool) -> str | None:
        addressed = first and token[-1] in ":,;>"
        bare = token.rstrip(string.punctuation) if token not in self._by_nick else token
        nick = next((n for n in (token, bare, token[:-1], bare.lstrip("@(")) if n in self._by_nick), None)
        if nick is None or (not addressed and (len(nick) <= _SHORT or nick in _PLAIN_WORDS)):
            return None
        return self._by_nick[nick]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput(
            "DIR",
            str(path),
            f"cannot be read: {error.strerror}",
            remedy=f"Give NAME{TEXT} and NAME{LINKS} of each.",
        ) from error
