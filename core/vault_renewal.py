"""After a rotation: what is sealed with old keys is sealed anew, then the old keys are destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import Clock
from core.ids import WorkspaceId
from core.master_key import MasterFile, new_master_key
from core.vault_store import DatabaseVault

GRACE = timedelta(seconds=60)
"""How long a replaced key is kept at least: longer than any write that sealed with it can take to be committed
(REMEMBER, and the 30 s a writer waits for SQLite's lock)."""


class Holder(Protocol):
    """A table whose text a vault has sealed."""

    async def reseal(self, workspace: WorkspaceId, *, below: int, limit: int = 200) -> int:
        """Seal anew some rows sealed with a generation before `below`; return how many were seen, 0 if none is left.

        What does not open any more is dropped. Raises DataDamaged.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What was done; until `again_at` some old keys have to wait for another run."""

    newest: int
    resealed: int
    retired: int
    again_at: datetime | None


async def renew(
    vault: DatabaseVault, workspace: WorkspaceId, holders: Sequence[Holder], *, clock: Clock
) -> Renewal:
    """Seal everything with the newest key and destroy those replaced GRACE ago.

    Safe to cut off anywhere and to run again, beside running servers; raises DataDamaged, Unavailable.
    """
    newest = await vault.newest(workspace)
    old = [key for key in await vault.keys(workspace) if key.ended_at is None and key.generation < newest]
    replaced = {key.generation: key.replaced_at or clock.now() for key in old}
    due = [generation for generation, at in replaced.items() if at + GRACE <= clock.now()]
    resealed = 0
    for holder in holders:  # after `due` is settled: nothing can be written with a due key any more
        while count := await holder.reseal(workspace, below=newest):
            resealed += count
    retired = await vault.retire(workspace, due)
    waiting = [at + GRACE for generation, at in replaced.items() if generation not in due]
    return Renewal(
        newest=newest, resealed=resealed, retired=retired, again_at=max(waiting) if waiting else None
    )


async def replace_master(vault: DatabaseVault, file: MasterFile) -> int:
    """Put a new master key in a file and wrap every data key with it; return how many there were.

    Cut off midway the file holds both keys, and the next call finishes with the newer. Who shares the file follows
    without a restart. Raises Unavailable, DataDamaged, InvalidInput.
    """
    keys = file.read()
    if len(keys) == 1:
        keys = (new_master_key(), *keys)
        file.write(keys)
    count = await vault.rotate_master(keys[0])
    file.write(keys[:1])
    return count
