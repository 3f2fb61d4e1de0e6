"""Sentences of a chat message: code, lists, quotes, abbreviations and lower-case talk included."""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarize.instructions import is_instruction
from summarize.words import ABBREVIATIONS

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*•◦▪–]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+")
_INLINE = re.compile(
    r"^\s*\(?(?:1[.)].*\W\(?2[.)]|a\).*\W\(?b\)) "
)  # a list within a line keeps its first mark too
_QUOTE = re.compile(r"^\s*(?:>|&gt;)+\s?")
_CODE = re.compile(r"`[^`\n]+`")
_END = re.compile(r"(?P<mark>[.!?…。！？]+[\"')\]”’]*)(?=\s|$)|(?<=[。！？])")
CODE_MARK = "(code)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of plain text, and whether its author was quoting."""

    text: str
    quoted: bool = False


def lines_of(text: str) -> list[str]:
    """Return the lines of a message with each code block as one mark; what speaks to machines is left out.

    Lines are judged one by one; if what is left of them reads as addressed to a machine all the same, all of it goes.
    """
    rest = _FENCE.sub(f" {CODE_MARK} \n", text)
    lines = [line for line in rest.split("\n") if line.strip() and not is_instruction(_QUOTE.sub("", line))]
    whole = " ".join(_QUOTE.sub("", line) for line in lines)
    return [] if len(lines) > 1 and is_instruction(whole) else lines


def has_code(text: str) -> bool:
    """Tell whether a message holds a code block."""
    return bool(_FENCE.search(text))


def split(text: str) -> list[Sentence]:
    """Return the sentences of plain text, in order."""
    found: list[Sentence] = []
    for line in text.split("\n"):
        bare = _QUOTE.sub("", line)
        quoted = bare != line
        bare = (bare if _INLINE.search(bare) else _BULLET.sub("", bare)).strip()
        found += [Sentence(text=part, quoted=quoted) for part in _parts(bare) if _says_something(part)]
    return found


def _parts(line: str) -> list[str]:
    """Split one line after sentence ends that are ends; code spans are whole."""
    spans = [match.span() for match in _CODE.finditer(line)]
    parts: list[str] = []
    start = 0
    for match in _END.finditer(line):
        end = match.end()
        inside = any(low < end < high for low, high in spans)
        if not inside and end > start and _is_end(line[start:end], line[end:].lstrip()):
            parts.append(line[start:end].strip())
            start = end
    tail = line[start:].strip()
    return [*parts, tail] if tail else parts


def _is_end(sentence: str, rest: str) -> bool:
    if not sentence.rstrip("\"')]”’").endswith("."):
        return True
    last = sentence.rstrip("\"')]”’").rstrip(".").split()[-1:] or [""]
    word = last[0].lower().strip("(\"'")
    if sentence.endswith("...") or sentence.endswith("…"):
        return not rest[:1].islower()
    if len(word) == 1 and word.isalpha() and word != "i":
        return False
    if word in ABBREVIATIONS:
        return False
    return not (word.isdigit() and len(word) <= 2 and rest[:1].islower())


def _says_something(part: str) -> bool:
    return any(char.isalnum() for char in part)
