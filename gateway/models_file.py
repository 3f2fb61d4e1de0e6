"""The YAML file of CATCHUP_MODELS: which models there are, and which feature and workspace uses which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import InvalidFile, InvalidInput
from gateway.settings import split_urls
from summarize.models import Feature

EXTRACTIVE = "extractive"
"""What answers when no model does; always there, never named in a chain."""
_REMEDY = "Correct the file; docs/reference/models.md describes it."

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Chain = tuple[Key, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ModelSpec(_Strict):
    """One model: behind URLs (the nodes of one pool), or run in this process from a path or hub id."""

    url: tuple[str, ...] = ()
    """One URL or several."""
    model: str = ""
    """Its name as the server lists it. Empty: the one model of `/v1/models`."""
    context: int | None = Field(default=None, ge=512)
    """Tokens that prompt and answer may have together. Empty: what the server or the model says, else 8192."""
    api_key_env: str = ""
    """The environment variable that holds the server's key; the key itself is never in the file."""
    path: str = ""
    """A folder or a hub id to run here through transformers."""
    device: str = "cpu"
    """Where a model that runs here is put."""
    batch: int = Field(default=8, ge=1, le=256)
    """How many answers a model that runs here decodes at once."""

    @field_validator("url", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return split_urls(value) if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _http(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"{url[:80]} is not an http or https URL")
        if len(set(value)) < len(value):
            raise ValueError("names a node twice")
        return value

    @model_validator(mode="after")
    def _url_or_path(self) -> Self:
        if bool(self.url) == bool(self.path):
            raise ValueError("needs exactly one of url and path")
        return self


class ModelsFile(_Strict):
    """Models by key, and chains of keys: the first that answers serves, extraction after the last."""

    models: dict[Key, ModelSpec] = Field(default_factory=dict[str, ModelSpec])
    features: dict[Feature, Chain] = Field(default_factory=dict[Feature, Chain])
    """A feature that is not listed uses every model, in the order of the file."""
    workspaces: dict[str, dict[Feature, Chain]] = Field(default_factory=dict[str, dict[Feature, Chain]])
    """What a workspace uses instead; an empty chain is extraction alone."""

    def chains(self) -> Iterable[tuple[str, Chain]]:
        """Yield each chain with its place in the file."""
        for feature, chain in self.features.items():
            yield f"features.{feature}", chain
        for workspace, features in self.workspaces.items():
            for feature, chain in features.items():
                yield f"workspaces.{workspace}.{feature}", chain


def read_models_file(path: Path) -> ModelsFile:
    """Read a file; raises InvalidFile that names file, field, value and remedy."""
    try:
        return ModelsFile.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        cause = first.get("ctx", {}).get("error")
        problem = str(cause) if isinstance(cause, ValueError) else first["msg"]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        secret = bool(first["loc"]) and "key" in str(first["loc"][-1])  # somebody may have written it here
        shown = "hidden" if secret else first["input"]
        raise InvalidFile(f"{path.name}: {field}", shown, problem, remedy=_REMEDY) from error


def check_chains(file: ModelsFile, known: Mapping[str, ModelSpec], *, name: str) -> None:
    """Raise InvalidFile for a chain that names what is no model, or a model twice; `name` is the file's."""
    for place, chain in file.chains():
        for key in chain:
            if key == EXTRACTIVE:
                raise InvalidFile(
                    f"{name}: {place}", key, "is always last and never named", remedy="Leave it out."
                )
            if key not in known:
                raise InvalidFile(
                    f"{name}: {place}",
                    key,
                    "is no model",
                    remedy=f"Use some of: {', '.join(known) or 'none is defined'}.",
                )
        if len(set(chain)) < len(chain):
            raise InvalidFile(f"{name}: {place}", list(chain), "names a model twice", remedy=_REMEDY)


def _yaml(path: Path) -> Any:  # noqa: ANN401  whatever people write
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InvalidInput(
            "CATCHUP_MODELS",
            str(path),
            f"cannot be read: {error.strerror}",
            remedy="Give the path of a YAML file, or unset it.",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the file"
        raise InvalidFile(f"{path.name}: {where}", path.stem, "is not YAML", remedy=_REMEDY) from error
