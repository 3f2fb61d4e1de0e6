"""The key that wraps every data key: from a setting, or a file made at first use."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import DataDamaged, InvalidInput
from core.ids import WorkspaceId
from core.vault import KEY_BYTES, bound_to

SETTING = "CATCHUP_MASTER_KEY"
_FORM = "Give 32 bytes as 64 hex digits or 44 characters of base64, e.g. from `openssl rand -hex 32`."


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """32 bytes that are never shown; `id` tells two keys apart and gives neither away."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The first 16 hex digits of a SHA-256 of it."""
        return hashlib.sha256(b"catchup master key" + self.secret).hexdigest()[:16]

    def wrap(self, workspace: WorkspaceId, generation: int, data_key: bytes) -> bytes:
        """Return a data key sealed by this one, bound to its place."""
        nonce = secrets.token_bytes(12)
        place = bound_to(workspace, str(generation), "data-key")
        return nonce + AESGCM(self.secret).encrypt(nonce, data_key, place)

    def unwrap(self, workspace: WorkspaceId, generation: int, wrapped: bytes) -> bytes:
        """Return the data key; raises DataDamaged."""
        place = bound_to(workspace, str(generation), "data-key")
        try:
            return AESGCM(self.secret).decrypt(wrapped[:12], wrapped[12:], place)
        except InvalidTag:
            raise DataDamaged(
                f"data key {generation} of {workspace} does not open: its row was changed or moved.",
                remedy="Restore the table data_keys from a backup.",
            ) from None


Masters = Callable[[], Sequence[MasterKey]]
"""Tells the master keys: the first wraps, all unwrap."""


def new_master_key() -> MasterKey:
    """Make a key from the operating system's randomness."""
    return MasterKey(secret=secrets.token_bytes(KEY_BYTES))


def masters_of(setting: str, file: Path) -> Masters:
    """Return what the setting names, else what the file holds, which is made now if it is missing.

    Raises InvalidInput for what is no key, without quoting it, and for a file that everybody may read.
    """
    if setting:
        keys = parse_keys(setting, where=SETTING)
        return lambda: keys
    held = MasterFile(file)
    held.read()
    return held.read


def parse_keys(text: str, *, where: str) -> tuple[MasterKey, ...]:
    """Read keys that commas or white space separate; raises InvalidInput."""
    keys = tuple(_key(word, where) for word in text.replace(",", " ").split())
    if not keys:
        raise InvalidInput(where, "hidden", "holds no key", remedy=_FORM)
    return keys


class MasterFile:
    """Master keys in a file that its owner alone can read, one in hex per line, the one that wraps first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[MasterKey, ...]:
        """Return the keys; make the file with a new one if it is missing; raises InvalidInput."""
        try:
            found = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            self._make()
            found = self._path.read_text(encoding="ascii")
        if stat.S_IMODE(self._path.stat().st_mode) & 0o007:
            raise InvalidInput(
                str(self._path), "hidden", "can be read by everybody", remedy=f"chmod 600 {self._path}"
            )
        return parse_keys(found, where=str(self._path))

    def write(self, keys: Sequence[MasterKey]) -> None:
        """Put keys in place of those that are there, all or nothing, on disk when this returns."""
        os.replace(self._draft(keys), self._path)
        _sync(self._path.parent)

    def _make(self) -> None:
        """Make the file with a new key; of several processes that try, one wins and the others read its key."""
        draft = self._draft([new_master_key()])
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _sync(self._path.parent)

    def _draft(self, keys: Sequence[MasterKey]) -> Path:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write("".join(f"{key.secret.hex()}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        return draft


def _key(word: str, where: str) -> MasterKey:
    try:
        secret = bytes.fromhex(word) if len(word) == 2 * KEY_BYTES else _from_base64(word)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise InvalidInput(where, "hidden", "is not a key of 32 bytes", remedy=_FORM)
    return MasterKey(secret=secret)


def _from_base64(word: str) -> bytes:
    """Read either alphabet, padded or not."""
    padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _sync(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
