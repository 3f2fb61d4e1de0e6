"""Slack's mrkdwn as our message text: tokens kept, entities decoded exactly once.

Kept: `<@U1>`, `<#C1|name>`, `<!here>`, `<https://x|label>`. Everything else in angle brackets becomes plain words.
Source: https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC

from core.clock import from_micros
from gateway.importers import clean

ChannelNames = Mapping[str, str]

_TOKEN = re.compile(r"<([^<>\n]+)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_LOOKS_LIKE_TOKEN = re.compile(r"<(?=[@#!]|[a-zA-Z][a-zA-Z0-9+.-]*:)")
_WORD_JOINER = "\u2060"
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s|]+")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_IN_LABEL = str.maketrans({"<": "‹", ">": "›", "|": "¦", "\n": " "})
_IN_URL = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", "\n": ""})
_CALLS = frozenset({"here", "channel", "everyone", "group"})


def normalise(text: str, channels: ChannelNames) -> str:
    """Return mrkdwn as our message text."""
    if "<" not in text:
        return decode(text)
    pieces, last = list[str](), 0
    for match in _TOKEN.finditer(text):
        pieces += [decode(text[last : match.start()]), _token(match[1], channels)]
        last = match.end()
    return "".join([*pieces, decode(text[last:])])


def decode(text: str) -> str:
    """Return text with entities decoded once; what somebody typed never becomes a token by it."""
    if "&" not in text:
        return text
    return inert(_entities(text)) if "&lt;" in text else _entities(text)


def inert(text: str) -> str:
    """Return plain text in which nothing reads as a token: an invisible word joiner parts `<` from `@`."""
    return _LOOKS_LIKE_TOKEN.sub(f"<{_WORD_JOINER}", text) if "<" in text else text


def mention(id: object) -> str:
    """Return the token of a person."""
    return f"<@{id}>" if isinstance(id, str) and _ID.fullmatch(id) else ""


def channel(id: object, label: str, channels: ChannelNames) -> str:
    """Return the token of a channel, with its name if anybody knows it."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        return f"#{label}" if label else ""
    name = (label or channels.get(id, "")).translate(_IN_LABEL).strip()
    return f"<#{id}|{name}>" if name else f"<#{id}>"


def link(url: str, label: str) -> str:
    """Return the token of a link; addresses and telephone numbers become plain words."""
    if url.casefold().startswith(("mailto:", "tel:")):
        return label or url.partition(":")[2]
    if not _LINK.match(url):
        return label or url
    target, shown = url.translate(_IN_URL), label.translate(_IN_LABEL).strip()
    return f"<{target}|{shown}>" if shown and shown != url else f"<{target}>"


def call(name: str) -> str:
    """Return the token of `@here`, `@channel` or `@everyone`."""
    return f"<!{name}>" if name in _CALLS else f"@{name}"


def date(seconds: object, fallback: str) -> str:
    """Return the fallback of a date, or the date itself in UTC."""
    if fallback:
        return fallback
    micros = clean.slack_ts(seconds)
    return from_micros(micros).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if micros is not None else ""


def _entities(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)


def _token(inside: str, channels: ChannelNames) -> str:
    target, _, label = inside.partition("|")
    label = _entities(label)
    sign, rest = target[0:1], target[1:]
    if sign == "@":
        return mention(rest) or f"@{label or rest}"
    if sign == "#":
        return channel(rest, label, channels)
    if sign == "!":
        return _command(rest, label)
    if _LINK.match(target):
        return link(_entities(target), label)
    return inert(_entities(f"<{inside}>"))


def _command(name: str, label: str) -> str:
    if name in _CALLS:
        return call(name)
    if name.startswith("date^"):
        return inert(date(name.split("^")[1], label))
    kind, _, argument = name.partition("^")
    if kind == "subteam":
        return "@" + inert(label.lstrip("@") or argument)
    return inert(label or f"@{kind}")
