"""``{{name}}``: the only thing in a prompt that is not literal text. No expressions, so nothing to inject into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.errors import InvalidFile

_PLACEHOLDER = re.compile(r"(?P<escape>\\\{\{)|\{\{(?P<inner>[^{}\n]*)\}\}|(?P<stray>\{\{)")
_NAME = re.compile(r"\s*([a-z][a-z0-9_]*)\s*")


def names_in(text: str, *, file: str, first_line: int) -> Iterator[tuple[str, int]]:
    """Yield each placeholder's name and line; raises InvalidFile for one that is not a plain name."""
    for found in _PLACEHOLDER.finditer(text):
        if found["escape"]:
            continue
        line = first_line + text.count("\n", 0, found.start())
        name = _NAME.fullmatch(found["inner"] or "")
        if name is None:
            shown = text[found.start() : found.start() + 40].split("\n")[0]
            remedy = "Write {{name}}; for two literal braces write \\{{."
            raise InvalidFile(f"{file}:{line}", shown, "is not a variable's name in braces", remedy=remedy)
        yield name[1], line


def to_fstring(text: str) -> str:
    """Return the text as a LangChain f-string template: placeholders single-braced, every other brace doubled."""
    parts: list[str] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(_literal(text[at : found.start()]))
        inner = found["inner"]
        parts.append("{{{{" if inner is None else "{" + inner.strip() + "}")
        at = found.end()
    return "".join([*parts, _literal(text[at:])])


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
