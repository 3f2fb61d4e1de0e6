"""A Slack export as files by folder, from a zip or a directory; nothing is unpacked, nothing outside it is read."""

from __future__ import annotations

import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import InvalidFile

DAY = re.compile(r"\d{4}-\d{2}-\d{2}.*\.json", re.IGNORECASE)
"""The names of message files."""

LARGEST_FILE = 1 << 30  # one day of one channel is never a gigabyte; a decompression bomb is
LISTINGS = ("users", "org_users", "channels", "groups", "dms", "mpims")
_JUNK = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini", ".git", "__uploads", "__avatars"})
_FLAG_UTF8 = 0x800


class Unreadable(Exception):
    """A file of the export cannot be read; says why, for the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of an export: its path in it, its size, and how to get its bytes."""

    path: PurePosixPath
    size: int
    read: Callable[[], bytes]

    def content(self) -> bytes:
        """Return the bytes; raises Unreadable."""
        if self.size > LARGEST_FILE:
            raise Unreadable("too large to be a day of messages")
        try:
            return self.read()
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise Unreadable(f"cannot be read ({type(error).__name__})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that holds JSON files, in the order of their names."""

    path: PurePosixPath
    files: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export laid out: the listings by lower-case stem, the folders, and what is left aside."""

    name: str
    listings: dict[str, Entry]
    folders: tuple[Folder, ...]
    ignored: tuple[str, ...]

    @property
    def size(self) -> int:
        """The bytes of all message files."""
        return sum(entry.size for folder in self.folders for entry in folder.files)


def fold(name: str) -> str:
    """Return a name by which spellings compare equal: Unicode NFC, case folded (macOS zips hold NFD)."""
    return unicodedata.normalize("NFC", name).casefold()


@contextmanager
def open_export(path: Path) -> Generator[Export]:
    """Open a zip or a directory; raises InvalidFile for anything else."""
    if path.is_dir():
        yield _lay_out(path.resolve().name, *_walk(path))
    elif path.is_file():
        with _open_zip(path) as archive:
            yield _lay_out(path.stem, *_members(archive))
    else:
        raise InvalidFile("EXPORT", str(path), "is not there", remedy="Give the path of a zip or a folder.")


def _open_zip(path: Path) -> AbstractContextManager[zipfile.ZipFile]:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise InvalidFile(
            "EXPORT",
            str(path),
            "is not a zip archive that can be opened",
            remedy="Give the zip as Slack made it, or the folder it unpacks to; download it again if it broke.",
        ) from error


def _members(archive: zipfile.ZipFile) -> tuple[list[Entry], list[str]]:
    entries, refused = list[Entry](), list[str]()
    for info in archive.infolist():
        name = _member_name(info).replace("\\", "/")
        path = PurePosixPath(name)
        if info.is_dir():
            continue
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            refused.append(name)
        elif not _junk(path):
            entries.append(Entry(path=path, size=info.file_size, read=_reader(archive, info)))
    return entries, refused


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    return lambda: archive.read(info)


def _member_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; names without the UTF-8 flag are often UTF-8 all the same."""
    if info.flag_bits & _FLAG_UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _walk(root: Path) -> tuple[list[Entry], list[str]]:
    entries, refused = list[Entry](), list[str]()
    for folder, folders, names in os.walk(root, onerror=lambda error: refused.append(str(error.filename))):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            path = PurePosixPath(file.relative_to(root).as_posix())
            if file.is_symlink() or not file.is_file():
                refused.append(str(path))
            elif not _junk(path):
                entries.append(Entry(path=path, size=file.stat().st_size, read=file.read_bytes))
    return entries, refused


def _junk(path: PurePosixPath) -> bool:
    return any(part.casefold() in _JUNK or part.startswith("._") for part in path.parts)


def _lay_out(name: str, entries: list[Entry], ignored: list[str]) -> Export:
    root = _root([entry.path for entry in entries])
    listings: dict[str, Entry] = {}
    folders: dict[PurePosixPath, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: not _is_listing(entry.path)):
        path = entry.path.relative_to(root) if entry.path.is_relative_to(root) else None
        if path is None or path.suffix.casefold() != ".json":
            ignored.append(str(entry.path))
        elif len(path.parts) > 1:
            folders.setdefault(path.parent, []).append(entry)
        elif _is_listing(path) and path.stem.casefold() not in listings:
            listings[path.stem.casefold()] = entry
        elif DAY.fullmatch(path.name) and listings:
            folders.setdefault(PurePosixPath(name), []).append(
                entry
            )  # days beside the listings: a channel unnamed
        else:
            ignored.append(str(entry.path))
    laid_out = [
        Folder(path=path, files=tuple(sorted(files, key=lambda entry: entry.path.name)))
        for path, files in sorted(folders.items())
    ]
    return Export(name=name, listings=listings, folders=tuple(laid_out), ignored=tuple(sorted(ignored)))


def _root(paths: list[PurePosixPath]) -> PurePosixPath:
    """Return the folder that holds the listings; without any, the one folder in which all folders lie, if there is."""
    known = [path.parent for path in paths if _is_listing(path)]
    if known:
        return min(known, key=lambda path: (len(path.parts), path))
    data = [path for path in paths if path.suffix.casefold() == ".json"]
    tops = {path.parts[0] for path in data}
    if len(tops) == 1 and all(len(path.parts) > 2 for path in data):
        return PurePosixPath(tops.pop())
    return PurePosixPath()


def _is_listing(path: PurePosixPath) -> bool:
    return path.suffix.casefold() == ".json" and path.stem.casefold() in LISTINGS
