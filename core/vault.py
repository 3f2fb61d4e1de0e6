"""Text sealed at rest with a key of its workspace: the port, the sealed form, and the twin in memory.

Sealed form (AES-256-GCM, NIST SP 800-38D): 1 byte version, 4 bytes key generation, 12 bytes random nonce, ciphertext
and tag. Workspace, generation and purpose are authenticated with it: what is moved elsewhere does not open.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Mapping, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import DataDamaged
from core.ids import WorkspaceId

KEY_BYTES = 32
_VERSION = 1
_HEADER = struct.Struct(">BI12s")
_TAG_BYTES = 16


class Vault(Protocol):
    """Seals text with its workspace's data key. `purpose` names the row it is for, e.g. ``segment/KEY``."""

    async def seal(self, workspace: WorkspaceId, plaintext: bytes, *, purpose: str) -> bytes:
        """Return the text sealed under the workspace's newest key, which is made if there is none."""
        ...

    async def open(self, workspace: WorkspaceId, sealed: bytes, *, purpose: str) -> bytes | None:
        """Return the text; None once its key was shredded or retired, for it is gone for good.

        Raises DataDamaged if a bit, the workspace or the purpose is not what was sealed.
        """
        ...

    async def rotate(self, workspace: WorkspaceId) -> int:
        """Make a new key for what is sealed from now on; return its generation. What is sealed still opens."""
        ...

    async def shred(self, workspace: WorkspaceId) -> int:
        """Destroy every key of a workspace: nothing it sealed opens again; return how many there were.

        What is sealed afterwards gets a new key. Other workspaces are untouched.
        """
        ...


class MemoryVault:
    """A Vault whose keys die with the process."""

    def __init__(self) -> None:
        self._rings: dict[WorkspaceId, dict[int, AESGCM | None]] = {}

    async def seal(self, workspace: WorkspaceId, plaintext: bytes, *, purpose: str) -> bytes:
        """Seal under the newest key."""
        ring = self._rings.setdefault(workspace, {})
        newest = max(ring, default=0)
        if ring.get(newest) is None:
            newest = await self.rotate(workspace)
        return sealed_under(ring, workspace, newest, plaintext, purpose=purpose)

    async def open(self, workspace: WorkspaceId, sealed: bytes, *, purpose: str) -> bytes | None:
        """Open, or return None if the key is gone."""
        return opened_with(self._rings.get(workspace, {}), workspace, sealed, purpose=purpose)

    async def rotate(self, workspace: WorkspaceId) -> int:
        """Add a key."""
        ring = self._rings.setdefault(workspace, {})
        generation = max(ring, default=0) + 1
        ring[generation] = AESGCM(secrets.token_bytes(KEY_BYTES))
        return generation

    async def shred(self, workspace: WorkspaceId) -> int:
        """Leave of each key only that there was one."""
        ring = self._rings.get(workspace, {})
        count = sum(cipher is not None for cipher in ring.values())
        ring.update(dict.fromkeys(ring))
        return count


def sealed_under(
    ring: Mapping[int, AESGCM | None],
    workspace: WorkspaceId,
    generation: int,
    plaintext: bytes,
    *,
    purpose: str,
) -> bytes:
    """Seal with a key of a ring that holds it."""
    cipher = ring[generation]
    if cipher is None:
        raise DataDamaged(f"data key {generation} of {workspace} is gone.", remedy="Seal with a newer one.")
    nonce = secrets.token_bytes(12)
    header = _HEADER.pack(_VERSION, generation, nonce)
    return header + cipher.encrypt(nonce, plaintext, bound_to(workspace, str(generation), purpose))


def opened_with(
    ring: Mapping[int, AESGCM | None], workspace: WorkspaceId, sealed: bytes, *, purpose: str
) -> bytes | None:
    """Open with a key of a ring; None where the ring only knows that there was one; raises DataDamaged."""
    generation = generation_of(sealed)
    if generation not in ring:
        raise _damaged(workspace, purpose)
    cipher = ring[generation]
    if cipher is None:
        return None
    nonce, locked = sealed[_HEADER.size - 12 : _HEADER.size], sealed[_HEADER.size :]
    try:
        return cipher.decrypt(nonce, locked, bound_to(workspace, str(generation), purpose))
    except InvalidTag:
        raise _damaged(workspace, purpose) from None


def generation_of(sealed: bytes) -> int:
    """Return the generation of the key that something was sealed with; raises DataDamaged."""
    if len(sealed) < _HEADER.size + _TAG_BYTES or sealed[0] != _VERSION:
        raise DataDamaged(
            "what should be sealed text is not in the sealed form.", remedy="Restore the row from a backup."
        )
    return _HEADER.unpack_from(sealed)[1]


def bound_to(*parts: str) -> bytes:
    """Return associated data that no other parts give: each part is preceded by its length in bytes."""
    encoded: Sequence[bytes] = [part.encode() for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in encoded)


def _damaged(workspace: WorkspaceId, purpose: str) -> DataDamaged:
    return DataDamaged(
        f"sealed text of {workspace} ({purpose}) does not open: it was changed, moved, or its key is another.",
        remedy="Restore the row and the table data_keys from one backup, or delete the row.",
    )
