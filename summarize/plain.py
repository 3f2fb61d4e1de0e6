"""Chat markup to plain text: mentions become names, links their labels or a mark, emphasis and emoji go."""

from __future__ import annotations

import re
from functools import lru_cache

from core.ids import ChannelId, UserId
from summarize.guard import LINK_MARK, defuse, normalise
from summarize.names import Names

KEPT = 16_384
"""Texts whose cleaning is remembered in memory: a channel is asked about many times while it is new."""

_TOKEN = re.compile(r"<([@#!]|(?:https?|ftp|mailto|tel|slack):)([^<>|\n]*)(?:\|([^<>\n]*))?>", re.IGNORECASE)
_MENTION = re.compile(r"<@([A-Za-z0-9_.-]+)")
_CODE_SPAN = re.compile(r"(`[^`\n]+`)")
_SHORTCODE = re.compile(
    r":(?=[a-z0-9_+-]*[a-z+])[a-z0-9_+-]{2,40}:(?::skin-tone-\d:)?|(?<!\w):(?:[+-]1|[a-z]):(?!\w)"
)
_PICTURE = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001f1ff\u200d\ufe0f]+")
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~]{1,3})(?=\S)([^*_~\n]+?)(?<=\S)\1(?![\w*_~])")
_SPACES = re.compile(r"[ \t\u00a0]+")
_EMPTY = re.compile(r"\(\s*\)|\s+(?=[,.;:!?](?:\s|$))")


def plain(text: str, names: Names) -> str:
    """Return text fit to be read and quoted; line breaks and code spans stay, everything active goes."""
    return _plain(_resolve(normalise(text), names))


def mentioned(text: str) -> tuple[UserId, ...]:
    """Return who a text mentions, in order, each once."""
    return tuple(dict.fromkeys(UserId(id) for id in _MENTION.findall(text)))


@lru_cache(KEPT)
def channels_in(text: str) -> frozenset[ChannelId]:
    """Return the channels that a text names."""
    return frozenset(ChannelId(match[2]) for match in _TOKEN.finditer(normalise(text)) if match[1] == "#")


@lru_cache(KEPT)
def _plain(text: str) -> str:
    pieces = _CODE_SPAN.split(text)
    return "".join(_code(piece) if index % 2 else _prose(piece) for index, piece in enumerate(pieces)).strip()


def _resolve(text: str, names: Names) -> str:
    return _TOKEN.sub(lambda match: _shown(match[1], match[2], match[3] or "", names), text)


def _shown(sign: str, target: str, label: str, names: Names) -> str:
    if sign == "@":
        return names.person(UserId(target))
    if sign == "#":
        return names.channel(ChannelId(target))
    if sign == "!":
        return label.lstrip("@").strip() if target.startswith("date") else _group(target, label)
    shown = defuse(label).strip()
    return shown if shown and LINK_MARK not in shown and "(e-mail)" not in shown else LINK_MARK


def _group(target: str, label: str) -> str:
    return label.lstrip("@").strip() if target.startswith("subteam") else ""


def _code(span: str) -> str:
    inside = defuse(span.strip("`")).strip()
    return f"`{inside}`" if inside else ""


def _prose(text: str) -> str:
    text = _PICTURE.sub("", _SHORTCODE.sub("", defuse(text)))
    text = _EMPHASIS.sub(r"\2", text)
    return _EMPTY.sub("", _SPACES.sub(" ", text.replace("`", "'")))
