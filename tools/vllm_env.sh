#!/usr/bin/env bash
# Create an environment with a real vLLM (CPU build) for the tests; does nothing when it is there already.
#   tools/vllm_env.sh [FOLDER]        PYTHON=python3.11 chooses the interpreter
# Where it cannot be had (no network, no wheel for this platform), says in one line what is then not tested, and
# succeeds; with CI=true it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.venv-vllm} lock=requirements-vllm.lock python=${PYTHON:-python3}
torch_index=https://download.pytorch.org/whl/cpu
log=$(mktemp)
trap 'rm -f "$log"' EXIT

skip() {
    printf 'not tested: the OpenAI-compatible client against a real vLLM, because %s\n' "$*" >&2
    if [ "${CI:-}" = true ]; then tail -n 20 "$log" >&2; exit 1; fi
    exit 0
}

command -v "$python" >/dev/null || skip "there is no $python"
stamp=$(cat "$lock" "$0" | sha256sum | cut -c1-16)-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$folder/bin/python" ]; then exit 0; fi

install() { "$folder/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps "$@" >>"$log" 2>&1; }
imports() { "$folder/bin/python" -W ignore -c "$1" >>"$log" 2>&1; }

printf 'catchup: installing %s into %s (some minutes the first time) ...\n' "$lock" "$folder" >&2
if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$folder"
    "$python" -m venv "$folder" >>"$log" 2>&1 ||
        { rm -rf "$folder" && "$python" -m venv --without-pip "$folder" && "$folder/bin/python" tools/get_pip.py; } \
            >>"$log" 2>&1 || skip "$folder cannot be created"
fi
install -r "$lock" || skip "$lock cannot be installed"
# PyPI's torch for x86-64 Linux is the CUDA build, and the CPU build of vLLM does not run on it.
if ! imports 'import torch; assert torch.version.cuda is None'; then
    torch=$(grep '^torch==' "$lock")
    install --force-reinstall --index-url "$torch_index" "$torch" || skip "the CPU build of $torch cannot be had"
fi
# An earlier environment may have these; they do not load beside this torch
"$folder/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec >>"$log" 2>&1 || true
imports 'import vllm.entrypoints.openai.api_server' || skip "vLLM does not load on this machine"
printf '%s' "$stamp" >"$folder/.stamp"
