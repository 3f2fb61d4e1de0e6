from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway.console

_TOKENS = (Path(gateway.console.__file__).parent / "static" / "tokens.css").read_text()
PAIRS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", _TOKENS)
}
KINDS = ("decision", "action", "question", "incident", "update", "topic")
TEXT = [
    *((front, back) for front in ("text", "muted", "accent") for back in ("bg", "surface", "sunken")),
    *((kind, f"{kind}-soft") for kind in KINDS),
    ("accent", "accent-soft"),
    ("text", "accent-soft"),
    ("text", "mark"),
    ("muted", "mark"),
    ("text", "question-soft"),
    ("text", "incident-soft"),
]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, from 1 to 21 (WCAG 2.2, 1.4.3)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read_on_its_ground(front: str, back: str, theme: int):
    assert contrast(PAIRS[front][theme], PAIRS[back][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_borders_of_controls_and_white_on_the_accent_can_be_seen(theme: int):
    assert contrast(PAIRS["line-strong"][theme], PAIRS["surface"][theme]) >= 3
    assert contrast("#ffffff", PAIRS["accent-fill"][theme]) >= 4.5
