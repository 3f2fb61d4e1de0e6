"""Where every artifact stands, kept in the database; each move is audited in the same transaction."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, Text, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import Entry, record
from core.clock import Clock
from core.database import Database, UtcMicros, metadata, upsert
from core.errors import NotFound
from core.experiments import bucket
from core.ids import VersionId, WorkspaceId
from core.releases import (
    TRAFFIC,
    Artifact,
    ArtifactKind,
    Authority,
    Override,
    Release,
    Stage,
    advance,
    roll_back,
)

releases = Table(
    "releases",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("stage", String(16), nullable=False),
    Column("since", UtcMicros, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

_OF = (  # made once, for a statement costs more to put together than to run
    select(releases)
    .where(releases.c.kind == bindparam("kind"), releases.c.name == bindparam("name"))
    .order_by(releases.c.since.desc())
)


class Releases:
    """Moves artifacts along the train and tells which version a workspace gets.

    The moves of one name are made one at a time, and each bears a later time than the one before it.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def draft(self, artifact: Artifact, *, by: str) -> Release:
        """Put a version on the train; a version that is there already stays where it stands."""
        release = Release(artifact=artifact, stage=Stage.DRAFT, since=self._clock.now(), by=by)
        async with self._database.writing() as connection:
            await _queue_up(connection, artifact)
            current = await _find(connection, artifact)
            if current is not None:
                return current
            return await self._save(connection, release, action="draft")

    async def promote(self, artifact: Artifact, to: Stage, authority: Authority, *, by: str) -> Release:
        """Advance a version; a version that reaches live retires the one before it.

        Raises NotFound, Conflict, VerdictRequired.
        """
        async with self._database.writing() as connection:
            await _queue_up(connection, artifact)
            current = await _find(connection, artifact)
            if current is None:
                raise _unknown(artifact)
            moved = advance(current, to, authority, at=self._clock.now(), by=by)
            if to is Stage.LIVE:
                await self._retire_live(connection, artifact, by)
            action = "override" if isinstance(authority, Override) else "promote"
            return await self._save(connection, moved, action=action)

    async def roll_back(self, artifact: Artifact, *, by: str, reason: str) -> Release:
        """Take a version offline; if it was live, the one that was live before it is live again."""
        async with self._database.writing() as connection:
            await _queue_up(connection, artifact)
            current = await _find(connection, artifact)
            if current is None:
                raise _unknown(artifact)
            moved = roll_back(current, at=self._clock.now(), by=by, reason=reason)
            moved = await self._save(connection, moved, action="rollback")
            if current.stage is Stage.LIVE:
                await self._revive(connection, artifact, by)
            return moved

    async def find(self, artifact: Artifact) -> Release:
        """Return where a version stands; raises NotFound."""
        async with self._database.reading() as connection:
            found = await _find(connection, artifact)
        if found is None:
            raise _unknown(artifact)
        return found

    async def of(self, kind: ArtifactKind, name: str) -> list[Release]:
        """Return every version of a name, the latest move first."""
        asked = {"kind": str(kind), "name": name}
        rows = await self._database.read(lambda connection: connection.execute(_OF, asked).mappings().all())
        return [_release(dict(row)) for row in rows]

    async def serving(self, kind: ArtifactKind, name: str, workspace: WorkspaceId) -> Release | None:
        """Return the version this workspace gets: a canary's if it falls in its share, else the live one."""
        every = await self.of(kind, name)
        for release in every:
            share = TRAFFIC.get(release.stage, 0.0)
            if release.stage is not Stage.LIVE and bucket(release.artifact.version, workspace) < share:
                return release
        return next((release for release in every if release.stage is Stage.LIVE), None)

    async def _save(self, connection: AsyncConnection, release: Release, *, action: str) -> Release:
        release = replace(release, since=await _later(connection, release))
        artifact = release.artifact
        row = {**asdict(artifact), **asdict(release), "kind": str(artifact.kind), "stage": str(release.stage)}
        del row["artifact"]
        keys = ["kind", "name", "version"]
        await upsert(connection, releases, [row], key=keys, update=["stage", "since", "by", "reason"])
        entry = Entry(
            at=release.since,
            actor=release.by,
            action=action,
            subject=subject(artifact),
            reason=release.reason,
            data={"stage": str(release.stage)},
        )
        await record(connection, entry)
        return release

    async def _retire_live(self, connection: AsyncConnection, artifact: Artifact, by: str) -> None:
        query = select(releases).where(_in_stage(artifact, Stage.LIVE))
        for row in (await connection.execute(query)).mappings().all():
            live = _release(dict(row))
            reason = f"{artifact.version} took its place"
            retired = replace(live, stage=Stage.RETIRED, since=self._clock.now(), by=by, reason=reason)
            await self._save(connection, retired, action="retire")

    async def _revive(self, connection: AsyncConnection, artifact: Artifact, by: str) -> None:
        query = select(releases).where(_in_stage(artifact, Stage.RETIRED)).order_by(releases.c.since.desc())
        row = (await connection.execute(query.limit(1))).mappings().first()
        if row is not None:
            reason = f"live again: {artifact.version} was rolled back"
            before = _release(dict(row))
            back = replace(before, stage=Stage.LIVE, since=self._clock.now(), by=by, reason=reason)
            await self._save(connection, back, action="revive")


def subject(artifact: Artifact) -> str:
    """Return how the audit log names an artifact: `prompt/channel-summary@0123456789abcdef`."""
    return f"{artifact.kind}/{artifact.name}@{artifact.version}"


async def _queue_up(connection: AsyncConnection, artifact: Artifact) -> None:
    """Wait until nobody else moves a version of this name: two may not go live at once."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        key = f"releases:{artifact.kind}/{artifact.name}"
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))


async def _later(connection: AsyncConnection, release: Release) -> datetime:
    """Return the release's time, or just after the last move of its name if the clock stood still or went back."""
    query = select(func.max(releases.c.since)).where(
        releases.c.kind == str(release.artifact.kind), releases.c.name == release.artifact.name
    )
    last: datetime | None = (await connection.execute(query)).scalar()
    return release.since if last is None else max(release.since, last + timedelta(microseconds=1))


def _in_stage(artifact: Artifact, stage: Stage):  # noqa: ANN202  pyright infers SQLAlchemy's expression type
    return and_(
        releases.c.kind == str(artifact.kind),
        releases.c.name == artifact.name,
        releases.c.stage == str(stage),
    )


async def _find(connection: AsyncConnection, artifact: Artifact) -> Release | None:
    query = select(releases).where(
        releases.c.kind == str(artifact.kind),
        releases.c.name == artifact.name,
        releases.c.version == artifact.version,
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _release(dict(row))


def _release(row: dict[str, object]) -> Release:
    artifact = Artifact(
        kind=ArtifactKind(str(row["kind"])), name=str(row["name"]), version=VersionId(str(row["version"]))
    )
    return Release(
        artifact=artifact,
        stage=Stage(str(row["stage"])),
        since=row["since"],  # pyright: ignore[reportArgumentType]
        by=str(row["by"]),
        reason=str(row["reason"]),
    )


def _unknown(artifact: Artifact) -> NotFound:
    return NotFound(
        f"{artifact.kind} version", f"{artifact.name}@{artifact.version}", remedy="Push it first."
    )
