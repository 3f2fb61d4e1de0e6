"""What of a claim can be looked up: numbers, days and times, links, code, identifiers, quotations, proper names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from summarize.ground.lexicon import FUNCTION, flat
from summarize.ground.numbers import Quantity, quantities
from summarize.ground.times import named
from summarize.guard import DOMAIN, LINK_MARK
from summarize.plain import KEPT

_CODE = re.compile(r"`([^`\n]+)`")
_QUOTED = re.compile(
    r"[\"“„]([^\"“”„\n]{2,})[\"”“]|(?<!\w)[‘']((?:[^'‘’\n]|(?<=\w)['’](?=\w)){3,}?)[’'](?!\w)|«([^»\n]{2,})»"
)
_IDENTIFIER = re.compile(
    r"\b\w+_[\w./]+\b|(?<![\w.])/?[\w.-]+(?:/[\w.-]*\w)+|\b[a-z]+[A-Z]\w*|[\w.]+\(\)|#[\w-]*[^\W\d][\w-]*"
    r"|\b[\w-]+\.(?:py|js|ts|go|rs|java|yaml|yml|json|toml|md|txt|csv|sql|sh|pdf|docx?|xlsx?|pptx?|png|log)\b"
)
_MIXED = re.compile(r"(?<![\w.])(?=[\w#/.+-]*\d)(?=[\w#/.+-]*[^\W\d_])\w[\w/+-]*(?:\.[\w/+-]+)*")
_COUNTED = re.compile(
    r"v?\d+(?:[.,]\d+)*(?:st|nd|rd|th|s|x|k|m|b|bn|ms|min|mins|h|hr|hrs|d|kb|mb|gb|tb|kw|kwh|mw|mwh|km|kg|am|pm)?"
    r"|v?\d+(?:[.,]\d+)*(?:-\w+)?|\d{1,2}h\d{2}",
    re.IGNORECASE,
)
_PROPER = re.compile(r"(?<=[a-z0-9,;:)'’\"] )[A-Z][a-z]{2,}\w*|(?<=\w )[A-Z][a-z]+[A-Z]\w*")
_HYPHENATED = re.compile(r"(?<![\w-])[a-z]{4,}(?:-[a-z]+)+(?![\w-])")
_ASIDE = re.compile(r"[^\w]+")


class FactKind(StrEnum):
    """What sort of thing a fact is."""

    NUMBER = "number"
    DAY = "day"
    CLOCK = "clock"
    LINK = "link"
    CODE = "code"
    QUOTE = "quote"
    NAME = "name"
    COMPOUND = "compound"


class Fact(NamedTuple):
    """One thing that a claim states: any of `keys` in a message bears it out, for a number `quantity`."""

    kind: FactKind
    keys: frozenset[str]
    quantity: Quantity | None = None


@lru_cache(KEPT)
def facts(text: str) -> tuple[Fact, ...]:
    """Return what can be looked up in a claim; each stretch of text counts once."""
    found: list[Fact] = []
    rest = text.replace(LINK_MARK, " ")
    for match in _CODE.finditer(rest):
        found.append(Fact(FactKind.CODE, frozenset({flat(match[1])})))
    for match in _QUOTED.finditer(rest):
        parts = re.split(r"…|\.\.\.|\[…\]", match[1] or match[2] or match[3])
        found += [Fact(FactKind.QUOTE, frozenset({key})) for part in parts if (key := loose(part))]
    rest = _CODE.sub(_blank, _QUOTED.sub(_blank, rest))
    found += [Fact(FactKind.LINK, frozenset({match[0].lower()})) for match in DOMAIN.finditer(rest)]
    rest = DOMAIN.sub(_blank, rest)
    for when in named(rest):
        found.append(Fact(FactKind.CLOCK if when.clock else FactKind.DAY, when.keys))
        rest = rest[: when.span[0]] + "\0" * (when.span[1] - when.span[0]) + rest[when.span[1] :]
    found += _codes(rest)
    rest = _MIXED.sub(lambda m: m[0] if _COUNTED.fullmatch(m[0]) else _blank(m), _IDENTIFIER.sub(_kept, rest))
    found += [Fact(FactKind.NUMBER, one.values, one) for one in quantities(rest) if one.telling]
    found += [Fact(FactKind.COMPOUND, frozenset({match[0]})) for match in _HYPHENATED.finditer(rest)]
    found += [Fact(FactKind.NAME, frozenset({name.lower()})) for name in _names(rest)]
    return tuple(dict.fromkeys(found))


def loose(text: str) -> str:
    """Return text fit to be searched for a quotation: words only, in small letters."""
    return _ASIDE.sub(" ", flat(text).replace("'", "")).strip()


def joined(token: str) -> str:
    """Return an identifier without what people put between its parts: CP-12, CP 12, cp_12."""
    return re.sub(r"[\s_#-]", "", token).casefold()


def _codes(text: str) -> Iterator[Fact]:
    for match in _IDENTIFIER.finditer(text):
        if not _is_prose(match[0]):
            yield Fact(FactKind.CODE, frozenset({flat(match[0]).removesuffix("()")}))
    rest = _IDENTIFIER.sub(_kept, text)
    for match in _MIXED.finditer(rest):
        if not _COUNTED.fullmatch(match[0]):
            yield Fact(FactKind.CODE, frozenset({joined(match[0].rstrip("-/+."))}))


def _names(text: str) -> Iterator[str]:
    for match in _PROPER.finditer(text):
        if match[0].lower() not in FUNCTION:
            yield match[0]


def _is_prose(token: str) -> bool:
    """Tell whether slashes only stand for "or": go/no-go, Ann/Ben, and/or, 58/62."""
    parts = token.strip("/").split("/")
    return "/" in token and not token.startswith("/") and len(parts) <= 3 and all(_plain(p) for p in parts)


def _plain(part: str) -> bool:
    return not re.search(r"[._]", part)


def _kept(match: re.Match[str]) -> str:
    return match[0] if _is_prose(match[0]) else _blank(match)


def _blank(match: re.Match[str]) -> str:
    return "\0" * len(match[0])
