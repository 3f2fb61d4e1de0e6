"""Models and GPUs by name, from presets.yaml; models also from a config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Final, cast

import orjson
import pydantic
import yaml
from pydantic import Field

from core.errors import InvalidFile, InvalidInput
from gpu.capacity.shape import ConfigFile, ModelShape, Precision, shape_of

_FILE: Final = Path(__file__).with_name("presets.yaml")
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU: bytes, bytes a second, dense floating-point operations a second; no `fp8` where it has none."""

    name: str
    memory: float
    bandwidth: float
    bf16: float
    fp8: float | None = None

    def operations(self, precision: Precision) -> float:
        """Return the operations a second with weights of a precision."""
        if precision is Precision.FP8 and self.fp8:
            return self.fp8
        return self.bf16 / 2 if precision is Precision.FP32 else self.bf16


class _GpuRow(pydantic.BaseModel):
    name: str
    memory_gib: Annotated[float, Field(gt=0)]
    bandwidth_gbs: Annotated[float, Field(gt=0)]
    bf16_tflops: Annotated[float, Field(gt=0)]
    fp8_tflops: Annotated[float | None, Field(gt=0)] = None


class _Presets(pydantic.BaseModel):
    gpus: Mapping[str, _GpuRow]
    models: Mapping[str, ConfigFile]


def gpu_names() -> list[str]:
    """Return the GPUs that have figures."""
    return list(_presets().gpus)


def model_names() -> list[str]:
    """Return the models that have a preset."""
    return list(_presets().models)


def find_gpu(name: str) -> Gpu:
    """Return a GPU by name; raises InvalidInput."""
    row = _presets().gpus.get(name.lower())
    if row is None:
        raise InvalidInput(
            "--gpu", name, "has no figures here", remedy=f"Give one of {', '.join(gpu_names())}."
        )
    return Gpu(
        name=row.name,
        memory=row.memory_gib * _GIB,
        bandwidth=row.bandwidth_gbs * 1e9,
        bf16=row.bf16_tflops * 1e12,
        fp8=row.fp8_tflops * 1e12 if row.fp8_tflops else None,
    )


def find_model(
    name_or_path: str, *, weights: Precision | None = None, kv_bits: int | None = None
) -> ModelShape:
    """Return a model's shape: a preset, or what a config.json (or its folder) says; raises InvalidInput, InvalidFile.

    `weights` and `kv_bits` say how this node would keep them, whatever the file says.
    """
    config = _presets().models.get(name_or_path.lower()) or _read(Path(name_or_path))
    if weights is not None:
        config = config.model_copy(update={"quantization_config": None, "dtype": "bfloat16"})
    shape = shape_of(name_or_path, config)
    return replace(shape, precision=weights or shape.precision, kv_bits=kv_bits or shape.kv_bits)


def _read(path: Path) -> ConfigFile:
    file = path / "config.json" if path.is_dir() else path
    presets = ", ".join(model_names())
    try:
        given: object = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InvalidInput(
            "MODEL",
            str(path),
            "is no preset, no config.json and no folder with one",
            remedy=f"Give a model's config.json, or one of {presets}.",
        ) from error
    except ValueError as error:
        raise InvalidFile("MODEL", str(file), "is not JSON", remedy="Give a model's config.json.") from error
    try:
        return ConfigFile.model_validate(_of_the_text(given))
    except pydantic.ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) or "the whole" for one in error.errors())
        raise InvalidFile(
            "MODEL",
            str(file),
            f"is no decoder's config: {wrong}",
            remedy=f"Give another, or one of {presets}.",
        ) from error


def _of_the_text(given: object) -> object:
    """Return the language model's part of a config of a model that also sees or hears."""
    if not isinstance(given, dict):
        return given
    whole = cast("dict[str, object]", given)
    text = whole.get("text_config")
    return {**whole, **cast("dict[str, object]", text)} if isinstance(text, dict) else whole


@cache
def _presets() -> _Presets:
    return _Presets.model_validate(yaml.safe_load(_FILE.read_text()))
