#!/usr/bin/env bash
# Create a virtual environment with exactly the locked dependencies, and Catchup itself, editable.
#   tools/venv.sh FOLDER LOCKFILE         PYTHON=python3.12 chooses the interpreter, TORCH_INDEX an index for torch
set -euo pipefail
folder=$1 lock=$2 python=${PYTHON:-python3}

fail() { printf 'catchup: %s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "no $python. Install Python 3.11 or newer, or say PYTHON=/path/to/python3.11."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old. Install Python 3.11 or newer, or say PYTHON=/path/to/python3.11."

if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$folder"
    # Debian keeps ensurepip in python3-venv; without it, pip is fetched from PyPI by pip's own zip-importable wheel.
    "$python" -m venv "$folder" >/dev/null 2>&1 ||
        { rm -rf "$folder" && "$python" -m venv --without-pip "$folder" && "$folder/bin/python" tools/get_pip.py; } ||
        fail "cannot create $folder. On Debian and Ubuntu: apt install python3-venv."
fi
printf 'catchup: installing %s (a few minutes the first time) ...\n' "$lock" >&2
args=(--disable-pip-version-check --quiet)
if [ -n "${TORCH_INDEX:-}" ]; then args+=(--extra-index-url "$TORCH_INDEX"); fi
"$folder/bin/python" -m pip install "${args[@]}" -r "$lock"
"$folder/bin/python" -m pip install "${args[@]}" --no-deps --editable .
