"""Small drawings (static/icons.json): 24 units square, in the colour of the text around them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson
from markupsafe import Markup

_STATIC = Path(__file__).parent / "static"
_FRAME = Markup(
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
    ' stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d="{}"/></svg>'
)


def icon(name: str) -> Markup:
    """Return a drawing by name; it stands beside words only, so it is hidden from screen readers."""
    return _logo() if name == "logo" else _FRAME.format(_paths()[name])


@cache
def _paths() -> dict[str, str]:
    return orjson.loads((_STATIC / "icons.json").read_bytes())


@cache
def _logo() -> Markup:
    drawing = Markup((_STATIC / "favicon.svg").read_text("utf-8").strip())  # noqa: S704  our own file
    return drawing.replace("<svg ", Markup('<svg aria-hidden="true" focusable="false" '))
