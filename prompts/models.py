"""The nouns of prompts: a prompt is an immutable text with typed variables, named by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.chat import Json, Role
from core.ids import VersionId
from core.releases import Artifact, ArtifactKind, Release


class VariableType(StrEnum):
    """What a variable holds, and so how it is written into the text.

    `json` is one JSON value on one line; `jsonl` is a list of objects, one line each. In both, ``< > &`` and every
    kind of line break inside a string are escaped, so that data can close no tag and start no line.
    """

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A hole in a prompt. `choices` empty: any value of the type; `default` counts if not `required`."""

    name: str
    type: VariableType
    description: str = ""
    choices: tuple[Json, ...] = ()
    required: bool = True
    default: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a prompt: its role, its text with ``{{variable}}`` holes, and the line it starts at."""

    role: Role
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How to generate; part of the version, as the text is."""

    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A parsed prompt; `source` is the file it came from, with Unix line ends."""

    name: str
    description: str
    turns: tuple[Turn, ...]
    variables: Mapping[str, Variable]
    output: Mapping[str, Json] | None
    parameters: Parameters
    source: str

    @property
    def version(self) -> VersionId:
        """The content hash: the same bytes are the same version."""
        return version_of(self.source)

    @property
    def artifact(self) -> Artifact:
        """What travels on the release train."""
        return Artifact(kind=ArtifactKind.PROMPT, name=self.name, version=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """A version as the registry keeps it."""

    name: str
    version: VersionId
    description: str
    source: str
    pushed_at: datetime
    pushed_by: str
    message: str = ""

    @property
    def artifact(self) -> Artifact:
        """What travels on the release train."""
        return Artifact(kind=ArtifactKind.PROMPT, name=self.name, version=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A version and where it stands on the release train."""

    prompt: PromptVersion
    release: Release


def canonical(source: str) -> str:
    """Return a prompt's text with Unix line ends: the only thing in which two equal versions may differ."""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def version_of(source: str) -> VersionId:
    """Return the first 16 hex digits of the SHA-256 of the canonical text in UTF-8."""
    return VersionId(hashlib.sha256(canonical(source).encode()).hexdigest()[:16])
