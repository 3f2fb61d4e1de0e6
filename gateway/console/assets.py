"""The console's own files, read once: nothing comes from another host."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_SHEETS = ("tokens.css", "base.css", "layout.css", "components.css", "pages.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is served; its hash in the URL lets browsers keep it for good."""

    data: bytes
    media_type: str

    @property
    def tag(self) -> str:
        """Twelve digits of its hash."""
        return hashlib.sha256(self.data).hexdigest()[:12]


@cache
def assets() -> Mapping[str, Asset]:
    """Return every asset by name."""
    sheet = b"\n".join((_STATIC / name).read_bytes() for name in _SHEETS)
    return {
        "console.css": Asset(data=sheet, media_type="text/css; charset=utf-8"),
        "console.js": _asset("console.js", "text/javascript; charset=utf-8"),
        "favicon.svg": _asset("favicon.svg", "image/svg+xml"),
    }


def url(name: str) -> str:
    """Return where an asset is served."""
    return f"/console/assets/{name}?v={assets()[name].tag}"


def _asset(name: str, media_type: str) -> Asset:
    return Asset(data=(_STATIC / name).read_bytes(), media_type=media_type)
