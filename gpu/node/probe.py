"""Run by the Python that has vLLM, never imported by ours: prints, as one line of JSON, what that vLLM is."""

from __future__ import annotations

import contextlib
import json
import sys
from importlib import import_module, metadata, util
from types import ModuleType


def main() -> None:
    """Print version, device, entry point and flags of the installed vLLM; what it logs goes to stderr."""
    sys.path.pop(0)  # this folder: its modules are none of vLLM's business
    with contextlib.redirect_stdout(sys.stderr):
        found: dict[str, object] = {"vllm": util.find_spec("vllm") is not None}
        if found["vllm"]:
            found |= _described()
    print(json.dumps(found), flush=True)  # noqa: T201  the whole purpose


def _described() -> dict[str, object]:
    parser = import_module("vllm.utils.argparse_utils").FlexibleArgumentParser()
    parser = _arguments().make_arg_parser(parser)
    return {
        "version": import_module("vllm").__version__,
        "device": import_module("vllm.platforms").current_platform.device_type,
        "flags": sorted({option for action in parser._actions for option in action.option_strings}),
        "has_command": _is_installed("vllm"),
        "has_suffix": util.find_spec("arctic_inference") is not None,
    }


def _arguments() -> ModuleType:
    """Return the module with the server's flags, where vLLM 0.32 has it or where older ones do."""
    new = "vllm.entrypoints.launchers"
    has_new = util.find_spec(new) is not None and util.find_spec(f"{new}.cli_args") is not None
    return import_module(f"{new}.cli_args" if has_new else "vllm.entrypoints.openai.cli_args")


def _is_installed(distribution: str) -> bool:
    """Return whether a distribution is installed: vLLM's command asks for its own, which CPU builds rename."""
    try:
        return bool(metadata.version(distribution))
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    main()
