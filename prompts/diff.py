"""What changed between two versions: words of the text, and values of parameters, variables and schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Literal, cast

from core.chat import Json
from core.ids import VersionId
from prompts.models import Prompt

Operation = Literal["equal", "insert", "delete"]
_WORD = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A run of words that stayed, came or went."""

    op: Operation
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The changes of one message; joined without the deletions it is the new text."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A value outside the text: `before` None means added, `after` None removed."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDiff:
    """All that differs between two versions; empty for equal ones."""

    a: VersionId
    b: VersionId
    sections: tuple[Section, ...]
    values: tuple[ValueChange, ...]


def diff(a: Prompt, b: Prompt) -> PromptDiff:
    """Return what changed from a to b."""
    before, after = _texts(a), _texts(b)
    names = list(dict.fromkeys([*before, *after]))
    sections = tuple(
        Section(name=name, changes=tuple(words(before.get(name, ""), after.get(name, ""))))
        for name in names
        if before.get(name) != after.get(name)
    )
    old, new = dict(_values(a)), dict(_values(b))
    values = tuple(
        ValueChange(path=path, before=old.get(path), after=new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )
    return PromptDiff(a=a.version, b=b.version, sections=sections, values=values)


def words(before: str, after: str) -> Iterator[Change]:
    """Yield the changes word by word; lines are aligned first, so that long texts stay fast."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[Change] = []
    for op, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            pieces.append(Change(op="equal", text="".join(old[i:j])))
        else:
            pieces += _words("".join(old[i:j]), "".join(new[k:m]))
    yield from _merged(pieces)


def _words(before: str, after: str) -> Iterator[Change]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    for op, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if op == "equal":
            yield Change(op="equal", text="".join(old[i:j]))
            continue
        if i < j:
            yield Change(op="delete", text="".join(old[i:j]))
        if k < m:
            yield Change(op="insert", text="".join(new[k:m]))


def _merged(pieces: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with neighbours of one kind joined."""
    for index, piece in enumerate(pieces):
        if index and pieces[index - 1].op == piece.op:
            continue
        run = [piece.text]
        for following in pieces[index + 1 :]:
            if following.op != piece.op:
                break
            run.append(following.text)
        yield Change(op=piece.op, text="".join(run))


def _texts(prompt: Prompt) -> dict[str, str]:
    """Return the messages by name: system, user, and user 2 for a second one of a role."""
    named: dict[str, str] = {}
    for turn in prompt.turns:
        count = 1 + sum(name.split(" ")[0] == turn.role for name in named)
        named[turn.role if count == 1 else f"{turn.role} {count}"] = turn.text
    return named


def _values(prompt: Prompt) -> Iterator[tuple[str, Json]]:
    yield "description", prompt.description
    yield from _flat("parameters", cast("Json", asdict(prompt.parameters)))
    for name, variable in prompt.variables.items():
        fields = {key: value for key, value in asdict(variable).items() if key != "name"}
        yield from _flat(f"variables.{name}", cast("Json", fields))
    yield from _flat("output", cast("Json", prompt.output))


def _flat(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping) and value:
        for name, inner in cast("Mapping[str, Json]", value).items():
            yield from _flat(f"{path}.{name}", inner)
    else:
        yield path, list(value) if isinstance(value, tuple) else value
