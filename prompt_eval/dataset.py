"""Datasets of cases, loaded by Hugging Face `datasets` from a local file and pinned by its hash."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from core.errors import InvalidFile, InvalidInput
from core.releases import Digest
from prompt_eval.diagnosis import diagnose, place
from prompt_eval.models import Case
from prompt_eval.records import READERS

_KINDS = {
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
}
_REMEDY = (
    "A case is {id, messages: [{id, author, ts, text, thread}], references: [...], slices: {...}}; "
    "see docs/flows/prompt-change.md."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSet:
    """Cases in the order of their file; `digest` is the SHA-256 of format and bytes."""

    name: str
    digest: Digest
    path: Path
    format: str
    rows: Sequence[Mapping[str, Any]]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Case]:
        """Yield the cases, each made anew from its row; raises InvalidFile that names line and field."""
        read = READERS[self.format]
        for index, row in enumerate(self.rows):
            try:
                yield read(row)
            except ValidationError as error:
                raise _refused(self.path, index, error) from error


def load(path: Path, *, format: str = "cases", limit: int | None = None) -> CaseSet:
    """Load a JSONL, CSV or Parquet file and check every case; `limit` keeps the first so many.

    Raises InvalidFile that names file, line and field; InvalidInput for a format that is not known.
    """
    if format not in READERS:
        raise InvalidInput("format", format, "is not known", remedy=f"Use one of: {', '.join(READERS)}.")
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidFile(
            "dataset", str(path), "is of no known kind", remedy=f"Use one of: {', '.join(_KINDS)}."
        )
    digest = _digest(path, format, limit)
    rows = _rows(path, kind)
    if limit is not None:
        rows = (
            rows[:limit] if isinstance(rows, list) else cast("Any", rows).select(range(min(limit, len(rows))))
        )
    cases = CaseSet(name=path.name, digest=digest, path=path, format=format, rows=rows)
    _check(cases)
    return cases


def _check(cases: CaseSet) -> None:
    seen: dict[str, int] = {}
    for index, case in enumerate(cases):
        where = place(cases.path, index)
        if case.id in seen:
            first = place(cases.path, seen[case.id])
            raise InvalidFile(
                f"{where} id", case.id, f"was used before, at {first}", remedy="Give each case its own."
            )
        seen[case.id] = index
        ids = [message.id for message in case.messages]
        twice = next((id for id in ids if ids.count(id) > 1), None) if len(set(ids)) < len(ids) else None
        if twice is not None:
            raise InvalidFile(
                f"{where} messages", twice, "is the id of two messages", remedy="Give each its own."
            )
    if not seen:
        raise InvalidFile(str(cases.path), 0, "has no cases", remedy=_REMEDY)


def _digest(path: Path, format: str, limit: int | None) -> Digest:
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InvalidFile("dataset", str(path), problem, remedy="Give the path of a file.") from error
    if not data.strip():
        raise InvalidFile(str(path), 0, "has no cases", remedy=_REMEDY)
    if path.suffix.lower() != ".parquet":
        _must_be_unicode(path, data)
    pinned = f"{format}\0" if limit is None else f"{format}\0{limit}\0"
    return Digest(hashlib.sha256(pinned.encode() + data).hexdigest())


def _must_be_unicode(path: Path, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        remedy = "Save the file as UTF-8."
        raise InvalidFile(
            f"{path.name}:{line}", f"byte {error.start}", "is not UTF-8", remedy=remedy
        ) from error


def _rows(path: Path, kind: str) -> Sequence[Mapping[str, Any]]:
    import datasets  # here, for it is slow to import
    from datasets.exceptions import DatasetGenerationError

    library = cast("Any", datasets)
    library.disable_progress_bars()
    library.logging.set_verbosity(library.logging.CRITICAL)  # what it would say, we say with the line
    readers = {
        "json": library.Dataset.from_json,
        "csv": library.Dataset.from_csv,
        "parquet": library.Dataset.from_parquet,
    }
    with tempfile.TemporaryDirectory() as cache:
        try:
            return readers[kind](str(path), cache_dir=cache, keep_in_memory=True)
        except (DatasetGenerationError, ValueError, OSError) as error:
            raise diagnose(path, error) from error


def _refused(path: Path, index: int, error: ValidationError) -> InvalidFile:
    first = error.errors(include_url=False, include_context=False)[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    value = None if first["type"] == "missing" else first["input"]
    problem = first["msg"].removeprefix("Value error, ")
    return InvalidFile(f"{place(path, index)} {field}", value, problem, remedy=_REMEDY)
