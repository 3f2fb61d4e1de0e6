"""Which version runs."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Return the installed version, or say that it runs from source."""
    try:
        return metadata.version("catchup")
    except metadata.PackageNotFoundError:
        return "0+source"
