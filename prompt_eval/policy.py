"""The policy a candidate is gated by, as people write it: YAML."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import InvalidFile
from core.releases import Policy

DEFAULT = Path(__file__).parent / "policies" / "default.yaml"
_REMEDY = "See prompt_eval/policies/default.yaml."


class _PolicyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    margins: dict[str, float] = {}
    constraints: list[str] = []
    min_cases: int = 30


def read_policy(path: Path = DEFAULT) -> Policy:
    """Read a policy; raises InvalidFile that names the field, InvalidInput for a policy that asks for nothing."""
    try:
        read = _PolicyFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise InvalidFile("policy", str(path), problem, remedy="Give the path of a YAML file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidFile(path.name, type(error).__name__, "is not YAML", remedy=_REMEDY) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "policy"
        raise InvalidFile(f"{path.name} {field}", first["input"], first["msg"], remedy=_REMEDY) from error
    return Policy(margins=read.margins, constraints=frozenset(read.constraints), min_cases=read.min_cases)
