"""The prompt registry, one for the installation: push, find, compare, release; each workspace is served by its arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.audit import Entry
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import WorkspaceId
from core.release_store import Releases
from core.releases import ArtifactKind, Authority, Override, Release, Stage
from prompts.diff import PromptDiff, diff
from prompts.models import Prompt, PromptVersion, Standing
from prompts.parse import parse_prompt, read_prompt
from prompts.store import PromptStore

LIBRARY = Path(__file__).parent / "library"
LATEST = "latest"
_ONLINE = (Stage.SHADOW, Stage.CANARY_5, Stage.CANARY_50, Stage.LIVE)
_FIRST = Override(author="catchup", reason="first version: no incumbent to compare with")
_MIN_PREFIX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A version that is in the registry now, and whether it was before."""

    standing: Standing
    created: bool


class Registry:
    """Every prompt of the installation.

    registry = Registry(store=PromptStore(database), releases=Releases(database, clock), clock=clock)
    pushed = await registry.push(path.read_text(), by="ada", message="shorter")
    """

    def __init__(self, *, store: PromptStore, releases: Releases, clock: Clock) -> None:
        self._store = store
        self._releases = releases
        self._clock = clock

    async def push(self, source: str, *, by: str, message: str = "", file: str = "prompt") -> Pushed:
        """Add a version as a draft; the same bytes again change nothing. Raises InvalidFile, TooLarge."""
        prompt = parse_prompt(source, file=file)
        version = PromptVersion(
            name=prompt.name,
            version=prompt.version,
            description=prompt.description,
            source=prompt.source,
            pushed_at=self._clock.now(),
            pushed_by=by,
            message=message,
        )
        created = await self._store.add(version)
        await self._releases.draft(version.artifact, by=by)
        return Pushed(standing=await self.find(prompt.name, prompt.version), created=created)

    async def list(self) -> list[list[Standing]]:
        """Return every prompt with all its versions, the newest first."""
        by_name: dict[str, list[PromptVersion]] = {}
        for version in await self._store.every():
            by_name.setdefault(version.name, []).append(version)
        return [await self._standings(name, versions) for name, versions in by_name.items()]

    async def versions(self, name: str) -> list[Standing]:
        """Return every version of a prompt, the newest first; raises NotFound."""
        versions = await self._store.of(name)
        if not versions:
            raise NotFound("prompt", name, remedy="See `catchup prompts list`, or push one.")
        return await self._standings(name, versions)

    async def find(self, name: str, at: str = Stage.LIVE) -> Standing:
        """Return one version: by hash, by four or more of its first digits, by a stage (`live`), or `latest`.

        Raises NotFound; InvalidInput if a prefix fits several.
        """
        every = await self.versions(name)
        if at == LATEST:
            return every[0]
        if at in set(Stage):
            found = sorted(
                (s for s in every if s.release.stage == at), key=lambda s: s.release.since, reverse=True
            )
        else:
            found = [s for s in every if s.prompt.version.startswith(at) and len(at) >= _MIN_PREFIX]
            if len(found) > 1:
                matches = ", ".join(s.prompt.version for s in found)
                raise InvalidInput(
                    "version", at, f"fits {len(found)} versions", remedy=f"Give more digits: {matches}."
                )
        if not found:
            remedy = f"Give a version's first {_MIN_PREFIX} digits, a stage, or {LATEST}."
            raise NotFound("prompt version", f"{name}@{at}", remedy=remedy)
        return found[0]

    async def parsed(self, name: str, at: str = Stage.LIVE) -> Prompt:
        """Return a version ready to render; see `find`."""
        return parse_prompt((await self.find(name, at)).prompt.source, file=name)

    async def serving(self, name: str, workspace: WorkspaceId) -> Prompt | None:
        """Return the version this workspace gets: a canary's if it is in its share, else the live one."""
        release = await self._releases.serving(ArtifactKind.PROMPT, name, workspace)
        return None if release is None else await self.parsed(name, release.artifact.version)

    async def diff(self, name: str, a: str, b: str) -> PromptDiff:
        """Return what changed between two versions; see `find` for how to name them."""
        return diff(await self.parsed(name, a), await self.parsed(name, b))

    async def log(self, name: str) -> list[Entry]:
        """Return who did what to a prompt and why, the latest first; raises NotFound."""
        await self.versions(name)
        return await self._store.history(name)

    async def promote(self, name: str, at: str, to: Stage, authority: Authority, *, by: str) -> Standing:
        """Move a version forward; see `Releases.promote`."""
        prompt = (await self.find(name, at)).prompt
        return Standing(
            prompt=prompt, release=await self._releases.promote(prompt.artifact, to, authority, by=by)
        )

    async def roll_back(self, name: str, at: str = "", *, by: str, reason: str) -> Standing:
        """Take a version offline: the one named, else the one that went online last. Raises Conflict, NotFound."""
        if not reason.strip():
            raise InvalidInput("reason", reason, "is empty", remedy="Say why it is taken back.")
        standing = await self.find(name, at) if at else await self._last_online(name)
        release = await self._releases.roll_back(standing.prompt.artifact, by=by, reason=reason)
        return Standing(prompt=standing.prompt, release=release)

    async def publish_library(self, folder: Path = LIBRARY) -> None:
        """Push the shipped prompts; release the first version of each name, and never move a release that exists."""
        for path in sorted(folder.glob("*.md")):  # noqa: ASYNC240  two small files at start
            prompt = read_prompt(path)
            if prompt.version not in {version.version for version in await self._store.of(prompt.name)}:
                await self.push(
                    prompt.source, by=_FIRST.author, message="shipped with Catchup", file=path.name
                )
            if all(s.release.stage is Stage.DRAFT for s in await self.versions(prompt.name)):
                await self._release_first(prompt)

    async def _release_first(self, prompt: Prompt) -> None:
        try:
            await self._releases.promote(prompt.artifact, Stage.LIVE, _FIRST, by=_FIRST.author)
        except Conflict:  # another process starts at the same time: it is live already
            await self.find(prompt.name, Stage.LIVE)

    async def _last_online(self, name: str) -> Standing:
        online = [s for s in await self.versions(name) if s.release.stage in _ONLINE]
        if not online:
            raise Conflict(f"no version of {name} is online.", remedy="There is nothing to roll back.")
        return max(online, key=lambda s: s.release.since)

    async def _standings(self, name: str, versions: Sequence[PromptVersion]) -> list[Standing]:
        releases: dict[str, Release] = {
            release.artifact.version: release
            for release in await self._releases.of(ArtifactKind.PROMPT, name)
        }
        for version in versions:
            if version.version not in releases:  # its push was cut off between the two writes
                releases[version.version] = await self._releases.draft(version.artifact, by=version.pushed_by)
        return [Standing(prompt=v, release=releases[v.version]) for v in versions]
