"""Which version of a prompt a workspace gets, ready to render."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from core.errors import GenerationFailed
from core.ids import WorkspaceId
from core.release_store import Releases
from core.releases import ArtifactKind
from prompts.models import Prompt
from prompts.registry import Registry

_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A prompt version and the arm of its release."""

    prompt: Prompt
    arm: str

    @property
    def label(self) -> str:
        """The name and version, as provenance records them."""
        return f"{self.prompt.name}@{self.prompt.version}"


class ServedPrompts:
    """Asks the releases at every call, so that a rollback counts at once; parses each version only once."""

    def __init__(self, registry: Registry, releases: Releases) -> None:
        self._registry = registry
        self._releases = releases
        self._parsed: OrderedDict[tuple[str, str], Prompt] = OrderedDict()

    async def chosen(self, name: str, workspace: WorkspaceId) -> Chosen:
        """Return the version that a workspace is served now; raises GenerationFailed if none is online."""
        release = await self._releases.serving(ArtifactKind.PROMPT, name, workspace)
        if release is None:
            raise GenerationFailed(
                f"no version of {name} is online.",
                remedy=f"Promote one: catchup prompts promote {name}@latest.",
            )
        version = release.artifact.version
        prompt = self._parsed.get((name, version)) or await self._registry.parsed(name, version)
        self._parsed[name, version] = prompt
        while len(self._parsed) > _KEPT:
            self._parsed.popitem(last=False)
        return Chosen(prompt=prompt, arm=str(release.stage))
