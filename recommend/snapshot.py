"""The feature snapshot of a workspace: packed arrays on disk, swapped whole, read through memory maps."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import orjson
from numpy.typing import NDArray

from core.errors import DataDamaged
from core.events.models import Offset
from core.ids import WorkspaceId
from recommend.models import Bools, Floats, Ints
from recommend.sparse import Rows

Micros = NDArray[np.int64]
"""Moments in microseconds since 1970 UTC; 0 is never."""

_KEPT = 2  # versions on disk: the one that is read, and the one before it
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a snapshot comes from: the log up to `offset`, seen at `built_at`. `version` names it."""

    workspace: WorkspaceId
    version: str
    offset: Offset
    built_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is known of a workspace's people and channels; a person's or channel's number is its index.

    Amounts of activity and contact are halved every 30 days up to `lineage.built_at`.
    """

    lineage: Lineage
    open: Bools
    """Channels anybody may join: public and not archived."""
    members: Ints
    """Per channel: people who are a member or have been active."""
    active_7: Ints
    active_30: Ints
    active_90: Ints
    """Per channel: distinct people who posted, replied or reacted in the last so many days."""
    joins_30: Ints
    """Per channel: distinct people who joined, or posted for the first time, in the last 30 days."""
    channel_last: Micros
    available: Bools
    """People one may write to: neither bots nor deactivated nor opted out."""
    contacted_30: Ints
    """Per person: distinct people who mentioned, wrote to, answered or reacted to them in the last 30 days."""
    person_last: Micros
    activity: Rows
    """People x channels: decayed activity; zero for members who have not been active."""
    posted: Bools
    """Parallel to `activity`: whether the person has posted, replied or joined there, ever."""
    channel_people: Rows
    """Channels x people who are a member or have been active (values: 1)."""
    similar: Rows
    """Channels x the 50 channels with the most similar people (values: cosine)."""
    contacts: Rows
    """People x people: decayed contact made (row to column)."""
    contacts_in: Floats
    """Parallel to `contacts`: decayed contact received (column to row)."""
    contacts_last: Micros
    """Parallel to `contacts`: when either last contacted the other."""
    person_directions: Floats
    """Embeddings of people, scaled to unit length; zeros for the unknown."""
    channel_factors: Floats
    gram: Floats
    """channel_factors.T @ channel_factors."""

    @property
    def people(self) -> int:
        """One more than the highest person number."""
        return len(self.available)

    @property
    def channels(self) -> int:
        """One more than the highest channel number."""
        return len(self.open)


def save(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot as `folder/WORKSPACE/VERSION/`, make it the current one, and return where it lies.

    Readers see the old one or the new one, never a mixture; what a reader has open stays readable.
    """
    home = folder / folder_name(snapshot.lineage.workspace)
    home.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=home))
    arrays = _arrays(snapshot)
    for name, values in arrays.items():
        np.save(unfinished / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)
    (unfinished / "meta.json").write_bytes(orjson.dumps(_meta(snapshot, arrays), option=orjson.OPT_INDENT_2))
    final = home / snapshot.lineage.version
    shutil.rmtree(final, ignore_errors=True)
    unfinished.rename(final)
    _point(home, snapshot.lineage.version)
    _forget_old(home, snapshot.lineage.version)
    return final


def current(folder: Path, workspace: WorkspaceId) -> str:
    """Return the version that is current, empty if there is none."""
    try:
        return (folder / folder_name(workspace) / "current").read_text().strip()
    except FileNotFoundError:
        return ""


def load(folder: Path, workspace: WorkspaceId) -> Snapshot | None:
    """Return the current snapshot, memory-mapped, or None if there is none.

    Raises DataDamaged for files that are missing, cut off, or of another layout.
    """
    version = current(folder, workspace)
    if not version:
        return None
    place = folder / folder_name(workspace) / version
    try:
        meta = _checked(orjson.loads((place / "meta.json").read_bytes()))
        arrays = {name: _mapped(place / f"{name}.npy", shape) for name, shape in meta["shapes"].items()}
        return _restored(meta, arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataDamaged(
            f"the feature snapshot {version} cannot be read: {type(error).__name__}.",
            remedy="Run `catchup pipeline run snapshot`.",
        ) from error


def folder_name(workspace: WorkspaceId) -> str:
    """Return a file name that is safe and belongs to one workspace alone."""
    if _SAFE.fullmatch(workspace):
        return workspace
    return f"=sha256-{hashlib.sha256(workspace.encode()).hexdigest()[:32]}"


def _arrays(snapshot: Snapshot) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for name, kind in _LAYOUT.items():
        value = getattr(snapshot, name)
        if kind is Rows:
            found |= {f"{name}.{part}": getattr(value, part) for part in ("starts", "columns", "values")}
        else:
            found[name] = value
    return found


def _restored(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
    values: dict[str, Any] = {}
    for name, kind in _LAYOUT.items():
        if kind is Rows:
            parts: dict[str, Any] = {
                part: arrays[f"{name}.{part}"] for part in ("starts", "columns", "values")
            }
            values[name] = Rows(**parts)
        else:
            values[name] = arrays[name]
    lineage = Lineage(
        workspace=WorkspaceId(meta["workspace"]),
        version=meta["version"],
        offset=Offset(meta["offset"]),
        built_at=datetime.fromisoformat(meta["built_at"]).astimezone(UTC),
    )
    return Snapshot(lineage=lineage, **values)


def _meta(snapshot: Snapshot, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    lineage = snapshot.lineage
    return {
        "workspace": lineage.workspace,
        "version": lineage.version,
        "offset": lineage.offset,
        "built_at": lineage.built_at.isoformat(),
        "schema": SCHEMA,
        "shapes": {name: list(values.shape) for name, values in arrays.items()},
    }


def _checked(meta: dict[str, Any]) -> dict[str, Any]:
    if meta["schema"] != SCHEMA:
        raise ValueError("the layout is another")
    return meta


def _mapped(path: Path, shape: list[int]) -> NDArray[Any]:
    values: NDArray[Any] = np.load(path, mmap_mode="r" if np.prod(shape) else None, allow_pickle=False)
    if list(values.shape) != shape:
        raise ValueError("the shape is another")
    return values.view(np.ndarray)  # the mapping stays; memmap's own slicing is several times slower


def _point(home: Path, version: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".current-", dir=home)
    with os.fdopen(handle, "w") as file:
        file.write(version)
    Path(name).replace(home / "current")


def _forget_old(home: Path, version: str) -> None:
    versions = sorted(entry.name for entry in home.iterdir() if entry.is_dir() and entry.name[0] != ".")
    for name in versions[:-_KEPT]:
        if name != version:
            shutil.rmtree(home / name, ignore_errors=True)


_LAYOUT: dict[str, Any] = {
    field.name: get_type_hints(Snapshot)[field.name] for field in fields(Snapshot) if field.name != "lineage"
}
SCHEMA = hashlib.sha256(
    repr(sorted((name, str(kind)) for name, kind in _LAYOUT.items())).encode()
).hexdigest()[:16]
"""The hash of the snapshot's fields and types: a snapshot of another layout is built anew, never misread."""
