"""Friendly markup in, Slack out: `@maya`, `#incidents`, links and code become mrkdwn, plain text or rich text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from samples.workspace import Workspace, slack_id

Json = dict[str, Any]

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>https?://[^)\s]+)\)"
    r"|(?P<url>https?://[^\s)>,]+[^\s)>,.!?])"
    r"|(?<![\w.])@(?P<at>[a-z]+(?:-[a-z]+)*)"
    r"|(?<!\w)#(?P<channel>[a-z][a-z0-9-]*)"
    r"|:(?P<emoji>\+1|[a-z][a-z0-9_+-]*):"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
)
_PLACE = re.compile(r"^(?:(?P<quote>> ?)|(?P<bullet>• )|(?P<ordered>\d+\. ))?(?P<rest>.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of a line: kind is text, bold, italic, code, link, user, channel, usergroup, broadcast or emoji."""

    kind: str
    text: str
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line with its place: section, quote, bullet, ordered, or pre (whose text is kept as it is)."""

    place: str
    text: str


def escape(text: str) -> str:
    """Return text with Slack's three entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of a text; fences open and close preformatted lines."""
    inside = False
    for raw in text.split("\n"):
        if raw.startswith("```"):
            inside = not inside
        elif inside:
            yield Line(place="pre", text=raw)
        else:
            found = _PLACE.match(raw)
            groups = found.groupdict() if found else {"rest": raw}
            place = next((p for p in ("quote", "bullet", "ordered") if groups.get(p)), "section")
            yield Line(place=place, text=groups["rest"] or "")


def _at(workspace: Workspace, name: str) -> Token:
    if name in {"here", "channel", "everyone"}:
        return Token(kind="broadcast", text=f"@{name}", target=name)
    if name in workspace.usergroups:
        return Token(kind="usergroup", text=f"@{name}", target=slack_id("S", name))
    person = workspace.people[name]
    return Token(kind="user", text=f"@{person.label}", target=person.id)


def _token(workspace: Workspace, found: re.Match[str]) -> Token:
    kind, value = str(found.lastgroup), found[str(found.lastgroup)]
    if kind == "target":
        return Token(kind="link", text=found["label"], target=value)
    if kind == "url":
        return Token(kind="link", text="", target=value)
    if kind == "at":
        return _at(workspace, value)
    if kind == "channel" and value not in workspace.channels:
        return Token(kind="text", text=f"#{value}")
    if kind == "channel":
        return Token(kind="channel", text=value, target=workspace.channels[value].id)
    return Token(kind=kind, text=value)


def tokens(workspace: Workspace, line: str) -> Iterator[Token]:
    """Yield the tokens of one line, in order."""
    position = 0
    for found in _INLINE.finditer(line):
        if found.start() > position:
            yield Token(kind="text", text=line[position : found.start()])
        yield _token(workspace, found)
        position = found.end()
    if position < len(line):
        yield Token(kind="text", text=line[position:])


def _mrkdwn(token: Token) -> str:
    match token.kind:
        case "user":
            return f"<@{token.target}>"
        case "channel":
            return f"<#{token.target}|{token.text}>"
        case "usergroup":
            return f"<!subteam^{token.target}|{token.text}>"
        case "broadcast":
            return f"<!{token.target}>"
        case "link":
            return f"<{token.target}|{escape(token.text)}>" if token.text else f"<{token.target}>"
        case _:
            marks = {"code": "`", "bold": "*", "italic": "_", "emoji": ":"}
            return f"{marks.get(token.kind, '')}{escape(token.text)}{marks.get(token.kind, '')}"


def _plain(token: Token) -> str:
    match token.kind:
        case "link":
            return f"{token.text} ({token.target})" if token.text else token.target
        case "channel":
            return f"#{token.text}"
        case "code" | "emoji":
            mark = "`" if token.kind == "code" else ":"
            return f"{mark}{token.text}{mark}"
        case _:
            return token.text


def _places(text: str) -> Iterator[tuple[str, list[str]]]:
    for place, group in groupby(lines(text), key=lambda line: line.place):
        yield place, [line.text for line in group]


def _prefix(place: str, index: int) -> str:
    return {"quote": "> ", "bullet": "• ", "ordered": f"{index}. "}.get(place, "")


def to_mrkdwn(workspace: Workspace, text: str) -> str:
    """Return the `text` field of Slack's message."""
    parts: list[str] = []
    for place, group in _places(text):
        if place == "pre":
            parts.append("```\n" + escape("\n".join(group)) + "\n```")
            continue
        for index, line in enumerate(group, 1):
            body = "".join(_mrkdwn(t) for t in tokens(workspace, line))
            parts.append(escape(_prefix(place, index)) + body)
    return "\n".join(parts)


def to_plain(workspace: Workspace, text: str) -> str:
    """Return what a reader sees, without ids."""
    parts: list[str] = []
    for place, group in _places(text):
        if place == "pre":
            parts.append("```\n" + "\n".join(group) + "\n```")
            continue
        for index, line in enumerate(group, 1):
            parts.append(_prefix(place, index) + "".join(_plain(t) for t in tokens(workspace, line)))
    return "\n".join(parts)


def _element(token: Token) -> Json:
    match token.kind:
        case "user" | "channel" | "usergroup":
            return {"type": token.kind, f"{token.kind}_id": token.target}
        case "broadcast":
            return {"type": "broadcast", "range": token.target}
        case "emoji":
            return {"type": "emoji", "name": token.text}
        case "link":
            label = {"text": token.text} if token.text else {}
            return {"type": "link", "url": token.target, **label}
        case _:
            style = {} if token.kind == "text" else {"style": {token.kind: True}}
            return {"type": "text", "text": token.text, **style}


def _section(workspace: Workspace, line: str) -> Json:
    return {"type": "rich_text_section", "elements": [_element(t) for t in tokens(workspace, line)]}


def _rich(workspace: Workspace, place: str, group: list[str]) -> Json:
    if place == "pre":
        text = "\n".join(group)
        return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}], "border": 0}
    if place in {"bullet", "ordered"}:
        items = [_section(workspace, line) for line in group]
        return {"type": "rich_text_list", "style": place, "indent": 0, "border": 0, "elements": items}
    body: list[Json] = []
    for line in group:
        body += [_element(t) for t in tokens(workspace, line)] + [{"type": "text", "text": "\n"}]
    return {"type": f"rich_text_{place}", "elements": body[:-1]}


def to_blocks(workspace: Workspace, text: str, block_id: str) -> list[Json]:
    """Return the `blocks` field of a message typed in Slack's editor."""
    elements = [_rich(workspace, place, group) for place, group in _places(text)]
    return [{"type": "rich_text", "block_id": block_id, "elements": elements}]
