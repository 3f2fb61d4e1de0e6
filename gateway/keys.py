"""API keys at rest: the hash of the secret, never the secret."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, RowMapping, String, Table, Text, and_, select, update

from core.audit import Entry, record
from core.clock import Clock
from core.database import Database, UtcMicros, metadata
from core.errors import InvalidInput, NotFound
from core.ids import Ids, WorkspaceId
from gateway.auth import Scope, Token, hash_secret, not_ours

REMEMBER = timedelta(seconds=2)
"""How long a verified key is believed without a look at the database: another process's revocation lags by this."""
_NOTE_USE = timedelta(minutes=1)
_REMEMBERED = 10_000

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcMicros, nullable=False),
    Column("last_used_at", UtcMicros),
    Column("revoked_at", UtcMicros),
    Index("ix_api_keys_workspace", "workspace"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept."""

    id: str
    workspace: WorkspaceId
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class Keys:
    """Makes, verifies and revokes keys; each opens one workspace."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._verified: dict[tuple[str, str], tuple[datetime, ApiKey]] = {}

    async def create(self, workspace: WorkspaceId, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
        """Make a key; return it and its token, which cannot be shown again."""
        granted = frozenset(scopes)
        if not granted:
            raise InvalidInput("scope", [], "names nothing", remedy="Give at least one --scope.")
        secret = secrets.token_urlsafe(32)
        key = ApiKey(
            id=self._ids.new("key").rpartition("_")[2],
            workspace=workspace,
            name=name,
            scopes=granted,
            created_at=self._clock.now(),
        )
        async with self._database.writing() as connection:
            await connection.execute(api_keys.insert().values(_row(key, hash_secret(secret))))
            await record(connection, self._entry(key, "key.create"))
        return key, f"ck_{key.id}_{secret}"

    async def verify(self, token: Token) -> ApiKey:
        """Return the key of a token; raises NotAuthenticated for one that is unknown, wrong or revoked."""
        now = self._clock.now()
        known = self._verified.get((token.id, token.hash))
        if known is not None and now - known[0] < REMEMBER:
            return known[1]
        self._verified.pop((token.id, token.hash), None)
        key = await self._look_up(token)
        await self._note_use(key, now)
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token.id, token.hash] = (now, key)
        return key

    async def list(self, workspace: WorkspaceId) -> list[ApiKey]:
        """Return a workspace's keys, oldest first, revoked ones too."""
        query = select(api_keys).where(api_keys.c.workspace == workspace)
        async with self._database.reading() as connection:
            rows = await connection.execute(query.order_by(api_keys.c.created_at, api_keys.c.id))
            return [_key(row) for row in rows.mappings()]

    async def revoke(self, workspace: WorkspaceId, id: str) -> ApiKey:
        """Make a key useless, at once here and within REMEMBER elsewhere; raises NotFound."""
        ours = and_(api_keys.c.id == id, api_keys.c.workspace == workspace)
        async with self._database.writing() as connection:
            row = (await connection.execute(select(api_keys).where(ours))).mappings().first()
            if row is None:
                raise NotFound("key", id, remedy="See `catchup keys list`.")
            if row["revoked_at"] is None:
                await connection.execute(update(api_keys).where(ours).values(revoked_at=self._clock.now()))
                await record(connection, self._entry(_key(row), "key.revoke"))
            changed = (await connection.execute(select(api_keys).where(ours))).mappings().one()
        self._verified = {known: entry for known, entry in self._verified.items() if known[0] != id}
        return _key(changed)

    async def _look_up(self, token: Token) -> ApiKey:
        async with self._database.reading() as connection:
            query = select(api_keys).where(api_keys.c.id == token.id)
            row = (await connection.execute(query)).mappings().first()
        expected = hash_secret("") if row is None else row["hash"]
        if not hmac.compare_digest(expected, token.hash) or row is None or row["revoked_at"] is not None:
            raise not_ours()
        return _key(row)

    async def _note_use(self, key: ApiKey, now: datetime) -> None:
        if key.last_used_at is None or now - key.last_used_at >= _NOTE_USE:
            async with self._database.writing() as connection:
                await connection.execute(
                    update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now)
                )

    def _entry(self, key: ApiKey, action: str) -> Entry:
        return Entry(
            at=self._clock.now(),
            actor="operator",
            action=action,
            subject=f"{key.workspace}/key/{key.id}",
            data={"name": key.name, "scopes": " ".join(sorted(key.scopes))},
        )


def _row(key: ApiKey, hash: str) -> dict[str, Any]:
    return {
        "id": key.id,
        "workspace": key.workspace,
        "name": key.name,
        "hash": hash,
        "scopes": " ".join(sorted(key.scopes)),
        "created_at": key.created_at,
    }


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        workspace=WorkspaceId(row["workspace"]),
        name=row["name"],
        scopes=frozenset(Scope(name) for name in row["scopes"].split()),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
